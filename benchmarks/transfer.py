"""What pretraining is worth with few labels: the table in the README.

    python benchmarks/transfer.py [--seeds=3] [--labels=500] [--runs=runs/transfer]

Trains pretrain_bert once, on the reviews' text without those that text_cls_finetune
is validated and tested on; then, with each seed, text_cls_finetune from its weights and
the same model from scratch. Both learn from the same labelled reviews, each at learning
rates that suit it: from scratch no layer learns slower than the head. Printed are the
test accuracies, their means, and the minutes of training. A run that is finished in
--runs is not trained again.
"""

import argparse
import csv
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm.experiments import text_cls_finetune

FROM_SCRATCH = (
    "--adapt.init_from=",
    "--optimizer.learning_rate=1e-3",
    "--adapt.layer_decay=1",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--labels", type=int, default=500)
    parser.add_argument("--runs", type=pathlib.Path, default="runs/transfer")
    given = parser.parse_args()
    folder = given.runs.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    unseen = folder / "unseen.csv"
    write_unseen(unseen)
    pretrained = folder / "pretrained"
    runs.train("pretrain_bert", pretrained, f"--data.test={unseen}")
    print(f"pretrain_bert: {runs.minutes(pretrained):.1f} min", flush=True)
    means = []
    begun = (f"--adapt.init_from={pretrained}",)
    for name, flags in (("pretrained", begun), ("from scratch", FROM_SCRATCH)):
        found = []
        for seed in range(given.seeds):
            found.append(folder / f"{name.replace(' ', '_')}-{given.labels}-{seed}")
            runs.train(
                "text_cls_finetune",
                found[-1],
                *flags,
                f"--data.train_examples={given.labels}",
                f"--train.seed={seed}",
            )
        means.append(
            runs.report(f"{given.labels} labels, {name}", found, "test", "accuracy")
        )
    print(f"difference of the means: {100 * (means[0] - means[1]):.1f} points")


def write_unseen(path: pathlib.Path) -> None:
    """The reviews that text_cls_finetune does not learn from, as a CSV file."""
    records = text_cls_finetune.experiment().data.read(path.parent / "reviews")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        for split in ("validation", "test"):
            writer.writerows([text] for text in records.iterate(split))


if __name__ == "__main__":
    main()

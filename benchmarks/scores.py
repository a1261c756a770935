"""The table of scores in the README: each experiment trained with several seeds.

    python benchmarks/scores.py [--experiments=text_cls,tweets] [--seeds=3]

Runs lie in --runs (runs/scores); one that is finished there is not trained again.
Printed are each experiment's score as a mean and by seed, and the median minutes from
the vocabulary to the last checkpoint. The score is the test accuracy (macro F1 for
tweets), and of a model of plain text the validation loss, in nats a token.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm import config

OTHER_METRICS = {"tweets": "f1_macro"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = sorted(path.stem for path in (runs.ROOT / "experiments").glob("*.py"))
    parser.add_argument("--experiments", default=",".join(names))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--runs", type=pathlib.Path, default=pathlib.Path("runs/scores")
    )
    given = parser.parse_args()
    for name in given.experiments.split(","):
        labeled = "label" in config.load_experiment(name).task.columns
        split = "test" if labeled else "validation"
        metric = OTHER_METRICS.get(name, "accuracy" if labeled else "loss")
        folders = []
        for seed in range(given.seeds):
            folders.append(given.runs.resolve() / f"{name}-{seed}")
            runs.train(name, folders[-1], f"--train.seed={seed}")
        runs.report(name, folders, split, metric)


if __name__ == "__main__":
    main()

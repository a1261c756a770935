"""A run from Python: of a DataFrame, fitted, shown, loaded in a second process.

    python api_script.py FOLDER [mirrored]

api_test and wheel_test run it, in a folder of its own.
"""

import dataclasses
import subprocess
import sys

import pandas

import tfm
from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment

GOOD, BAD = ("lovely", "superb", "moving"), ("dull", "awful", "clumsy")
FRAME = pandas.DataFrame(
    [
        {"review": f"a {word} film of the year {year}", "stars": stars}
        for year in range(1950, 1990)
        for stars, words in (("good", GOOD), ("bad", BAD))
        for word in words
    ]
)


def experiment(steps: int) -> Experiment:
    return Experiment(
        data=data.LabeledText(train=data.Rows(FRAME), text="review", label="stars"),
        inputs=inputs.Text(vocab_size=100, max_length=10),
        model=models.CNN(8, 8, kernel_widths=(2,)),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(learning_rate=0.03, schedule="constant"),
        train=training.Train(steps=steps, batch_size=16, eval_every=20, log_every=10),
    )


class Seen:
    """A plain object with one of a callback's methods."""

    def __init__(self):
        self.steps = []

    def evaluated(self, step, metrics, is_best):
        self.steps.append(step)


def main(folder: str, strategy: str = "one") -> None:
    seen = Seen()
    devices = 2 if strategy == "mirrored" else 0
    options = {"strategy": strategy, "logical_devices": devices}
    run = tfm.fit(experiment(40), folder, [seen], **options)
    assert seen.steps == [20, 40], seen.steps
    assert run.scores["test"]["accuracy"] > 0.9, run.scores
    assert run.evaluate("test")["accuracy"] == run.scores["test"]["accuracy"]
    assert run.evaluate(data.Rows(FRAME.head(12)))["accuracy"] > 0.9
    (one,) = run.predict("a superb film")
    assert one["label"] == "good", one
    assert [row["label"] for row in run.predict(FRAME.head(3))] == ["good"] * 3
    table = pandas.DataFrame(run.history)
    assert list(table[table.split == "validation"].step) == [20, 40]
    further = tfm.fit(experiment(60), folder, **options)  # more epochs
    assert list(pandas.DataFrame(further.history).step)[-1] == 60
    other = dataclasses.replace(experiment(20), model=models.CNN(4, 4))
    second = tfm.fit(other, f"{folder}_other", **options)  # another in one process
    assert second.model.count_params() < further.model.count_params()
    again = (
        f"import tfm; print(tfm.load({folder!r}).predict('a dull film')[0]['label'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", again], capture_output=True, text=True, check=True
    )
    assert done.stdout == "bad\n", done.stdout
    print("all is well")


if __name__ == "__main__":
    main(*sys.argv[1:])

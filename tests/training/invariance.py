"""Trains 20 updates in each of several ways and saves what came out.

    python -m tests.training.invariance OUT CASE ...

A case is REPLICAS-MICRO_BATCHES-OPTIMIZER-MODEL, with one number of replicas in all.
Batches have 16 examples with uneven
numbers of real tokens and uneven weights; clipping is on, dropout off. BREAK=mean or
clip in the environment takes a safeguard out. With TF_CONFIG set, the replicas are
the processes that it names. strategy_test runs this.
"""

import os
import sys

from tfm import quiet_start

quiet_start.import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from tfm import models  # noqa: E402
from tfm import tasks  # noqa: E402
from tfm.training import job as jobs  # noqa: E402
from tfm.training import optimizer as optimizers  # noqa: E402
from tfm.training import step  # noqa: E402

STEPS, BATCH, LENGTH, VOCAB = 20, 16, 12, 50
MODELS = {
    "lstm": models.LSTM(embedding_width=8, width=8, l2=0.01),
    "transformer": models.Transformer(
        width=8, num_heads=2, feedforward_width=16, dropout=0.0, embedding_dropout=0.0
    ),
    "dropout": models.LSTM(embedding_width=8, width=8, dropout=0.5),
}
RATES = {"sgd": 0.1, "adamw": 0.003, "adafactor": 0.01}


def batches() -> dict[str, np.ndarray]:
    """STEPS batches; half of each has few tokens, and some examples weigh nothing."""
    rng = np.random.default_rng(0)
    tokens = np.zeros((STEPS, BATCH, LENGTH), np.int32)
    for row in tokens.reshape(-1, LENGTH):
        length = rng.integers(1, LENGTH + 1)
        row[:length] = rng.integers(2, VOCAB, length)
    tokens[:, : BATCH // 2, 2:] = 0
    return {
        "tokens": tokens,
        "label": rng.integers(0, 2, (STEPS, BATCH)).astype(np.int32),
        "weight": rng.choice([1.0, 1.0, 0.5, 0.0], (STEPS, BATCH)).astype(np.float32),
    }


def train(job, micro_batches: int, optimizer: str, model: str) -> np.ndarray:
    """Losses, gradient norms and final weights in one flat array."""
    data = batches()
    local = BATCH // job.size
    data = {
        name: values[:, job.number * local : (job.number + 1) * local]
        for name, values in data.items()
    }
    task = tasks.TextClassification(class_weights=(1.0, 3.0)).bind(("a", "b"), False)
    with job.strategy.scope():
        keras.utils.set_random_seed(0)
        built = task.model(MODELS[model].build(VOCAB, LENGTH))
        settings = optimizers.Optimizer(
            name=optimizer, learning_rate=RATES[optimizer], weight_decay=0.01
        )
        made = settings.build(STEPS, built)
        run = step.train_function(
            built,
            _broken(task.loss, built, made),
            made,
            clip_norm=0.5,
            micro_batches=micro_batches,
        )
    rows = run(iter(tf.data.Dataset.from_tensor_slices(data)), STEPS)
    weights = [weight.ravel() for weight in built.get_weights()]
    return np.concatenate([rows["loss"], rows["gradient_norm"], *weights])


def _broken(loss, model, optimizer):
    """`loss`, or with one of the safeguards taken out."""
    kind = os.environ.get("BREAK")
    if kind == "mean":  # each part's mean, as a mean loss would give it

        def mean_loss(outputs, batch):
            losses, weights, watched = loss(outputs, batch)
            share = weights / tf.maximum(tf.reduce_sum(weights), 1e-9)
            return losses, share, watched

        return mean_loss
    if kind == "clip":  # Keras's own clipping, which each replica does for itself
        optimizer.global_clipnorm = 0.05
    return loss


def main(out: str, *cases: str) -> None:
    replicas = {case.partition("-")[0] for case in cases}
    assert len(replicas) == 1  # a process cannot have collectives of several sizes
    alone = "TF_CONFIG" not in os.environ
    devices = int(replicas.pop()) if alone else 1
    job = jobs.Job("auto", logical_devices=devices if devices > 1 else 0)
    found = {}
    for case in cases:
        _, micro_batches, optimizer, model = case.split("-")
        found[case] = train(job, int(micro_batches), optimizer, model)
    if job.is_chief:
        np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])

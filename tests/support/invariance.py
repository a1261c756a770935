"""Trains 20 updates in each of several ways and saves what came out.

    python -m tests.support.invariance OUT CASE ...

A case is REPLICAS-MICRO_BATCHES-OPTIMIZER-MODEL, or ...-BREAK with a safeguard taken
out: mean or reduce; what follows a colon only makes a name unique. A process can have
cases of one device and of one other number of replicas. Batches have 16 examples with
uneven numbers of real tokens and uneven weights; clipping is on, dropout off but in the
model "dropout". The case "masks" shows what each replica drops. With TF_CONFIG set,
the replicas are the processes that it names. strategy_test runs this.
"""

import contextlib
import os
import sys

from tfm.distribution import quiet_start

quiet_start.import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from tests.support import updates  # noqa: E402
from tfm import interfaces  # noqa: E402
from tfm import layers  # noqa: E402
from tfm import models  # noqa: E402
from tfm import tasks  # noqa: E402
from tfm.checkpoints import randomness  # noqa: E402
from tfm.data import columns  # noqa: E402
from tfm.distribution import job as jobs  # noqa: E402
from tfm.training import optimizer as optimizers  # noqa: E402

STEPS, BATCH, LENGTH, VOCAB = 20, 16, 12, 50


class Preprocessor:
    """As far as a task asks."""

    stored = specs = {"tokens": interfaces.Spec((LENGTH,), "int32", VOCAB)}


class Words:
    """The mean of the tokens' vectors, then a layer: little to trace."""

    def __init__(self, dropout: float = 0.0):
        self.dropout = dropout

    def build(self, specs) -> keras.Model:
        (max_length,), _, vocab_size = specs["tokens"]
        tokens = keras.Input((max_length,), dtype="int32", name="tokens")
        x = keras.layers.Embedding(vocab_size, 8)(tokens)
        x = layers.Pooling("mean", 8)(x, mask=keras.ops.not_equal(tokens, 0))
        x = keras.layers.Dense(8, "tanh", kernel_regularizer=keras.regularizers.L2())(x)
        x = keras.layers.Dropout(self.dropout)(x)
        return keras.Model({"tokens": tokens}, {"pooled": x})


MODELS = {
    "words": Words(),
    "dropout": Words(0.5),
    "lstm": models.LSTM(embedding_width=8, width=8, l2=0.01),
    "transformer": models.Transformer(
        num_layers=1,
        width=8,
        num_heads=2,
        feedforward_width=16,
        dropout=0.0,
        embedding_dropout=0.0,
    ),
}
RATES = {
    "sgd": 0.1,
    "adamw": 0.003,
    "adafactor": 0.01,
    "lamb": 0.01,
    "lion": 0.001,
    "muon": 0.003,
}


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


def train(
    job, micro_batches: int, optimizer: str, model: str, broken: str = ""
) -> np.ndarray:
    """Losses, gradient norms and final weights in one flat array."""
    data = batches()
    local = BATCH // job.size
    data = {
        name: values[:, job.number * local : (job.number + 1) * local]
        for name, values in data.items()
    }
    task = tasks.TextClassification(class_weights=(1.0, 3.0))
    objective = task.bind({"label": columns.Category(("a", "b"))}, Preprocessor())
    with job.strategy.scope():
        keras.utils.set_random_seed(0)
        built = objective.head(MODELS[model].build(Preprocessor.specs))
        settings = optimizers.Optimizer(
            name=optimizer, learning_rate=RATES[optimizer], weight_decay=0.01
        )
        made = settings.build(STEPS, built)
        run = updates.train_function(
            built,
            _broken(broken, objective.loss),
            made,
            clip_norm=0.5,
            micro_batches=micro_batches,
        )
    if broken == "reduce":  # as Keras does, the replicas' gradients are summed again
        del made._all_reduce_sum_gradients
    rows = run(iter(tf.data.Dataset.from_tensor_slices(data)), STEPS)
    weights = [weight.ravel() for weight in built.get_weights()]
    return np.concatenate([rows["loss"], rows["gradient_norm"], *weights])


def _broken(kind: str, loss):
    """`loss`, or with one of the safeguards taken out."""
    if kind == "mean":  # each part's mean, as a mean loss would give it

        def mean_loss(outputs, batch):
            losses, weights, watched = loss(outputs, batch)
            share = weights / tf.maximum(tf.reduce_sum(weights), 1e-9)
            return losses, share, watched

        return mean_loss
    return loss


def masks(job) -> np.ndarray:
    """What a Dropout leaves of ones: [with its own numbers or not, replica, N]."""
    with job.strategy.scope():
        model = keras.Sequential([keras.Input((1000,)), keras.layers.Dropout(0.5)])

    def replica(own):
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        with randomness.of_replica(model, number) if own else contextlib.nullcontext():
            return model(tf.ones((1, 1000)), training=True)[0]

    @tf.function
    def run(own):
        outputs = job.strategy.run(replica, (own,))
        return job.strategy.experimental_local_results(outputs)

    return np.array([run(True), run(False)])


def main(out: str, *cases: str) -> None:
    numbers = {case.partition("-")[0] for case in cases} - {"1", "masks"}
    assert len(numbers) <= 1  # a process cannot have collectives of several sizes
    if "TF_CONFIG" in os.environ:
        several = alone = jobs.Job("auto")
    else:
        devices = int(max(numbers, default="0"))
        several = jobs.Job("auto", logical_devices=devices)
        alone = jobs.Job("one")
    found = {}
    for case in cases:
        if case == "masks":
            found[case] = masks(several)
            continue
        replicas, micro_batches, *rest = case.partition(":")[0].split("-")
        job = alone if replicas == "1" else several
        found[case] = train(job, int(micro_batches), *rest)
    if several.is_chief:
        np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])

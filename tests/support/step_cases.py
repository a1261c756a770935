"""Trains a few updates by each train step in several ways and saves what came out.

    python -m tests.support.step_cases OUT CASE ...

A case is REPLICAS-MICRO_BATCHES-NAME, with NAME a key of CASES, or "collectives". A
process can have cases of one device and of one other number of replicas. With
TF_CONFIG set, the replicas are the processes that it names. train_steps_test runs this.
"""

import os
import sys

from tfm.distribution import quiet_start

quiet_start.import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import ops  # noqa: E402

from tests.support import updates  # noqa: E402
from tfm import training  # noqa: E402
from tfm.distribution import job as jobs  # noqa: E402
from tfm.training import optimizer as optimizers  # noqa: E402

STEPS, BATCH, WIDTH, CLASSES = 8, 16, 6, 3


class Classes:
    """Classification of vectors; some examples weigh nothing."""

    def model(self) -> keras.Model:
        x = keras.Input((WIDTH,), name="x")
        hidden = keras.layers.Dense(8, "tanh", kernel_regularizer="l2")(x)
        return keras.Model({"x": x}, keras.layers.Dense(CLASSES)(hidden))

    def loss(self, logits_BC, batch):
        losses_B = ops.sparse_categorical_crossentropy(
            batch["label"], logits_BC, from_logits=True
        )
        return losses_B, batch["weight"], {}

    def consistency(self, logits_BC, batch, teacher):
        apart_BC = ops.softmax(logits_BC) - ops.softmax(teacher(batch))
        return ops.sum(ops.square(apart_BC), axis=1)


class Normalized(Classes):
    """The same with batch normalization in between."""

    def __init__(self, synchronized: bool):
        self.synchronized = synchronized

    def model(self) -> keras.Model:
        x = keras.Input((WIDTH,), name="x")
        hidden = keras.layers.Dense(8, "tanh")(x)
        hidden = keras.layers.BatchNormalization(
            momentum=0.8, synchronized=self.synchronized
        )(hidden)
        return keras.Model({"x": x}, keras.layers.Dense(CLASSES)(hidden))


class Contrast:
    """InfoNCE: of all second vectors of the batch each first one finds its own."""

    def model(self) -> keras.Model:
        x, y = keras.Input((WIDTH,), name="x"), keras.Input((WIDTH,), name="y")
        one = keras.layers.Dense(8, "tanh", kernel_regularizer="l2")
        two = keras.layers.Dense(4)
        scale = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        outputs = {"x": two(one(x)), "y": two(one(y))}
        # the temperature, a weight of the loss, as an output that is alike in all rows
        outputs["scale"] = scale(ops.ones_like(x[:, :1]))
        return keras.Model({"x": x, "y": y}, outputs)

    def loss(self, outputs, batch):
        logits_BB = ops.matmul(outputs["x"], ops.transpose(outputs["y"]))
        logits_BB = logits_BB * outputs["scale"][:1]
        own_B = ops.arange(logits_BB.shape[0])
        losses_B = ops.sparse_categorical_crossentropy(
            own_B, logits_BB, from_logits=True
        )
        best_B = ops.argmax(logits_BB, axis=1) == ops.cast(own_B, "int32")
        found = ops.sum(ops.cast(best_B, "float32"))
        count = ops.cast(logits_BB.shape[0], "float32")
        return losses_B, batch["weight"], {"found": (found, count)}


class Several:
    """Classes, which few examples have, and a value that all have."""

    losses = ("class", "value")

    def model(self) -> keras.Model:
        x = keras.Input((WIDTH,), name="x")
        hidden = keras.layers.Dense(8, "tanh", kernel_regularizer="l2")(x)
        outputs = {"class": keras.layers.Dense(CLASSES)(hidden)}
        outputs["value"] = keras.layers.Dense(1)(hidden)[:, 0]
        return keras.Model({"x": x}, outputs)

    def weights(self, batch):
        few = ops.cast(batch["label"] == 0, "float32")
        return {"class": batch["weight"] * few, "value": batch["weight"]}

    def loss(self, outputs, batch):
        losses_B, _, _ = Classes().loss(outputs["class"], batch)
        apart_B = ops.square(outputs["value"] - batch["x"][:, 0])
        return {"class": losses_B, "value": apart_B}, self.weights(batch), {}


MULTI = training.MultiTask(factors=("class=0.5",))
CASES = {  # objective and train step
    "mean": (Classes(), training.MeanLoss()),
    "global": (Contrast(), training.GlobalBatch()),
    "naive": (Contrast(), training.MeanLoss()),  # negatives of the own part alone
    "multi": (Several(), MULTI),
    "sam": (Classes(), training.SharpnessAware(radius=0.5)),
    "sam_global": (
        Contrast(),
        training.SharpnessAware(radius=0.5, step=training.GlobalBatch()),
    ),
    "sam_multi": (Several(), training.SharpnessAware(radius=0.5, step=MULTI)),
    "teacher": (Classes(), training.EMATeacher(decay=0.8, consistency=10.0)),
    "teacher_sam": (
        Classes(),
        training.EMATeacher(
            decay=0.8, consistency=10.0, step=training.SharpnessAware(radius=0.5)
        ),
    ),
    "batch_norm": (Normalized(False), training.MeanLoss()),
    "batch_norm_sam": (Normalized(False), training.SharpnessAware()),
    "synchronized": (Normalized(True), training.MeanLoss()),
}


def batches() -> dict[str, np.ndarray]:
    """STEPS batches, whose examples differ along the batch; some weigh nothing."""
    rng = np.random.default_rng(0)
    drift_B = np.linspace(-1, 1, BATCH)[None, :, None]
    shape = (STEPS, BATCH)
    return {
        "x": (rng.normal(size=(*shape, WIDTH)) + drift_B).astype(np.float32),
        "y": (rng.normal(size=(*shape, WIDTH)) - drift_B).astype(np.float32),
        "label": rng.integers(0, CLASSES, shape).astype(np.int32),
        "weight": rng.choice([1.0, 0.5, 0.0], shape).astype(np.float32),
        "position": np.arange(STEPS * BATCH).reshape(shape),
    }


def make(job, micro_batches: int, name: str, **options):
    """The model, optimizer and function of many updates of a case."""
    objective, settings = CASES[name]
    with job.strategy.scope():
        keras.utils.set_random_seed(0)
        model = objective.model()
        settings_ = optimizers.Optimizer(
            name="sgd", learning_rate=0.1, schedule="constant"
        )
        optimizer = settings_.build(STEPS, model)
        run = updates.train_function(
            model,
            objective,
            optimizer,
            settings,
            clip_norm=1.0,
            micro_batches=micro_batches,
            batch_size=BATCH,
            total_steps=STEPS,
            synchronized=name == "synchronized",
            **options,
        )
    return model, optimizer, run


def data_of(job) -> dict[str, np.ndarray]:
    """The batches of this process."""
    local = BATCH // job.size
    mine = slice(job.number * local, (job.number + 1) * local)
    return {name: values[:, mine] for name, values in batches().items()}


def train(job, micro_batches: int, name: str, **options) -> dict[str, np.ndarray]:
    """What is logged, the weights and what the step keeps, in flat arrays."""
    model, _, run = make(job, micro_batches, name, **options)
    batches_ = iter(tf.data.Dataset.from_tensor_slices(data_of(job)))
    rows = run(batches_, STEPS, watch=True)
    kept = {
        n: np.asarray(ops.convert_to_numpy(v)) for n, v in run.step.variables.items()
    }
    statistics = [w for w in model.weights if not w.trainable]
    return {
        "logged": np.concatenate([_there(rows, n) for n in sorted(rows)]),
        "weights": _flat(model.trainable_variables),
        "kept": _flat(list(kept.values())),
        "statistics": _flat(statistics),
    }


def _there(rows, name: str) -> np.ndarray:
    """The values of a name; norms of layers are there at the last step alone."""
    if name in ("asked", "input_seconds"):
        return np.zeros(0)
    return rows[name][-1:] if "_norm/" in name else rows[name]


def collectives(job, name: str) -> int:
    """Reductions of one update, of all replicas of this process."""
    _, _, run = make(job, 1, name)
    batch = {n: values[0] for n, values in data_of(job).items()}
    traced = tf.function(
        lambda: run.update(batch, tf.zeros(()))
    ).get_concrete_function()
    graphs = [traced.graph.as_graph_def()]
    nodes = [n for g in graphs for n in g.node]
    nodes += [n for g in graphs for f in g.library.function for n in f.node_def]
    return sum(node.op.startswith("CollectiveReduce") for node in nodes)


def _flat(values: list) -> np.ndarray:
    flat = [np.ravel(ops.convert_to_numpy(v)).astype(np.float64) for v in values]
    return np.concatenate([*flat, np.zeros(0)])


def main(out: str, *cases: str) -> None:
    numbers = {case.partition("-")[0] for case in cases} - {"1", "collectives"}
    if "TF_CONFIG" in os.environ:
        several = alone = jobs.Job("auto")
    else:
        several = jobs.Job("auto", logical_devices=int(max(numbers)))
        alone = jobs.Job("one")
    found = {}
    for case in cases:
        if case == "collectives":
            found[case] = np.array([collectives(several, n) for n in CASES])
            continue
        replicas, micro_batches, name = case.split("-")
        job = alone if replicas == "1" else several
        made = train(job, int(micro_batches), name)
        found |= {f"{case}/{what}": values for what, values in made.items()}
    if several.is_chief:
        np.savez(out, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Trains 6 updates on one device and on two, and saves the weights.

    python -m tests.support.fine_tuned_replicas OUT

With adapters, layer-wise rates and gradual unfreezing. layerwise_test runs this.
"""

import sys

from tfm.distribution import quiet_start

quiet_start.import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from tests.support import updates  # noqa: E402
from tfm import training  # noqa: E402
from tfm.adaptation import Adapt  # noqa: E402

STEPS, BATCH = 6, 8
ADAPT = Adapt(unfreeze_every=2, lora_rank=2, lora_targets=("block_*",), layer_decay=0.7)
OPTIMIZER = training.Optimizer(learning_rate=0.03, weight_decay=0.01)


def train(strategy, num_steps: int) -> np.ndarray:
    """The weights after so many steps, in one flat array."""
    rng = np.random.default_rng(0)
    data = {
        "tokens": rng.integers(1, 9, (STEPS, BATCH, 1)).astype(np.int32),
        "label": rng.normal(size=(STEPS, BATCH)).astype(np.float32),
    }
    with strategy.scope():
        keras.utils.set_random_seed(0)
        tokens = keras.Input((1,), dtype="int32", name="tokens")
        x = keras.layers.Embedding(9, 4, name="embedding")(tokens)[:, 0]
        for name in ("block_0", "block_1"):
            x = keras.layers.Dense(4, "tanh", name=name)(x)
        inputs = {"tokens": tokens}
        backbone = keras.Model(inputs, x)
        model = keras.Model(inputs, keras.layers.Dense(1, name="head")(x))
        ADAPT.apply(model, backbone)
        made = OPTIMIZER.build(STEPS, model, ADAPT)

        def loss(outputs, batch):
            losses_B = tf.square(outputs[:, 0] - batch["label"])
            return losses_B, tf.ones_like(losses_B), {}

        run = updates.train_function(model, loss, made, clip_norm=0.5)
    if num_steps:
        run(iter(tf.data.Dataset.from_tensor_slices(data)), num_steps)
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def main(out: str) -> None:
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(2)]
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, parts)
    one = tf.distribute.get_strategy()
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    np.savez(out, before=train(one, 0), one=train(one, STEPS), two=train(two, STEPS))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Pictures in a folder for each class, by a small CNN: as a user writes a new kind."""

import dataclasses
import pathlib

from tfm import interfaces
from tfm import tasks
from tfm import training
from tfm.data import memory
from tfm.data.columns import category
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Folders:
    """PNG files in CLASS/NAME.png."""

    train: str = "pictures"

    columns = {"picture": frozenset({"image"}), "label": frozenset({"category"})}

    def prepare(self, folder):
        reads = list(self.rows(self.train, {}))
        names = tuple(sorted({read.row["label"] for read in reads}))
        columns = {"label": category.Category(names)}
        return memory.MemoryDataset(memory.cut(reads, 0.2, 0.2), columns)

    def rows(self, source, columns):
        for path in sorted(pathlib.Path(source).glob("*/*.png")):
            row = {"picture": path.read_bytes(), "label": path.parent.name}
            yield interfaces.Read(row, {"file": path.name}, str(path))

    def split(self, source, columns, preprocessor, folder):
        return memory.Memory(self.rows(source, columns), columns, preprocessor)


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Grey pictures, mirrored at random in training."""

    size: int = 8  # pixels of an edge
    mirror: bool = True  # mirror half of the pictures of an epoch

    columns = {"picture": frozenset({"image"})}
    gives = frozenset({"pixels"})

    def fit(self, rows, reserved=()):
        return PicturePreprocessor(self)

    def load(self, folder):
        return PicturePreprocessor(self)


class PicturePreprocessor:
    def __init__(self, config):
        self.config = config
        self.stored = {"picture": interfaces.Spec((), "string")}
        self.specs = {
            "pixels": interfaces.Spec((config.size, config.size, 1), "float32")
        }

    def encode(self, rows):
        return {"picture": [row["picture"] for row in rows]}

    def graph(self):
        import tensorflow as tf

        shape = self.specs["pixels"].shape

        def decode(png):
            pixels = tf.io.decode_png(png, channels=1)
            return tf.ensure_shape(tf.cast(pixels, tf.float32) / 255.0, shape)

        def apply(stored, seeds):
            pixels = tf.map_fn(decode, stored["picture"], tf.float32)
            if seeds is not None and self.config.mirror:
                odd = tf.reduce_sum(seeds, axis=1) % 2 == 1
                pixels = tf.where(odd[:, None, None, None], pixels[:, :, ::-1], pixels)
            return {"pixels": pixels}

        return apply

    def save(self, folder):
        pass


@dataclasses.dataclass(frozen=True)
class SmallCNN:
    """Two convolutions, then the mean over the picture."""

    filters: int = 8

    reads = frozenset({"pixels"})
    optional = frozenset()
    gives = frozenset({"pooled"})

    def build(self, specs):
        import keras

        pixels = keras.Input(specs["pixels"].shape, name="pixels")
        x = keras.layers.Conv2D(self.filters, 3, activation="relu", name="first")(
            pixels
        )
        x = keras.layers.Conv2D(self.filters, 3, activation="relu", name="last")(x)
        x = keras.layers.GlobalMaxPooling2D(name="pooling")(x)
        x = keras.layers.Dropout(0.1, name="dropout")(x)
        return keras.Model({"pixels": pixels}, {"pooled": x})


def experiment():
    return Experiment(
        data=Folders(),
        inputs=Pictures(),
        model=SmallCNN(),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(learning_rate=0.02),
        train=training.Train(steps=40, batch_size=8, eval_every=20),
    )

"""Image classification beside plain Keras, a linear model, and decoding alone.

    python benchmarks/images.py [--FIELD=VALUE ...]

First: the experiment as it is, the same network by plain Keras (arrays in memory,
RandomFlip and RandomTranslation, AdamW, `fit`), and logistic regression on the pixels;
accuracy on the test split, pictures a second, CPU seconds. Second: a folder of JPEGs of
mixed sizes, made here: pictures a second of tfm's pipeline beside tf.data that only
decodes and one that resizes too, and the share of the time that a training waits for
its input. Speeds are by CPU seconds, which is steadier on a shared machine, and ratios
above 1 say that tfm is quicker.
"""

import dataclasses
import io
import itertools
import pathlib
import sys
import tempfile
from collections.abc import Mapping

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tfm import config
from tfm import errors


@dataclasses.dataclass(frozen=True)
class Options:
    """python benchmarks/images.py [--experiment=NAME] [--FIELD=VALUE ...]

    Scores and speed on the experiment's data; speed on photographs made here.
    """

    experiment: str = "image_cls"  # a name that --list shows, or a .py file's path
    photographs: int = 2000  # JPEGs that are made; 0: none
    edge: int = 500  # their longest edge, in pixels
    batches: int = 40  # of 32, that each pipeline is timed over
    scores: bool = True  # train on the experiment's data


def base_experiment(options: Options):
    return config.load_experiment(options.experiment)


def main(options: Options, experiment, changed: Mapping[str, object]) -> None:
    if options.batches < 1 or options.photographs < 0:
        raise errors.UserError("--batches takes 1 or more, --photographs 0 or more.")
    from benchmarks import ways  # imports TensorFlow

    if options.scores:
        with ways.data(options.experiment, experiment) as (folder, prepared):
            print(f"{'':24}accuracy  pictures / CPU s  CPU s", flush=True)
            for name, way in (
                ("tfm", lambda: _tfm(experiment, folder)),
                ("Keras fit", lambda: _keras(prepared)),
                ("linear, on the pixels", lambda: _linear(prepared)),
            ):
                (accuracy, seen), seconds = _timed(ways, way)
                rate = seen / seconds.cpu
                print(f"{name:24}{accuracy:.4f}  {rate:12,.0f}  {seconds.cpu:9,.0f}")
    if options.photographs:
        with tempfile.TemporaryDirectory(prefix="tfm_photographs_") as scratch:
            photographs(pathlib.Path(scratch), options)
            _pipelines(pathlib.Path(scratch), options, ways)


def _timed(ways, way):
    found = []
    seconds = ways.timed(lambda: found.append(way()))
    return found[0], seconds


def _tfm(experiment, folder):
    """Accuracy, and the pictures that were trained on."""
    import tfm

    run = tfm.fit(experiment, folder.path.with_name("fit"), reference=False)
    steps = experiment.train.total_steps(len(run.split("train")))
    return run.scores["test"]["accuracy"], steps * experiment.train.batch_size


def _arrays(prepared, split: str):
    """The pixels of a split, uint8 [N, S, S, C] stretched by Pillow, and labels [N]."""
    import numpy as np
    from PIL import Image

    from tfm.inputs.image import codecs

    size, _, channels = prepared.preprocessor.specs["pixels"].shape
    own = prepared.splits[split]
    taken = own.take(np.arange(len(own)))
    pixels = np.empty((len(own), size, size, channels), np.uint8)
    for place, data in zip(pixels, taken["image"], strict=True):
        found = codecs.pixels(data, channels)
        picture = Image.fromarray(found[..., 0] if channels == 1 else found)
        place[:] = np.asarray(picture.resize((size, size))).reshape(place.shape)
    return pixels, np.asarray(taken["label"])


def _keras(prepared):
    """The same network, as one would train it without tfm."""
    import keras
    import numpy as np
    import tensorflow as tf

    from tfm.run import assembly

    e = prepared.experiment
    keras.utils.set_random_seed(e.train.seed)
    x, y = _arrays(prepared, "train")
    count, classes = len(x), len(prepared.columns["label"].names)
    scale, offset = prepared.preprocessor.scale, prepared.preprocessor.offset
    changes = [keras.layers.RandomFlip("horizontal")] * e.inputs.augment.flip
    if e.inputs.augment.shift:
        share = (-e.inputs.augment.shift, e.inputs.augment.shift)
        changes.append(keras.layers.RandomTranslation(share, share))
    augment = keras.Sequential(changes) if changes else lambda x, training: x

    def batch(x, y):
        x = augment(tf.cast(x, tf.float32), training=True) * scale + offset
        return x, tf.one_hot(y, classes)

    batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(count).repeat()
    batches = batches.batch(e.train.batch_size)
    batches = batches.map(batch, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    steps = e.train.total_steps(count)
    model = assembly.build_model(e, prepared.objective)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=e.optimizer.learning_rate, warmup_steps=steps // 20
    )
    model.compile(
        keras.optimizers.AdamW(
            rate, e.optimizer.weight_decay, global_clipnorm=e.optimizer.clip_norm
        ),
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=e.task.label_smoothing
        ),
    )
    model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0)
    x, y = _arrays(prepared, "test")
    logits = model.predict({"pixels": x * scale + offset}, batch_size=256, verbose=0)
    return np.mean(logits.argmax(1) == y), steps * e.train.batch_size


def _linear(prepared):
    """Logistic regression on the pixels."""
    import numpy as np
    from sklearn import linear_model

    x, y = _arrays(prepared, "train")
    flat = x.reshape(len(x), -1) / np.float32(255)
    model = linear_model.SGDClassifier(loss="log_loss", max_iter=20, random_state=0)
    model.fit(flat, y)
    x, labels = _arrays(prepared, "test")
    found = model.predict(x.reshape(len(x), -1) / np.float32(255))
    return np.mean(found == labels), model.n_iter_ * len(y)


def photographs(folder: pathlib.Path, options: Options) -> None:
    """Writes JPEGs of mixed sizes and two classes, as detailed as photographs."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in ("warm", "cold"):
        (folder / label).mkdir()
    for number in range(options.photographs):
        height, width = rng.integers(options.edge // 2, options.edge + 1, 2)
        picture = np.zeros((height, width, 3))
        for edge in (4, 16, 64):
            small = rng.integers(0, 256, (edge, edge, 3), dtype=np.uint8)
            large = Image.fromarray(small).resize((width, height), Image.BICUBIC)
            picture += np.asarray(large) / 4
        label = ("warm", "cold")[number % 2]
        picture[..., 0 if label == "warm" else 2] += 40
        made, found = (
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)),
            io.BytesIO(),
        )
        made.save(found, "JPEG", quality=90)
        (folder / label / f"{number:05}.jpg").write_bytes(found.getvalue())


def _pipelines(folder: pathlib.Path, options: Options, ways) -> None:
    """Prints pictures a CPU second of each pipeline, and the wait for input."""
    import tensorflow as tf

    import tfm
    from tfm import inputs
    from tfm import models
    from tfm import training

    experiment = dataclasses.replace(
        config.load_experiment("image_cls"),
        data=tfm.data.LabeledImages(train=str(folder)),
        inputs=inputs.Image(size=96, augment=inputs.ImageAugment(crop=0.5)),
        model=models.ConvNet(filters=(8, 16, 32)),
        train=training.Train(steps=options.batches, batch_size=32, log_every=5),
    )
    paths = tf.constant(sorted(map(str, folder.glob("*/*.jpg"))))
    size = experiment.inputs.size

    def decoded(path):
        return tf.io.decode_jpeg(tf.io.read_file(path), channels=3)

    def resized(path):
        return tf.image.resize(decoded(path), (size, size), antialias=True)

    files = tf.data.Dataset.from_tensor_slices(paths).shuffle(len(paths)).repeat()
    parallel = {"num_parallel_calls": tf.data.AUTOTUNE}
    with ways.data("image_cls", experiment) as (run_folder, prepared):
        pipelines = {
            "decoding alone": files.map(decoded, **parallel).window(32),
            "decoding and resizing": files.map(resized, **parallel).batch(32),
            "tfm, crops and flips": prepared.training_batches(0),
        }
        rates = {}
        for name, batches in pipelines.items():
            rest = iter(batches)
            _taken(rest, 2)  # tracing, and what is made ahead
            seconds = ways.timed(lambda b=rest: _taken(b, options.batches))
            rates[name] = 32 * options.batches / seconds.cpu
            print(f"{name:24}{rates[name]:,.0f} pictures / CPU s", flush=True)
        for name in list(rates)[:2]:
            ratio = rates["tfm, crops and flips"] / rates[name]
            print(f"tfm / {name}: {ratio:.2f}")
        run = tfm.fit(experiment, run_folder.path.with_name("fit"), reference=False)
        waits = [row["input_wait"] for row in run.history if "input_wait" in row]
        if waits:
            print(
                f"waiting for input: {100 * sum(waits) / len(waits):.1f} % of training"
            )


def _taken(batches, count: int) -> None:
    for batch in itertools.islice(batches, count):
        if not isinstance(batch, dict) and hasattr(batch, "cardinality"):
            for _ in batch:  # a window of single pictures
                pass


if __name__ == "__main__":
    config.run(main, Options, base_experiment)

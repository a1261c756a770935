"""The experiment translate beside keras_nlp's layers under Keras fit, and baselines.

    python benchmarks/translation.py [--runs=runs/translation] [--FIELD=VALUE ...]

On the verses of benchmarks/verses.py, by the test split. A model of keras_nlp's
TransformerEncoder and TransformerDecoder has the same tokens, sizes, batch size, number
of updates and learning rates; both are scored by greedy decoding, tfm's by beams too.
Baselines that need no training: the source itself, and the most frequent word of the
targets as often as the source has words.
"""

import collections
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from benchmarks import verses

_NAMES = ("bleu", "chrf")


def main() -> None:
    folder, flags = runs.folder_and_flags(__doc__, "runs/translation")
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "verses.csv"
    if not table.exists():
        verses.write(table)
    runs.train("translate", folder / "tfm", f"--data.train={table}", *flags)
    compare(folder / "tfm")


def compare(folder: pathlib.Path) -> None:
    """Prints the scores of a run on its test split, and of what it is compared to."""
    import tfm
    from tfm import generation

    run = tfm.load(folder)
    split = run.split("test")
    rows = split.rows(np.arange(len(split)))
    texts = [row["text"] for row in rows]
    references = [[row["target"]] for row in rows]
    _print("copied source", texts, references)
    words = collections.Counter(
        word for references_ in references for word in references_[0].split()
    )
    word = words.most_common(1)[0][0]
    repeated = [" ".join(word for _ in text.split()) for text in texts]
    _print(f"{word!r} repeated", repeated, references)
    generator = generation.Generator(run)
    length = run.preprocessor.specs["target_tokens"].shape[0]
    beams = run.experiment.task.num_beams
    for name, fields in {
        "tfm, greedy": {"temperature": 0},
        f"tfm, {beams} beams": {"num_beams": beams},
    }.items():
        made = generator.generate(texts, max_new_tokens=length, batch_size=64, **fields)
        _print(name, [one.text for one in made], references)
    started = time.process_time()
    model = _trained(run)
    print(f"keras_nlp under fit took {time.process_time() - started:,.0f} CPU s")
    _print("keras_nlp under fit, greedy", _written(run, model, split), references)


def _print(name: str, texts: list[str], references: list[list[str]]) -> None:
    from tfm.tasks.sequences import scores

    found = scores.of(_NAMES, texts, references)
    shown = "  ".join(f"{key} {value:.2f}" for key, value in found.items())
    print(f"{name:28} {shown}", flush=True)


def _trained(run):
    """keras_nlp's encoder-decoder, trained by fit on the run's batches."""
    import keras
    import keras_nlp

    from tfm.training import schedules

    e, specs = run.experiment, run.preprocessor.specs
    size, length = specs["tokens"].size, specs["tokens"].shape[0]
    keras.utils.set_random_seed(e.train.seed)
    embedding = keras_nlp.layers.TokenAndPositionEmbedding(
        size, length, e.model.width, mask_zero=True
    )
    sizes = {
        "intermediate_dim": e.model.feedforward_width,
        "num_heads": e.model.num_heads,
        "dropout": e.model.dropout,
        "activation": "gelu",
        "normalize_first": True,
    }
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    decoder_tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    memory, x = embedding(tokens), embedding(decoder_tokens)
    for _ in range(e.model.num_layers):
        memory = keras_nlp.layers.TransformerEncoder(**sizes)(memory)
    memory = keras.layers.LayerNormalization()(memory)
    for _ in range(e.model.num_layers):
        x = keras_nlp.layers.TransformerDecoder(**sizes)(x, memory)
    x = keras.layers.LayerNormalization()(x)
    logits = embedding.token_embedding(x, reverse=True)
    model = keras.Model({"tokens": tokens, "decoder_tokens": decoder_tokens}, logits)
    optimizer, steps = e.optimizer, e.train.steps
    schedule = schedules.WarmupDecay(
        optimizer.learning_rate, optimizer.schedule, steps // 20, steps
    )
    model.compile(
        keras.optimizers.AdamW(
            schedule,
            weight_decay=optimizer.weight_decay,
            global_clipnorm=optimizer.clip_norm,
        ),
        _smoothed(e.task.label_smoothing),
    )
    dataset = _batches(run).take(steps)
    model.fit(dataset, steps_per_epoch=steps, epochs=1, verbose=0)
    return model


def _smoothed(label_smoothing: float):
    """Cross-entropy of tokens with label smoothing; weights come with the batch."""
    import keras

    def loss(targets_BT, logits_BTV):
        target_BTV = keras.ops.one_hot(targets_BT, logits_BTV.shape[-1])
        return keras.losses.categorical_crossentropy(
            target_BTV, logits_BTV, from_logits=True, label_smoothing=label_smoothing
        )

    return loss


def _batches(run):
    """Shuffled (inputs, targets, weights), without end, as fit takes them."""
    import tensorflow as tf

    examples = run.objective.examples(run.split("train"), "train")
    places = np.arange(len(examples))
    found = examples.batch(places, np.zeros_like(places), 0)
    inputs = {name: found[name] for name in ("tokens", "decoder_tokens")}
    targets = found["targets"]
    dataset = tf.data.Dataset.from_tensor_slices(
        (inputs, targets, (targets != 0).astype(np.float32))
    )
    dataset = dataset.shuffle(len(places), seed=run.experiment.train.seed).repeat()
    return dataset.batch(run.experiment.train.batch_size, drop_remainder=True)


def _written(run, model, split) -> list[str]:
    """Greedy decoding by calling the whole model for each token."""
    import tensorflow as tf

    examples = run.objective.examples(split, "predict")
    places = np.arange(len(split))
    tokens = examples.batch(places, np.zeros_like(places), 0)["tokens"]
    length = run.preprocessor.specs["target_tokens"].shape[0]

    @tf.function(reduce_retracing=True)
    def likeliest(tokens_BS, written_BT, place):
        inputs = {"tokens": tokens_BS, "decoder_tokens": written_BT}
        return tf.argmax(model(inputs)[:, place], -1, tf.int32)

    rows = []
    for start in range(0, len(tokens), 64):
        tokens_BS = tf.constant(tokens[start : start + 64])
        written = np.zeros((len(tokens_BS), length + 1), np.int32)
        written[:, 0] = run.objective.start_id
        done = np.zeros(len(written), bool)
        for place in range(length):
            read = tf.constant(written[:, :length])
            found = likeliest(tokens_BS, read, tf.constant(place)).numpy()
            written[:, place + 1] = np.where(done, 0, found)
            done |= found == run.objective.start_id
            if done.all():
                break
        rows.append(written[:, 1:])
    return run.objective.texts(np.concatenate(rows))


if __name__ == "__main__":
    main()

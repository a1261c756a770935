"""Small backbones of the shape of tfm.models, vocabularies, results of a batch.

T positions, N examples.
"""

import keras
import numpy as np

from tfm import inputs
from tfm import layers

TEXTS = [
    "the quick brown fox jumps over the lazy dog, and the dog sleeps on",
    "nothing matters in wonderful unbelievable storytelling of two brothers",
    "the brothers' unbelievable fox was a wonderful dog; a dog! no fox?",
] * 3


def preprocessor(
    method="wordpiece", vocab_size=130, special=("[MASK]",), max_length=256
):
    """That of inputs.Text, fitted on TEXTS."""
    return of_texts(TEXTS, method, vocab_size, special, max_length)


def of_texts(texts, method, vocab_size, special=(), max_length=256):
    config = inputs.Text(
        method=method,
        vocab_size=vocab_size,
        special_tokens=special,
        max_length=max_length,
    )
    return config.fit({"text": text} for text in texts)


@keras.saving.register_keras_serializable(package="tests")
class Embedding(keras.layers.Layer):
    """As layers.TokenEmbedding, with its reverse."""

    def __init__(self, vocab_size, width, **kwargs):
        super().__init__(**kwargs)
        self.lookup = keras.layers.Embedding(vocab_size, width, name="lookup")

    @property
    def table(self):
        return self.lookup.embeddings

    def call(self, x, reverse=False):
        if reverse:
            return keras.ops.matmul(x, keras.ops.transpose(self.table))
        return self.lookup(x)


def backbone(specs, width=6, embedding_width=6):
    """A dense layer over each token's embedding; inputs other than tokens are read."""
    given = {
        name: keras.Input(spec.shape, dtype=spec.dtype, name=name)
        for name, spec in specs.items()
    }
    read = given.get("decoder_tokens", given["tokens"])
    size = specs["tokens"].size
    x_BTD = Embedding(size, embedding_width, name="embedding")(read)
    for name in sorted(set(specs) - {"tokens", "decoder_tokens"}):
        x_BTD = x_BTD + keras.layers.Embedding(10, embedding_width, name=f"of_{name}")(
            given[name]
        )
    x_BTD = keras.layers.Dense(width, activation="tanh", name="dense")(x_BTD)
    pooled_BD = layers.Pooling("mean", width)(x_BTD)
    outputs = {"sequence": x_BTD, "causal": x_BTD, "pooled": pooled_BD}
    return keras.Model(given, outputs, name="backbone")


class Stream:
    """Documents of tokens in memory; see interfaces.Stream."""

    def __init__(self, *documents):
        self._line = np.concatenate([np.zeros(0, np.int32), *documents])
        self.ends = np.cumsum([len(document) for document in documents])

    def __len__(self):
        return len(self.ends)

    def read(self, start, stop):
        return self._line[start:stop].astype(np.int32)

    def segments(self, start, stop):
        numbers = np.searchsorted(self.ends, np.arange(start, stop), "right")
        return (numbers - numbers[0] + 1).astype(np.int32)


def stack(examples: list[dict], weight=None) -> dict:
    """A batch of examples."""
    found = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    ones = np.ones(len(examples), np.float32)
    return found | {"weight": ones if weight is None else np.float32(weight)}


class Fixed:
    """In the place of a model: gives what it was made with, whatever it reads."""

    input = {}

    def __init__(self, outputs):
        self._outputs = outputs

    def __call__(self, inputs, training):
        assert training is False
        return self._outputs


def results(objective, outputs, batch, mode="evaluate") -> dict[str, np.ndarray]:
    """What is kept of the batch's examples whose weight is not 0, by fixed outputs."""
    found = objective.eval_step(Fixed(outputs), mode)(batch)
    real = np.asarray(batch["weight"]) > 0
    found = {name: np.asarray(values)[real] for name, values in found.items()}
    return found | {"row": np.flatnonzero(real)}


def metrics(objective, outputs, batch) -> dict[str, float]:
    """Of a split that is one batch, by fixed outputs of the model."""
    found = results(objective, outputs, batch)
    return dict(objective.compute_metrics(found, None).metrics)


def joined(*parts) -> dict[str, np.ndarray]:
    """The results of batches, as those of a split."""
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def log_softmax(logits) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

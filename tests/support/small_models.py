"""Small backbones with the interface of tfm.models, and tokenizers to go with them."""

import keras
import numpy as np

from tfm import layers
from tfm.inputs import text as tokens

TEXTS = [
    "the quick brown fox jumps over the lazy dog, and the dog sleeps on",
    "nothing matters in wonderful unbelievable storytelling of two brothers",
    "the brothers' unbelievable fox was a wonderful dog; a dog! no fox?",
] * 3


def tokenizer(method="wordpiece", vocab_size=130, special_tokens=("[MASK]",)):
    config = tokens.Tokens(
        method=method, vocab_size=vocab_size, special_tokens=special_tokens
    )
    return config.learn(TEXTS)


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


def backbone(vocab_size, length, names=("tokens",), width=6, embedding_width=6):
    """A dense layer over each token's embedding; inputs other than tokens are read."""
    inputs = {
        name: keras.Input(
            (None if "decoder" in name else length,), dtype="int32", name=name
        )
        for name in names
    }
    read = inputs.get("decoder_tokens", inputs["tokens"])
    x_BTD = Embedding(vocab_size, embedding_width, name="embedding")(read)
    for name in set(names) - {"tokens", "decoder_tokens"}:
        x_BTD = x_BTD + keras.layers.Embedding(10, embedding_width, name=f"of_{name}")(
            inputs[name]
        )
    x_BTD = keras.layers.Dense(width, activation="tanh", name="dense")(x_BTD)
    outputs = {"sequence": x_BTD, "pooled": layers.Pooling("mean", width)(x_BTD)}
    return keras.Model(
        inputs if len(inputs) > 1 else inputs["tokens"], outputs, name="backbone"
    )


def stack(examples: list[dict], weight=None) -> dict:
    """A batch of examples."""
    found = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    ones = np.ones(len(examples), np.float32)
    return found | {"weight": ones if weight is None else np.float32(weight)}


def of_batch(objective, outputs, batch) -> dict[str, tuple[float, float]]:
    """The sums of a batch, as evaluation takes them."""
    losses, weights, watched = objective.loss(outputs, batch)
    losses, weights = np.asarray(losses), np.asarray(weights)
    watched = {n: (float(s), float(c)) for n, (s, c) in watched.items()}
    return {"loss": ((losses * weights).sum(), weights.sum())} | watched


def add(*parts) -> dict[str, tuple[float, float]]:
    return {n: tuple(np.sum([p[n] for p in parts], axis=0)) for n in parts[0]}


def log_softmax(logits) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

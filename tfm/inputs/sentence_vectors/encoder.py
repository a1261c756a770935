"""Sentence encoder: texts to vectors by a published model, which stays frozen.

N texts, B batch, T tokens, D width.
"""

import contextlib
import functools
import pathlib
from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm.distribution import quiet_start
from tfm.inputs.sentence_vectors import settings
from tfm.inputs.text import backends
from tfm.inputs.text import measures
from tfm.inputs.text import published_backbone

WEIGHTS = "encoder.npz"
_TOKENS = 8192  # of a batch at the most, padding included
_STEP = 16  # lengths are multiples of it, so that few shapes are compiled


class SentenceEncoder:
    """Texts to float32 vectors of length 1.

    Args:
      config: its settings.
      tokenizer: of the preset.
      shape: the published_backbone.Shape, with the weights in its backbone.

    Attributes:
      width: D.
    """

    def __init__(self, config: settings.VectorSettings, tokenizer, shape):
        self._config, self._tokenizer, self._shape = config, tokenizer, shape
        self.width = int(shape.backbone.hidden_dim)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors float32 [N, D]; texts of like length are computed together."""
        stripped = [text.strip() for text in texts]
        return self._of_tokens(self._tokenizer.encode(stripped))

    def counts(self, texts: Sequence[str]) -> np.ndarray:
        """Counts of each text, measures.FIELDS [N]; without its vector."""
        return self._tokenized(texts)[1]

    def measured(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The vectors and the counts."""
        whole, counts_N = self._tokenized(texts)
        tokens = [self._tokenizer.truncated(row) for row in whole]
        return self._of_tokens(tokens), counts_N

    def _tokenized(self, texts: Sequence[str]) -> tuple[list[np.ndarray], np.ndarray]:
        texts = [text.strip() for text in texts]
        whole = self._tokenizer.encode(texts, truncate=False)
        return whole, measures.of(self._tokenizer, texts, whole)

    def _of_tokens(self, tokens: Sequence[np.ndarray]) -> np.ndarray:
        lengths_N = np.array([len(row) for row in tokens], int)
        vectors_ND = np.zeros((len(tokens), self.width), np.float32)
        order_N = np.argsort(-lengths_N, kind="stable")
        start = 0
        while start < len(order_N):
            longest = max(1, lengths_N[order_N[start]])
            length = min(-(-longest // _STEP) * _STEP, self._config.max_length)
            places_B = order_N[start : start + max(1, _TOKENS // length)]
            start += len(places_B)
            tokens_BT = np.zeros((len(places_B), length), np.int32)
            for row, place in zip(tokens_BT, places_B, strict=True):
                row[: lengths_N[place]] = tokens[place]
            vectors_ND[places_B] = self._vectors(tokens_BT)
        return vectors_ND

    @functools.cached_property
    def _vectors(self):
        """int32 [B, T] -> float32 [B, D]."""
        import tensorflow as tf

        from tfm import layers

        backbone = self._shape.backbone
        pooling = layers.Pooling(self._config.pooling, dtype="float32")
        theirs = tf.constant(self._shape.ids.theirs, tf.int32)

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
        def vectors(tokens_BT):
            mask_BT = tokens_BT != 0
            ids_BT = tf.gather(theirs, tokens_BT)
            given = {
                "token_ids": ids_BT,
                "padding_mask": tf.cast(mask_BT, tf.int32),
                "segment_ids": tf.zeros_like(ids_BT),
            }
            given = {name: given[name] for name in backbone.input}
            outputs = backbone(given, training=False)
            if isinstance(outputs, dict):
                outputs = outputs["sequence_output"]
            pooled_BD = pooling(outputs, mask=mask_BT)
            return tf.math.l2_normalize(pooled_BD, axis=1)

        return lambda tokens_BT: vectors(tokens_BT).numpy()

    def save(self, folder: pathlib.Path) -> None:
        """Writes tokenizer, shape and weights."""
        self._tokenizer.save(folder)
        self._shape.keep(folder)
        weights = self._shape.backbone.get_weights()
        kept = {str(number): w.astype(np.float16) for number, w in enumerate(weights)}
        np.savez(folder / WEIGHTS, **kept)


def from_preset(config: settings.VectorSettings) -> SentenceEncoder:
    """The encoder of a preset; its weights are rounded to half precision.

    Raises:
      UserError: there is no such preset, or it does not read one text.
    """
    quiet_start.import_tensorflow()
    tokenizer = backends.preset(config.tokenization)
    with _in_float32():
        shape = published_backbone.read(config.preset)
        shape.check_uses(types=False, pooled=False)
        shape.check_length(config.max_length)
        published = published_backbone.with_weights(config.preset)
    rounded = [
        np.asarray(weight, np.float16).astype(np.float32)
        for weight in published.get_weights()
    ]
    shape.backbone.set_weights(rounded)
    return SentenceEncoder(config, tokenizer, shape)


def load(config: settings.VectorSettings, folder: pathlib.Path) -> SentenceEncoder:
    """The encoder that was saved in a folder.

    Raises:
      UserError: the folder holds none.
    """
    if not (folder / WEIGHTS).is_file():
        raise errors.UserError(f"{folder} holds no sentence encoder ({WEIGHTS}).")
    quiet_start.import_tensorflow()
    tokenizer = backends.load(folder)
    with _in_float32():
        shape = published_backbone.read(str(folder))
    arrays = np.load(folder / WEIGHTS)
    shape.backbone.set_weights(
        [arrays[str(number)].astype(np.float32) for number in range(len(arrays))]
    )
    return SentenceEncoder(config, tokenizer, shape)


@contextlib.contextmanager
def _in_float32() -> Iterator[None]:
    """Models are made to compute in float32, whatever the run trains in."""
    import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)

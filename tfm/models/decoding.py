"""Incremental decoding with a KV cache: models read on token by token, for generation.

B rows, T new tokens, S slots of the cache, M positions of an encoder's text, D width.

A decoding, which interfaces.Decodes gives, has two methods:

init_cache(batch_size, length, source=None) -> cache
    Before the first token. `length` is S, the most tokens of a row, those of the prompt
    included; `source` int32 [B, M] is the encoder's text, where there is an encoder: M
    is what the model was built for.

decode_step(tokens_BT, cache, slot, starts_B=None) -> sequence_BTD, cache
    The features of T new tokens, which take the slots from `slot` (an int32 scalar) on;
    slot + T must not be above S. A prompt is one step of many tokens (prefill). Prompts
    of different lengths are padded on the left: `starts_B` int32 is the slot of each
    row's first token; what the row has before it is not seen, and its features mean
    nothing.

It may say, by the attribute `pads` = False, that rows must have the same length, and
by `positions` how many tokens the model was taught to read before it was trained here.

The features are those of the whole model, dropout apart. The cache keeps its shapes,
so `decode_step` runs in tf.function and tf.while_loop, with or without XLA. Every
tensor of a cache has the batch as its first axis: rows can be picked by
tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), cache).
"""

import re

import keras
from keras import ops

from tfm import errors


class TransformerDecoding:
    """Incremental decoding of a models.Decoder; keys and values of each block.

    Args:
      model: of models.Decoder.build, or one on top of it.
      num_layers: its blocks.
    """

    _prefix = ""

    def __init__(self, model: keras.Model, num_layers: int):
        names = {layer.name for layer in model.layers}
        layer = model.get_layer
        self._embedding = layer("embedding")
        positions = f"{self._prefix}positions"
        self._positions = layer(positions) if positions in names else None
        self._blocks = [layer(f"{self._prefix}block_{i}") for i in range(num_layers)]
        self._norm = layer(f"{self._prefix}final_norm")

    def init_cache(self, batch_size: int, length: int, source=None):
        """The cache before the first token; see the file's head."""
        most = getattr(self._positions, "max_length", length)
        if length > most:
            raise errors.UserError(
                f"The model has learned {most} positions: prompt and new tokens must "
                f"not be more. Got {length}."
            )
        return tuple(
            {"keys_and_values": block.attention.empty_cache(batch_size, length)}
            for block in self._blocks
        )

    def decode_step(self, tokens_BT, cache, slot, starts_B=None):
        """The features of new tokens; see the file's head."""
        num_slots = cache[0]["keys_and_values"][0].shape[1]
        positions, seen = _places(slot, tokens_BT.shape[1], num_slots, starts_B)
        x_BTD = self._embedding(tokens_BT)
        if self._positions is not None:
            x_BTD = self._positions(x_BTD, positions=positions)
        new_cache = []
        for block, kept in zip(self._blocks, cache, strict=True):
            kept = dict(kept)
            old = kept.pop("keys_and_values")
            x_BTD, new = block.step(x_BTD, old, slot, seen, positions, **kept)
            new_cache.append({"keys_and_values": new, **kept})
        return self._norm(x_BTD), tuple(new_cache)


class EncoderDecoderDecoding(TransformerDecoding):
    """Incremental decoding of a models.EncoderDecoder.

    The cache holds the keys and values of the source too, for the cross-attention.

    Args:
      model: of models.EncoderDecoder.build, or one on top of it.
      num_layers: blocks of its decoder.
    """

    _prefix = "decoder_"

    def __init__(self, model: keras.Model, num_layers: int):
        super().__init__(model, num_layers)
        self._encoder = keras.Model(
            model.get_layer("tokens").output, model.get_layer("memory").output
        )

    def init_cache(self, batch_size: int, length: int, source=None):
        """The cache before the first token; see the file's head."""
        memory_BMD = self._encoder(source, training=False)
        mask_BM = ops.not_equal(source, 0)
        return tuple(
            {
                **kept,
                "memory": block.cross_attention.keys_and_values(memory_BMD),
                "memory_mask": mask_BM,
            }
            for block, kept in zip(
                self._blocks, super().init_cache(batch_size, length), strict=True
            )
        )


def of_encoder_decoder(model: keras.Model) -> EncoderDecoderDecoding | None:
    """That of a model with the layers of models.EncoderDecoder; None of another."""
    names = {layer.name for layer in model.layers}
    num_layers = sum(
        re.fullmatch(r"decoder_block_\d+", name) is not None for name in names
    )
    if not num_layers or not {"tokens", "memory", "embedding"} <= names:
        return None
    return EncoderDecoderDecoding(model, num_layers)


class LSTMDecoding:
    """Incremental decoding of a models.LSTM that reads forward.

    The cache holds h_BD and c_BD of each layer, whatever the number of slots.

    Args:
      model: of models.LSTM.build, or one on top of it.
    """

    def __init__(self, model: keras.Model):
        self._embedding = model.get_layer("embedding")
        lstm = model.get_layer("lstm")
        # the same cells and weights, but giving back the state
        self._layers = [
            keras.layers.RNN(
                getattr(lstm, f"forward_{i}").cell,
                return_sequences=True,
                return_state=True,
                dtype=lstm.dtype_policy,
            )
            for i in range(lstm.num_layers)
        ]
        width = self._embedding.table.shape[1]
        for layer in self._layers:
            layer.build((None, None, width))
            width = layer.cell.units

    def init_cache(self, batch_size: int, length: int, source=None):
        """The cache before the first token; see the file's head."""
        return tuple(
            (ops.zeros((batch_size, layer.cell.units), layer.compute_dtype),) * 2
            for layer in self._layers
        )

    def decode_step(self, tokens_BT, cache, slot, starts_B=None):
        """The features of new tokens; see the file's head."""
        mask_BT = None
        if starts_B is not None:
            # the state stays zero until the row begins
            mask_BT = _slots(slot, tokens_BT.shape[1]) >= starts_B[:, None]
        x_BTD = self._embedding(tokens_BT)
        new_cache = []
        for layer, (h_BD, c_BD) in zip(self._layers, cache, strict=True):
            x_BTD, h_BD, c_BD = layer(x_BTD, initial_state=[h_BD, c_BD], mask=mask_BT)
            new_cache.append((h_BD, c_BD))
        return x_BTD, tuple(new_cache)


def _slots(first, number: int):
    return first + ops.arange(number, dtype="int32")


def _places(slot, num_new: int, num_slots: int, starts_B):
    """Positions of new tokens, int32 [T] or [B, T], and the slots that each sees.

    Returns:
      positions, and bool [1, T, S] or [B, T, S].
    """
    slots_T, slots_S = _slots(slot, num_new), _slots(0, num_slots)
    seen_1TS = (slots_T[:, None] >= slots_S)[None]
    if starts_B is None:
        return slots_T, seen_1TS
    starts_B1 = starts_B[:, None]
    seen_BTS = ops.logical_and(seen_1TS, (slots_S >= starts_B1)[:, None])
    return ops.maximum(slots_T - starts_B1, 0), seen_BTS

"""Models read a few tokens at a time, for generation: what came before is in a state.

B rows, T new tokens, S slots of the state, M positions of an encoder's text, D width.

A stepper has two methods:

start(batch_size, length, source=None) -> state
    Before the first token. `length` is S, the most tokens of a row, those of the prompt
    included; `source` int32 [B, M] is the encoder's text, where there is an encoder: M
    is what the model was built for.

step(tokens_BT, state, slot, starts_B=None) -> sequence_BTD, state
    The features of T new tokens, which take the slots from `slot` (an int32 scalar) on;
    slot + T must not be above S. A prompt is one step of many tokens. Prompts of
    different lengths are padded on the left: `starts_B` int32 is the slot of each row's
    first token; what the row has before it is not seen, and its features mean nothing.

It may say, by the attribute `pads` = False, that rows must have the same length, and
by `positions` how many tokens the model was taught to read before it was trained here.

The features are those of the whole model, dropout apart. The state keeps its shapes,
so `step` runs in tf.function and tf.while_loop, with or without XLA. Every tensor of a
state has the batch as its first axis: rows can be picked by
tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), state).
"""

import keras
from keras import ops

from tfm import errors


class DecoderStepper:
    """Of a models.Decoder; the state holds keys and values of each block.

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

    def start(self, batch_size: int, length: int, source=None):
        """The state before the first token; see the file's head."""
        most = getattr(self._positions, "max_length", length)
        if length > most:
            raise errors.UserError(
                f"The model has learned {most} positions: prompt and new tokens must "
                f"not be more. Got {length}."
            )
        return tuple(
            {"cache": block.attention.empty_cache(batch_size, length)}
            for block in self._blocks
        )

    def step(self, tokens_BT, state, slot, starts_B=None):
        """The features of new tokens; see the file's head."""
        num_slots = state[0]["cache"][0].shape[1]
        positions, seen = _places(slot, tokens_BT.shape[1], num_slots, starts_B)
        x_BTD = self._embedding(tokens_BT)
        if self._positions is not None:
            x_BTD = self._positions(x_BTD, positions=positions)
        new_state = []
        for block, kept in zip(self._blocks, state, strict=True):
            kept = dict(kept)
            cache = kept.pop("cache")
            x_BTD, cache = block.step(x_BTD, cache, slot, seen, positions, **kept)
            new_state.append({"cache": cache, **kept})
        return self._norm(x_BTD), tuple(new_state)


class EncoderDecoderStepper(DecoderStepper):
    """Of a models.EncoderDecoder; the state holds what each block asks of the source.

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

    def start(self, batch_size: int, length: int, source=None):
        """The state before the first token; see the file's head."""
        memory_BMD = self._encoder(source, training=False)
        mask_BM = ops.not_equal(source, 0)
        return tuple(
            {
                **kept,
                "memory": block.cross_attention.keys_and_values(memory_BMD),
                "memory_mask": mask_BM,
            }
            for block, kept in zip(
                self._blocks, super().start(batch_size, length), strict=True
            )
        )


class LSTMStepper:
    """Of a models.LSTM that reads forward; the state holds h_BD and c_BD of each layer.

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

    def start(self, batch_size: int, length: int, source=None):
        """The state before the first token; see the file's head."""
        return tuple(
            (ops.zeros((batch_size, layer.cell.units), layer.compute_dtype),) * 2
            for layer in self._layers
        )

    def step(self, tokens_BT, state, slot, starts_B=None):
        """The features of new tokens; see the file's head."""
        mask_BT = None
        if starts_B is not None:
            # the state stays zero until the row begins
            mask_BT = _slots(slot, tokens_BT.shape[1]) >= starts_B[:, None]
        x_BTD = self._embedding(tokens_BT)
        new_state = []
        for layer, (h_BD, c_BD) in zip(self._layers, state, strict=True):
            x_BTD, h_BD, c_BD = layer(x_BTD, initial_state=[h_BD, c_BD], mask=mask_BT)
            new_state.append((h_BD, c_BD))
        return x_BTD, tuple(new_state)


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

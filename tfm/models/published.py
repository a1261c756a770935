"""Logits and incremental decoding of keras_nlp backbones, with a KV cache.

B batch, T positions, S slots, D width, V vocabulary.
"""

import dataclasses
import inspect

import keras
import keras_nlp
from keras import ops

from tfm import errors
from tfm.layers import masking

# tokens that decoders whose positions are not learned were taught with, at the least;
# their shapes do not tell
_READ = 2048


@dataclasses.dataclass(frozen=True)
class _Held:
    """A model that a layer knows and that is not one of its sublayers."""

    backbone: keras.Model


@keras.saving.register_keras_serializable(package="tfm")
class Embedding(keras.layers.Layer):
    """The backbone's own embedding turned round: x_BTD -> logits_BTV, in our ids.

    It has no weights beside the backbone's.

    Args:
      backbone: of keras_nlp.
      ids: its inputs.text.published_ids.PublishedIds.

    Attributes:
      table: the embedding's, [V, D].
    """

    def __init__(self, backbone: keras.Model, ids, **kwargs):
        super().__init__(**kwargs)
        self.ids = ids
        self._held = _Held(backbone)

    @property
    def backbone(self) -> keras.Model:
        return self._held.backbone

    @property
    def table(self):
        return self.backbone.token_embedding.embeddings

    def call(self, x_BTD, reverse: bool = False):
        if not reverse:
            raise ValueError("The backbone embeds the tokens by itself.")
        logits_BTV = self.backbone.token_embedding(x_BTD, reverse=True)
        if self.ids.shared:
            first_BT1 = logits_BTV[..., :1]
            no_padding_BT1 = ops.full_like(first_BT1, masking.MASKED)
            parts = [no_padding_BT1, logits_BTV[..., 1:], first_BT1]
        elif self.ids.padding:
            at = self.ids.padding
            first_BT1, padding_BT1 = logits_BTV[..., :1], logits_BTV[..., at : at + 1]
            rest = logits_BTV[..., 1:at], first_BT1, logits_BTV[..., at + 1 :]
            parts = [padding_BT1, *rest]
        else:
            return logits_BTV
        return ops.concatenate(parts, axis=-1)


class PresetDecoding:
    """Incremental decoding of a preset that keras_nlp has as a CausalLM.

    See models.decoding; the KV cache is keras_nlp's.

    Args:
      model: of models.Pretrained.build, or one on top of it.

    Attributes:
      pads: rows must have the same length: no padding on the left is seen to.
      positions: tokens that it has learned to read.
    """

    pads = False

    def __init__(self, model: keras.Model):
        self._embedding = model.get_layer("embedding")
        backbone = self._embedding.backbone
        self._library = causal_class(backbone)(backbone=backbone, preprocessor=None)
        self._learned = getattr(backbone, "max_sequence_length", None)
        self.positions = self._learned or _READ

    def init_cache(self, batch_size: int, length: int, source=None):
        """The KV cache before the first token."""
        if self._learned and length > self._learned:
            raise errors.UserError(
                f"The model has learned {self._learned} positions: prompt and new "
                f"tokens must not be more. Got {length}."
            )
        # its values are not looked at: compiled, nothing of this is computed
        _, example = self._library._build_cache(ops.zeros((1, length), "int32"))
        return ops.zeros((batch_size, *example.shape[1:]), example.dtype)

    def decode_step(self, tokens_BT, cache, slot, starts_B=None):
        """The features of new tokens; `starts_B` must be zeros."""
        ids_BT = theirs(tokens_BT, self._embedding.ids)
        _, sequence_BTD, cache = self._library.call_with_cache(ids_BT, cache, slot)
        return sequence_BTD, cache


def theirs(tokens_BT, ids):
    """The model's ids of our tokens, int32."""
    return ops.take(ids.theirs.astype("int32"), tokens_BT, axis=0)


def can_reverse(backbone: keras.Model) -> bool:
    """Whether the backbone's embedding can give logits."""
    embedding = getattr(backbone, "token_embedding", None)
    return isinstance(embedding, keras.layers.ReversibleEmbedding)


def causal_class(backbone: keras.Model) -> type | None:
    """keras_nlp's CausalLM for a backbone; None if it sees what follows."""
    for found in vars(keras_nlp.models).values():
        if (
            isinstance(found, type)
            and issubclass(found, keras_nlp.models.CausalLM)
            and found.backbone_cls is type(backbone)
            and _reads_on(found)
        ):
            return found
    return None


def _reads_on(library: type) -> bool:
    """Whether it goes on from a cache by token ids alone."""
    call = getattr(library, "call_with_cache", None)
    if call is None or not hasattr(library, "_build_cache"):
        return False
    names = [*inspect.signature(call).parameters][1:4]
    return names == ["token_ids", "cache", "cache_update_index"]

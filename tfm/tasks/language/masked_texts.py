"""Fill-mask prediction: a user's texts with [MASK] in them, and what it stands for.

B batch, N texts, T tokens, P places, K tokens that are told, V vocabulary.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from keras import ops

from tfm import errors
from tfm import interfaces

MASK = "[MASK]"
KEPT = ("tokens", "masked_positions", "masked_weight")  # of a batch, for `predictions`
_TOLD = 5  # tokens for each [MASK]


class MaskedTexts:
    """Texts in which [MASK] stands for a token each; see interfaces.Examples.

    Args:
      objective: a masked_lm.MaskedLMObjective.
      split: whose rows have a "text".

    Raises:
      RowError: a text has no [MASK], too many of them, or too many tokens.
    """

    def __init__(self, objective, split: interfaces.Split):
        names = (*objective.inputs, "masked_positions", "masked_weight")
        self.spec = {name: objective.spec[name] for name in names}
        texts = [str(row["text"]) for row in split.rows(np.arange(len(split)))]
        rows = [_example(objective, text) for text in texts]
        self._arrays = {
            name: np.array([row[name] for row in rows], spec.dtype).reshape(
                -1, *spec.shape
            )
            for name, spec in self.spec.items()
        }

    def __len__(self) -> int:
        return len(self._arrays["tokens"])

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        found = {name: array[places] for name, array in self._arrays.items()}
        return found | {"row": places.astype(np.int64)}


def _example(objective, text: str) -> dict[str, np.ndarray]:
    tokens = objective.tokenizer.encode_prompt(text, whole=True, gaps=[MASK])
    types = np.zeros_like(tokens)
    if objective.pairs:
        tokens, types = objective.pairs.join(tokens)
    if len(tokens) > objective.max_length:
        raise errors.RowError(
            f"A text must not have more than {objective.max_length} tokens. "
            f"Got {len(tokens)}: {_start(text)}"
        )
    positions = np.flatnonzero(tokens == objective.masking.mask_id)
    if not 1 <= len(positions) <= objective.num_masked:
        raise errors.RowError(
            f"A text must have {MASK} in it once to {objective.num_masked} times. "
            f"Got {len(positions)}: {_start(text)}"
        )
    found = objective.empty()
    found["tokens"][: len(tokens)] = tokens
    found["masked_positions"][: len(positions)] = positions
    found["masked_weight"][: len(positions)] = 1
    if "segments" in found:
        found["segments"][: len(tokens)] = 1
    if "types" in found:
        found["types"][: len(tokens)] = types
    return found


def likeliest(logits_BPV, first_word_id: int) -> dict:
    """The likeliest tokens of each place: top_tokens, top_probabilities [B, P, K].

    Reserved tokens, whose ids are below `first_word_id`, are never told.
    """
    logits_BPV = ops.cast(logits_BPV, "float32")  # softmax in float32
    words_BPV = logits_BPV[..., first_word_id:]
    top_BPK, ids_BPK = ops.top_k(words_BPV, min(_TOLD, words_BPV.shape[-1]))
    total_BP1 = ops.logsumexp(logits_BPV, axis=-1, keepdims=True)
    return {
        "top_tokens": ops.cast(ids_BPK, "int32") + first_word_id,
        "top_probabilities": ops.exp(top_BPK - total_BP1),
    }


class RawMaskedTexts(tf.Module):
    """The examples of MaskedTexts in a graph; see interfaces.RawExamples.

    A text with too many tokens is cut, and what is no [MASK] of the first P is none.

    Args:
      objective: a masked_lm.MaskedLMObjective.

    Raises:
      UserError: its texts are pairs, or its tokens cannot be made in a graph.
    """

    def __init__(self, objective):
        super().__init__()
        if objective.pairs:
            raise errors.UserError(
                "A masked language model of pairs (next_sentence) cannot be exported."
            )
        self.tokens = objective.tokenizer.graph()
        self.imports = self.tokens.imports
        self._mask_id = objective.masking.mask_id
        self._num_masked = objective.num_masked
        self._names = [*objective.inputs]

    def __call__(self, columns: Mapping) -> dict:
        tokens_BT = self.tokens.with_gaps(columns["text"], MASK)
        length = tokens_BT.shape[1]
        places_BT = tf.where(tokens_BT == self._mask_id, tf.range(length), length)
        places_BP = tf.sort(places_BT, axis=1)[:, : self._num_masked]
        is_mask_BP = places_BP < length
        found = {"tokens": tokens_BT, "types": tf.zeros_like(tokens_BT)}
        found["segments"] = tf.cast(tokens_BT != 0, tf.int32)
        return {name: found[name] for name in self._names} | {
            "masked_positions": tf.where(is_mask_BP, places_BP, 0),
            "masked_weight": tf.cast(is_mask_BP, tf.float32),
        }


def exports(tokenizer, kept: Mapping) -> dict:
    """See masked_lm.MaskedLMObjective.exports."""
    is_mask_BP1 = kept["masked_weight"][..., None] > 0
    names_BPK = tf.gather(tf.constant(tokenizer.vocabulary), kept["top_tokens"])
    return {
        "tokens": tf.where(is_mask_BP1, names_BPK, ""),
        "probabilities": tf.where(is_mask_BP1, kept["top_probabilities"], 0.0),
    }


def predictions(tokenizer, results: Mapping[str, np.ndarray]) -> list[dict]:
    """See masked_lm.MaskedLMObjective.predictions.

    Args:
      tokenizer: a tfm.inputs.text Tokenizer.
      results: the arrays of `likeliest` and KEPT, [N, ...].
    """
    found = []
    for tokens, positions, weights, ids_PK, p_PK in zip(
        *(results[name] for name in (*KEPT, "top_tokens", "top_probabilities")),
        strict=True,
    ):
        filled, masks = tokens.copy(), []
        for place in np.flatnonzero(weights > 0):
            filled[positions[place]] = ids_PK[place, 0]
            masks.append(
                [
                    {"token": tokenizer.vocabulary[id], "probability": float(p)}
                    for id, p in zip(ids_PK[place], p_PK[place], strict=True)
                ]
            )
        found.append({"text": tokenizer.decode([filled])[0], "masks": masks})
    return found


def _start(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "...")

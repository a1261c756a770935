"""A user's texts with [MASK] in them, and what it stands for.

B texts, P places, V vocabulary.
"""

import numpy as np

from tfm import errors

MASK = "[MASK]"


def batch(objective, texts: list[str]) -> dict[str, np.ndarray]:
    """The examples of the texts; see masked_tokens.MaskedTokens.text_batch."""
    rows = [_example(objective, text) for text in texts]
    return {name: np.stack([row[name] for row in rows]) for name in objective.spec}


def _example(objective, text: str) -> dict[str, np.ndarray]:
    tokens = objective.tokenizer.encode_prompt(text, whole=True)
    types = np.zeros_like(tokens)
    if objective.pairs:
        tokens, types = objective.pairs.join(tokens)
    if len(tokens) > objective.max_length:
        raise errors.UserError(
            f"A text must not have more than {objective.max_length} tokens. "
            f"Got {len(tokens)}: {_start(text)}"
        )
    positions = np.flatnonzero(tokens == objective.masking.mask_id)
    if not 1 <= len(positions) <= objective.num_masked:
        raise errors.UserError(
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


def predictions(objective, logits_BPV, batch: dict, top: int) -> list[dict]:
    """See masked_tokens.MaskedTokens.predictions. Reserved tokens are never told."""
    tokenizer = objective.tokenizer
    first = tokenizer.first_word_id
    found = []
    for tokens, positions, weights, logits_PV in zip(
        batch["tokens"],
        batch["masked_positions"],
        batch["masked_weight"],
        logits_BPV,
        strict=True,
    ):
        filled, masks = tokens.copy(), []
        for position, logits_V in zip(
            positions[weights > 0], logits_PV[weights > 0], strict=True
        ):
            p_V = _softmax(logits_V)
            best = first + np.argsort(-p_V[first:], kind="stable")[:top]
            filled[position] = best[0]
            masks.append(
                [
                    {"token": tokenizer.vocabulary[id], "probability": float(p_V[id])}
                    for id in best
                ]
            )
        found.append({"text": tokenizer.decode([filled])[0], "masks": masks})
    return found


def _softmax(logits_V: np.ndarray) -> np.ndarray:
    logits_V = np.asarray(logits_V, np.float64)
    exp_V = np.exp(logits_V - logits_V.max())
    return exp_V / exp_V.sum()


def _start(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "...")

"""Perplexity, bits per byte, accuracy: metrics of a language model, from sums.

The sums are {name: (sum, count)} over a whole split; see terms.split_sums. A loss is a
mean in nats per predicted token.
"""

import math
from collections.abc import Mapping

Sums = Mapping[str, tuple[float, float]]


def metrics(sums: Sums) -> dict[str, float]:
    """Loss, perplexity, accuracy, and where bytes are counted, bits_per_byte.

    Args:
      sums: "loss" and what token_losses.terms has beside it; bytes_per_token; sliding.

    Returns:
      The loss is the cross-entropy, without label smoothing. bits_per_byte is the same
      in bits over the text's bytes: comparable between vocabularies. Where there are
      sums of windows that overlap, the same three of them, as sliding_loss.
    """
    name = "cross_entropy" if "cross_entropy" in sums else "loss"
    found = _likelihood(sums, name) | {"accuracy": mean(sums, "accuracy")}
    if "sliding" in sums:
        sliding = _likelihood(sums, "sliding").items()
        found |= {f"sliding_{name}": value for name, value in sliding}
    return found


def _likelihood(sums: Sums, name: str) -> dict[str, float]:
    loss = mean(sums, name)
    found = {"loss": loss, "perplexity": perplexity(loss)}
    if "bytes_per_token" in sums:
        num_bytes = sums["bytes_per_token"][0]
        bits = sums[name][0] / math.log(2)
        found["bits_per_byte"] = bits / num_bytes if num_bytes else math.nan
    return found


def mean(sums: Sums, name: str) -> float:
    """The mean of a figure; NaN if nothing was counted."""
    total, count = sums[name]
    return total / count if count else math.nan


def perplexity(loss: float) -> float:
    """e to the power of the loss: the branches that it leaves open."""
    return math.exp(loss) if loss < 700 or math.isnan(loss) else math.inf

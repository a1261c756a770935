"""Losses of predicted tokens: cross-entropy with label smoothing, accuracy.

B batch, T predictions of an example, V vocabulary.
"""

from collections.abc import Mapping

from keras import ops


def token_losses(logits_BTV, targets_BT, label_smoothing: float = 0.0):
    """Each prediction's loss, cross-entropy and whether it is right; float32 [B, T].

    Loss and cross-entropy, in nats, differ under label smoothing only. It gives a
    share of the target to all V tokens alike (Szegedy et al. 2015,
    https://arxiv.org/abs/1512.00567).
    """
    logits_BTV = ops.cast(logits_BTV, "float32")  # softmax and loss in float32
    right_BT = ops.equal(ops.argmax(logits_BTV, axis=-1), targets_BT)
    cross_entropy_BT = ops.sparse_categorical_crossentropy(
        targets_BT, logits_BTV, from_logits=True
    )
    losses_BT = cross_entropy_BT
    if label_smoothing:
        even_BT = ops.logsumexp(logits_BTV, axis=-1) - ops.mean(logits_BTV, axis=-1)
        losses_BT = cross_entropy_BT + label_smoothing * (even_BT - cross_entropy_BT)
    return losses_BT, cross_entropy_BT, ops.cast(right_BT, "float32")


def weigh(weights_BT, batch: Mapping):
    """float32 [B, T]: the predictions' weights, 0 in examples that are padding."""
    weights_B = ops.cast(batch["weight"], "float32")
    return ops.cast(weights_BT, "float32") * weights_B[:, None]


def terms(logits_BTV, batch: Mapping, label_smoothing: float = 0.0) -> dict:
    """{name: (values_BT, weights_BT)} of a batch's targets; see language.terms.

    Args:
      logits_BTV: the model's output.
      batch: targets and target_weight [B, T], and weight float32 [B].
      label_smoothing: share of the target spread over the vocabulary.

    Returns:
      loss, accuracy and, under label smoothing, the cross_entropy without it.
    """
    losses_BT, cross_entropy_BT, right_BT = token_losses(
        logits_BTV, batch["targets"], label_smoothing
    )
    weights_BT = weigh(batch["target_weight"], batch)
    found = {"loss": (losses_BT, weights_BT), "accuracy": (right_BT, weights_BT)}
    if label_smoothing:
        found["cross_entropy"] = (cross_entropy_BT, weights_BT)
    return found

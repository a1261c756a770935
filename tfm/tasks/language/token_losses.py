"""Losses of predicted tokens. B batch, T predictions of an example, V vocabulary."""

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


def weigh(weights_BT, batch: dict):
    """float32 [B, T]: the predictions' weights, 0 in examples that are padding."""
    weights_B = ops.cast(batch["weight"], "float32")
    return ops.cast(weights_BT, "float32") * weights_B[:, None]


def watched_losses(logits_BTV, batch: dict, label_smoothing: float = 0.0):
    """losses_BT and weights_BT of a batch's targets, and sums to watch.

    The sums are {name: (sum, count)}: accuracy and, under label smoothing, the
    cross_entropy without it.
    """
    losses_BT, cross_entropy_BT, right_BT = token_losses(
        logits_BTV, batch["targets"], label_smoothing
    )
    weights_BT = weigh(batch["target_weight"], batch)
    count = ops.sum(weights_BT)
    watched = {"accuracy": (ops.sum(right_BT * weights_BT), count)}
    if label_smoothing:
        cross_entropy = ops.sum(cross_entropy_BT * weights_BT)
        watched["cross_entropy"] = (cross_entropy, count)
    return losses_BT, weights_BT, watched

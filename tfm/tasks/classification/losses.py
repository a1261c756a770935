"""Cross-entropy of classes with label smoothing and class weights.

B batch, C classes.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from keras import ops


def targets(batch: Mapping, num_classes: int, multi_label: bool):
    """Probabilities of classes, float32 [B, C], mixed where a share is given.

    Args:
      batch: label int32 [B], or float32 [B, C] if multi-label; perhaps partner_label
        and own_share float32 [B], by how much the own label counts.
      num_classes: C.
      multi_label: whether an example has any number of labels.
    """

    def of(label):
        if multi_label:
            return ops.cast(label, "float32")
        return ops.one_hot(label, num_classes, dtype="float32")

    if "own_share" not in batch:
        return of(batch["label"])
    own_B1 = batch["own_share"][:, None]
    return own_B1 * of(batch["label"]) + (1 - own_B1) * of(batch["partner_label"])


def of_one(logits_BC, targets_BC, weights_B, class_weights: Sequence[float], smoothing):
    """Softmax cross-entropy: losses [B], and the weights [B] with those of classes."""
    if class_weights:
        weights_C = ops.convert_to_tensor(class_weights, "float32")
        weights_B = weights_B * ops.sum(targets_BC * weights_C, axis=1)
    if smoothing:
        targets_BC = targets_BC * (1.0 - smoothing) + smoothing / targets_BC.shape[1]
    return -ops.sum(targets_BC * ops.log_softmax(logits_BC), axis=1), weights_B


def of_several(
    logits_BC, targets_BC, weights_B, class_weights: Sequence[float], smoothing
):
    """Binary cross-entropy, the mean over the labels; and the weights as they are."""
    if smoothing:
        targets_BC = targets_BC * (1.0 - smoothing) + 0.5 * smoothing
    losses_BC = ops.binary_crossentropy(targets_BC, logits_BC, from_logits=True)
    if class_weights:
        weights_C = ops.convert_to_tensor(class_weights, "float32")
        losses_BC = losses_BC * weights_C
    return ops.mean(losses_BC, axis=1), weights_B

"""What is learnt: the head, the loss, the metrics, what a prediction looks like."""

from tfm.tasks.text_classification import TextClassification

__all__ = ["TextClassification"]

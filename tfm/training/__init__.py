"""The training loop, its optimizer, checkpoints, progress line and TensorBoard."""

from tfm.training.optimizer import Optimizer
from tfm.training.settings import Train

__all__ = ["Optimizer", "Train"]

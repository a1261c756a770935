"""Training: the loop, its optimizer and learning-rate schedules, the train steps."""

from tfm.training.optimizer import Optimizer
from tfm.training.settings import Train
from tfm.training.train_step import MeanLoss

__all__ = ["MeanLoss", "Optimizer", "Train"]

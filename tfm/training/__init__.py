"""Training: the loop, its optimizer and learning-rate schedules, the train steps."""

from tfm.training.optimizer import Optimizer
from tfm.training.settings import Train
from tfm.training.train_steps.settings import EMATeacher
from tfm.training.train_steps.settings import GlobalBatch
from tfm.training.train_steps.settings import MeanLoss
from tfm.training.train_steps.settings import MultiTask
from tfm.training.train_steps.settings import SharpnessAware

__all__ = [
    "EMATeacher",
    "GlobalBatch",
    "MeanLoss",
    "MultiTask",
    "Optimizer",
    "SharpnessAware",
    "Train",
]

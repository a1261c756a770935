"""Stacking: the out-of-fold scores of simple classifiers as inputs."""

from tfm.inputs.stacking.config import Stacked as Stacked

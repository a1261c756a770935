"""Export of trained runs: a TensorFlow SavedModel that answers raw columns."""

from tfm.exporting.folder import check
from tfm.exporting.folder import export

__all__ = ["check", "export"]

"""Pages of TensorBoard's plugins: hyperparameters, precision-recall, custom scalars.

N examples.
"""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalars
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import api_pb2 as hparams_api
from tensorboard.plugins.hparams import summary as hparams_summary
from tensorboard.plugins.pr_curve import summary as pr_curves

from tfm.callbacks import tags

_LONGEST = 200  # letters of a setting
_THRESHOLDS = 101
_CHARTS = {
    "Quality": {
        "loss": (rf"^{tags.LOSS}/",),
        "accuracy and F1": (rf"^{tags.METRICS}/(.*accuracy|f1_.*)$",),
        "F1 of each class": (rf"^{tags.BY_CLASS}/f1/",),
    },
    "Layers": {
        name.replace("_", " "): (rf"^{tags.BY_LAYER}/{name}/",)
        for name in ("gradient_norm", "update_ratio", "update_norm", "weight_norm")
    },
    "Speed": {
        "tokens per second": (rf"^{tags.SPEED}/tokens_per_second$",),
        "share of the time that waits for data, of tokens that are padding": (
            rf"^{tags.SPEED}/(input_wait|padding_share)$",
        ),
        "memory, GB": (rf"^{tags.SYSTEM}/",),
    },
}


def layout() -> None:
    """The charts of the Custom Scalars page, several lines in each."""
    categories = [
        layout_pb2.Category(
            title=title,
            chart=[
                layout_pb2.Chart(
                    title=name, multiline=layout_pb2.MultilineChartContent(tag=found)
                )
                for name, found in charts.items()
            ],
        )
        for title, charts in _CHARTS.items()
    ]
    _write(custom_scalars.pb(layout_pb2.Layout(category=categories)))


def precision_recall(tag: str, true_N: np.ndarray, scores_N: np.ndarray) -> None:
    """A precision-recall curve with a slider over steps.

    Args:
      tag: of the curve.
      true_N: bool.
      scores_N: probabilities.
    """
    _write(
        pr_curves.pb(
            tag, np.asarray(true_N, bool), np.clip(scores_N, 0, 1), _THRESHOLDS
        )
    )


def settings(name: str, values: Mapping[str, object]) -> None:
    """A run's hyperparameters, which its metrics stand beside: its folder's scalars.

    Args:
      name: of the run.
      values: by path; what is neither a number nor a text is written as a text.
    """
    _write(hparams.hparams_pb({n: _plain(v) for n, v in values.items()}, name))
    _write(hparams_summary.session_end_pb(hparams_api.STATUS_SUCCESS))


def _plain(value: object) -> bool | float | str:
    if isinstance(value, bool | int | float):
        return value
    return str(value)[:_LONGEST]


def _write(summary) -> None:
    tf.summary.experimental.write_raw_pb(summary.SerializeToString())

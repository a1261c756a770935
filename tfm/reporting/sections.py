"""Sections of a report, from what a run has kept and the scores of a split."""

import typing
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import figures
from tfm import interfaces
from tfm.config import fields
from tfm.reporting import intervals
from tfm.reporting import page
from tfm.reporting import slices as slices_module

_TITLES = {
    "roc": "ROC curve",
    "precision_recall": "Precision and recall",
    "calibration": "Calibration",
    "confusion_matrix": "Confusion matrix",
    "mistakes": "Most confident mistakes",
    "confusions": "Most frequent confusions",
    "classes": "Scores by class",
    "predictions": "Examples",
}
_CURVES = ("loss", "accuracy", "learning_rate", "gradient_norm")


@typing.runtime_checkable
class Scores(typing.Protocol):
    """An objective whose metrics come of the results of its examples alone."""

    def scores(self, results: interfaces.Arrays) -> dict[str, float]: ...

    def per_example(
        self, results: interfaces.Arrays
    ) -> tuple[str, np.ndarray, np.ndarray]:
        """A metric's name; sums and weights [N] of which it is the weighted mean."""


def scores(
    split: str,
    found: Mapping[str, float],
    spans: Mapping[str, intervals.Interval],
    others: Mapping[str, Mapping[str, float]],
) -> page.Section:
    """Scores of a split with their intervals, beside those of `others` by name."""
    rows = []
    for name, value in found.items():
        if "/" in name or name == "step":
            continue
        span = _span(spans.get(name))
        rows.append((name, value, span, *(o.get(name, "") for o in others.values())))
    columns = ("metric", split, "95 % interval", *others)
    return page.Section(
        "Scores",
        f"Of the best checkpoint on the {split} split; intervals by bootstrap over "
        "its rows." + (" Beside it other scores that the run has." if others else ""),
        tables=[("", figures.Table(columns, rows), False)],
    )


def training(history: Sequence[Mapping], best_metric: str) -> page.Section | None:
    """Curves of what was logged and evaluated; None where nothing was."""
    plots = []
    for name in dict.fromkeys((_CURVES[0], best_metric, *_CURVES[1:])):
        lines = {}
        for split in ("train", "validation"):
            rows = [r for r in history if r["split"] == split and name in r]
            if len(rows) > 1 or (rows and split == "validation"):
                lines[split] = tuple(
                    np.array([row[key] for row in rows], float)
                    for key in ("step", name)
                )
        if lines:
            plots.append((name, figures.Curve(lines, ("step", name))))
    return page.Section("Training", plots=plots) if plots else None


def evaluation(found: Mapping[str, figures.Figure]) -> page.Section | None:
    """Drawings and tables of an evaluation; None where it has none."""
    plots, tables = [], []
    for name, figure in found.items():
        title = _TITLES.get(name, name.replace("_", " ").capitalize())
        if isinstance(figure, figures.Drawn):
            plots.append((title, figure))
        elif isinstance(figure, figures.Table) and figure.rows:
            folded = name in ("predictions", "classes") and len(figure.rows) > 12
            tables.append((title, figure, folded))
    if not plots and not tables:
        return None
    return page.Section("Evaluation", plots=plots, tables=tables)


def slices(metric: str, found: Sequence[slices_module.Slice]) -> page.Section | None:
    """A table of slices; those that are apart from the others are marked."""
    if not found:
        return None
    rows = [
        (
            one.column,
            one.value,
            one.examples,
            one.score,
            _span(one.interval),
            f"{one.gap:+.4f}",
            _span(one.gap_interval),
            "◆ apart" if one.is_apart else "",
        )
        for one in found
    ]
    columns = ("column", "value", "examples", metric, "95 % interval")
    columns += ("gap to the others", "95 % interval of the gap", "")
    return page.Section(
        "Slices",
        f"The {metric} of groups of rows, and how far it is from that of all other "
        "rows. Apart is where the interval of the gap leaves out 0; of twenty slices "
        "without any difference one is expected to be.",
        tables=[("", figures.Table(columns, rows), False)],
    )


def configuration(
    experiment, changed: Mapping[str, str], made_with: Mapping[str, str]
) -> page.Section:
    """Every field, what the command line changed, and what the run was made with."""
    every = [
        (field.path, fields.show(field.value), "changed" * (field.path in changed))
        for field in fields.leaves(experiment)
    ]
    tables = [("All fields", figures.Table(("field", "value", ""), every), True)]
    if made_with:
        rows = list(made_with.items())
        tables.append(("Made with", figures.Table(("what", "version"), rows), False))
    points = [(f"--{path}", value) for path, value in changed.items()]
    return page.Section(
        "Configuration",
        "What the command line set:" if points else "",
        points=points,
        tables=tables,
    )


def card(about: str, points: Sequence[tuple[str, str]]) -> page.Section:
    """The model card (Mitchell et al. 2019): what it is, learnt from, good and bad at.

    Args:
      about: a text of the user's on the intended use.
      points: names and what is said of each.
    """
    return page.Section("Model card", text=about, points=points)


def weak_points(
    metric: str, found: Sequence[slices_module.Slice], lower_is_better: bool
) -> str:
    """The slices that are worse than the others, the worst first."""
    sign = 1 if lower_is_better else -1
    worse = sorted(
        (one for one in found if one.is_apart and one.gap * sign > 0),
        key=lambda one: -abs(one.gap),
    )
    return "; ".join(
        f"{one.column} {one.value}: {metric} {one.score:.3f}, {one.gap:+.3f} to the "
        "others"
        for one in worse[:5]
    )


def _span(interval: intervals.Interval | None) -> str:
    return f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""

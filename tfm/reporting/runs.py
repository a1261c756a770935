"""The report of a trained run: its sections, put together."""

from collections.abc import Sequence

from tfm import files
from tfm import interfaces
from tfm.data.readers import notes
from tfm.reporting import columns as columns_module
from tfm.reporting import intervals
from tfm.reporting import page
from tfm.reporting import sections
from tfm.reporting import slices
from tfm.run import attention_maps
from tfm.run import kept_results
from tfm.run import scoring
from tfm.run import trained

_SCORES = {"reference": "reference (linear SVM)", "validation": "validation"}


def report(
    run: trained.Trained,
    split_name: str,
    *,
    columns: Sequence[str] = (),
    about: str = "",
    resamples: int = 200,
    batch_size: int = 256,
) -> page.Report:
    """The report on one of a run's own splits.

    Args:
      run: a trained run.
      split_name: train, validation or test.
      columns: of the source, to slice by.
      about: a text of the user's for the model card.
      resamples: of each interval; 0: there are none, and no slices.
      batch_size: of the evaluation, where no current results were kept.

    Raises:
      UserError: the run has no such split, or its source no such column.
    """
    scored = _scored(run, split_name, batch_size)
    split = scored.split
    metrics = scored.metrics
    spans, found, metric = {}, [], ""
    objective = run.objective
    if resamples and isinstance(objective, sections.Scores):
        spans = intervals.of_metrics(objective.scores, scored.results, resamples)
        metric, sums_N, weights_N = objective.per_example(scored.results)
        values = columns_module.of(
            run.experiment.data, run.columns, split, scored.results["row"], columns
        )
        found = slices.of(values, sums_N, weights_N, resamples)
    saved = run.folder.saved()
    best_metric = run.experiment.train.best_metric
    named = f"{saved['experiment']}, {split_name} split, step {run.step:,}"
    made = [
        sections.card(about, _card(run, split_name, scored, metric, found)),
        sections.scores(split_name, metrics, spans, _others(run, split_name)),
        sections.training(run.history, best_metric),
        sections.evaluation(scored.evaluation.figures),
        sections.attention(
            attention_maps.of(run.model, objective, run.preprocessor, split)
        ),
        sections.slices(metric, found),
        sections.configuration(
            run.experiment, saved["command_line"], saved.get("made_with", {})
        ),
    ]
    title = f"Report on {run.folder.path.name}"
    return page.Report(title, named, [section for section in made if section])


def _scored(run: trained.Trained, name: str, batch_size: int) -> scoring.Scored:
    """The results that were kept of a split, or it is evaluated, which is told."""
    try:
        return run.kept(name)
    except kept_results.NotCurrentError as error:
        notes.tell(f"The {name} split is evaluated anew: {error}.")
        return run.score(run.split(name), batch_size)


def _others(run: trained.Trained, split: str) -> dict[str, dict[str, float]]:
    """Scores that the run has of other splits, and of the reference."""
    known = files.read_json(run.folder.metrics) if run.folder.metrics.is_file() else {}
    if split == "validation":
        known["reference"] = known.get("reference_validation", {})
    return {
        title: known[name]
        for name, title in _SCORES.items()
        if known.get(name) and name != split and split != "train"
    }


def _card(
    run: trained.Trained, split: str, scored: scoring.Scored, metric: str, found
) -> list[tuple[str, str]]:
    """Facts of the model card, as far as the run knows them."""
    e, sources = run.experiment, run.folder.sources
    kind = type(e.model).__name__
    points = [
        ("Model", f"{kind}, {run.model.count_params():,} parameters"),
        ("Task", f"{type(e.task).__name__}, on inputs.{type(e.inputs).__name__}"),
    ]
    if sources.is_file():
        points.append(("Data", ", ".join(files.read_json(sources))))
    sizes = ", ".join(f"{name} {len(part):,}" for name, part in run.splits.items())
    points.append(("Examples", sizes))
    points += _classes(run.columns)
    train = e.train
    points.append(
        (
            "Training",
            f"step {run.step:,}, {train.batch_size} examples a batch, "
            f"{e.optimizer.name} at {e.optimizer.learning_rate:g}, seed {train.seed}, "
            f"{train.dtype}",
        )
    )
    best = scored.metrics.get(train.best_metric)
    if best is not None:
        points.append((f"{train.best_metric} on {split}", f"{best:.4f}"))
    lower = e.task.direction(metric) == "min" if metric else False
    weak = sections.weak_points(metric, found, lower)
    if weak:
        points.append(("Weaker on", weak))
    points.append(
        (
            "Limits",
            "scores hold for data like that which it was scored on; other sources, "
            "times and groups are to be scored for themselves",
        )
    )
    return points


def _classes(columns: dict[str, interfaces.Column]) -> list[tuple[str, str]]:
    """The classes of each label with their counts in training, ten at the most."""
    points = []
    for name, column in columns.items():
        counts = getattr(column, "counts", ())
        if not counts:
            continue
        pairs = sorted(zip(column.names, counts, strict=True), key=lambda p: -p[1])
        shown = ", ".join(f"{label} {count:,}" for label, count in pairs[:10])
        more = f", and {len(pairs) - 10:,} more" if len(pairs) > 10 else ""
        points.append((f"Classes of {name}", shown + more))
    return points

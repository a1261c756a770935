"""The report of a run: scores with intervals, slices, figures, an HTML page.

run = tfm.load("runs/text_cls")
reporting.write(run, "report.html", columns=["channel"])
"""

import pathlib
from collections.abc import Sequence

from tfm import files

_SPLITS = ("test", "validation", "train")


def write(
    run,
    output: str | pathlib.Path | None = None,
    *,
    split: str = "auto",
    columns: Sequence[str] = (),
    about: str = "",
    resamples: int = 200,
    batch_size: int = 256,
    plots: bool = True,
) -> pathlib.Path:
    """Writes the report of a run; see `python -m tfm.report --help`.

    Args:
      run: a trained run, of tfm.load or tfm.fit.
      output: of the page; None: report.html in the run's folder.
      split: train, validation, test; auto: the last of them that is there.
      columns: of the source, to slice by.
      about: a text on the intended use, for the model card.
      resamples: of each confidence interval; 0: no intervals and no slices.
      batch_size: of the evaluation; results that evaluation/SPLIT.parquet has of this
        checkpoint are taken as they are.
      plots: whether to write the drawings as PNG too; see `plots_of`.

    Returns:
      the path of the page.

    Raises:
      UserError: the run has no such split, or its source no such column.
    """
    from tfm.reporting import page
    from tfm.reporting import runs

    if split == "auto":
        split = next(name for name in _SPLITS if len(run.splits.get(name, ())))
    found = runs.report(
        run,
        split,
        columns=columns,
        about=about,
        resamples=resamples,
        batch_size=batch_size,
    )
    path = pathlib.Path(output or run.folder.path / "report.html")
    with files.replaced(path) as partial:
        partial.write_text(page.html(found), encoding="utf-8")
    if plots:
        folder = plots_of(path)
        folder.mkdir(exist_ok=True)
        for name, picture in page.pictures(found).items():
            with files.replaced(folder / f"{name}.png") as partial:
                partial.write_bytes(picture)
    return path


def plots_of(page: pathlib.Path) -> pathlib.Path:
    """The folder for the drawings of a page, beside it."""
    return page.with_name(f"{page.stem}_plots")

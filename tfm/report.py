"""Reports on a run as an HTML page: python -m tfm.report --run_dir=runs/text_cls."""

import dataclasses
import pathlib
import typing

from tfm import config
from tfm import console
from tfm import errors
from tfm import progress
from tfm.run import trained


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.report --run_dir=DIR [--output=FILE.html]

    Writes one HTML page that opens without a network: scores with bootstrap
    confidence intervals beside the reference's, training curves, confusion matrix,
    ROC, precision-recall and calibration curves, the most confident mistakes, slices
    by length, class and columns of the source, the configuration, and a model card.
    It takes what training or evaluate kept of each example; where that is not there,
    or of another checkpoint, it evaluates anew, and says so.
    """

    run_dir: str = ""  # the folder of a trained run
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    output: str = ""  # the page; empty: report.html in the run folder
    # one of the run's own splits; auto: test, or validation where there is none
    split: typing.Literal["auto", "test", "validation", "train"] = "auto"
    # columns of the source to slice by, besides length and class
    columns: tuple[str, ...] = ()
    about: str = ""  # a text file on the intended use, for the model card
    resamples: int = 200  # of each confidence interval (bootstrap); 0: no intervals
    plots: bool = True  # write the drawings as PNG too, into a folder beside the page
    checkpoint: typing.Literal["best", "last"] = "best"  # by validation, or the newest
    batch_size: int = 256  # examples per batch, where the split is evaluated anew
    # print only warnings, errors and where the page is: no progress, no next step
    quiet: bool = False

    def __post_init__(self):
        if self.resamples < 0:
            raise errors.UserError(
                f"--resamples takes 0 or more. Got {self.resamples}."
            )
        if self.batch_size < 1:
            raise errors.UserError(
                f"--batch_size takes 1 or more. Got {self.batch_size}."
            )
        if self.output and pathlib.Path(self.output).suffix not in (".html", ".htm"):
            raise errors.UserError(
                f"--output takes the name of an .html file. Got {self.output}."
            )


def main(options: Options) -> None:
    """Writes the report."""
    about = _about(options.about)
    folder = pathlib.Path(options.output).parent
    if options.output and not folder.is_dir():
        raise errors.UserError(f"There is no folder {folder} for {options.output}.")
    run = trained.load(options.run_dir, options.checkpoint, options.trust_code)

    from tfm import reporting

    with progress.phase("Writing the report"):
        path = reporting.write(
            run,
            options.output or None,
            split=options.split,
            columns=options.columns,
            about=about,
            resamples=options.resamples,
            batch_size=options.batch_size,
            plots=options.plots,
        )
    print(f"Report       {path}")
    if options.plots:
        print(f"Plots        {reporting.plots_of(path)}")
    console.tell(f"Open         {pathlib.Path(path).resolve().as_uri()}")


def _about(name: str) -> str:
    """The user's text on the model."""
    if not name:
        return ""
    try:
        return pathlib.Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise errors.UserError(
            f"--about takes a text file. {name}: {error.strerror}."
        ) from None
    except UnicodeDecodeError:
        raise errors.UserError(f"--about takes a text in UTF-8. Got {name}.") from None


if __name__ == "__main__":
    config.run(main, Options)

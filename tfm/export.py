"""Exports a SavedModel: python -m tfm.export --run_dir=runs/a --output=exported/a."""

import dataclasses
import pathlib
import shlex
import typing

from tfm import config
from tfm import errors
from tfm.exporting import folder as export_folder
from tfm.run import folder as run_folder
from tfm.run import trained


@dataclasses.dataclass(frozen=True)
class Options:
    """python -m tfm.export --run_dir=DIR --output=DIR

    Writes a TensorFlow SavedModel that takes raw columns (texts) and answers as
    tfm.predict does, or writes as tfm.generate does at a temperature of 0, where tfm is
    not installed: by TensorFlow Serving or tf.saved_model.load. export.json beside it
    says what goes in and comes out.
    """

    run_dir: str = ""  # the folder of a trained run
    # run the code that the folder brings along (as trust_remote_code, safe_mode)
    trust_code: bool = False
    output: str = ""  # the folder of the model, which must be empty or not be there
    # the best one by validation, or the newest one
    checkpoint: typing.Literal["best", "last"] = "best"
    # of a model that writes: tokens of a text at the most; the rest of what the model
    # reads is for the prompt
    max_new_tokens: int = export_folder.NEW_TOKENS

    def __post_init__(self):
        if self.max_new_tokens < 1:
            raise errors.UserError(
                f"--max_new_tokens takes 1 or more. Got {self.max_new_tokens}."
            )


def main(options: Options) -> None:
    if not options.output:
        raise errors.UserError("Give --output=DIR, the folder of the exported model.")
    output = export_folder.check(options.output)
    if run_folder.RunFolder(options.run_dir).exists():
        print(f"Loading     {options.run_dir}", flush=True)
    run = trained.load(options.run_dir, options.checkpoint, options.trust_code)
    body = run.export(output, max_new_tokens=options.max_new_tokens)
    told = body["signatures"]["serving_default"]
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    print(f"Exported    {options.output}: step {run.step:,}, {size / 1e6:,.1f} MB")
    print(f"Signature   {', '.join(told['inputs'])} -> {', '.join(told['outputs'])}")
    for name in body["needs"]["import_first"]:
        print(f"Needs       import {name} before it is loaded")
    quoted = shlex.quote(str(pathlib.Path(options.output)))
    print(f"Look        saved_model_cli show --dir {quoted} --all")


if __name__ == "__main__":
    config.run(main, Options)

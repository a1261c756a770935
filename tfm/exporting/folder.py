"""The folder of an exported model: written whole, or not at all."""

import pathlib

from tfm import errors
from tfm import files

DESCRIPTION = "export.json"  # beside the SavedModel's own files
NEW_TOKENS = 64  # of a text that is written


def check(output: str | pathlib.Path) -> pathlib.Path:
    """The folder to export to; nothing of anybody's is in it.

    Raises:
      UserError: it is not empty, or cannot be written.
    """
    path = pathlib.Path(output).absolute()
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise errors.UserError(f"{output} is no folder. Give a new one to export to.")
    if path.is_dir() and any(path.iterdir()):
        raise errors.UserError(
            f"{output} is not empty. Give a folder to export to that is, or a new one."
        )
    with files.writing(str(output)):
        files.try_to_write(path)
    return path


def export(run, output: str | pathlib.Path, max_new_tokens: int = NEW_TOKENS) -> dict:
    """Writes a trained run as a TensorFlow SavedModel and its description.

    Args:
      run: a trained.Trained, or anything with its experiment, preprocessor, objective,
        model, step and folder.
      output: a folder, which must be empty or not be there.
      max_new_tokens: of a model that writes, tokens of a text at the most.

    Returns:
      What export.json says; see description.of.

    Raises:
      UserError: the run cannot be exported, or the folder cannot be written.
    """
    path = check(output)

    import tensorflow as tf

    from tfm.exporting import description
    from tfm.exporting import exported

    made = exported.Exported(run, max_new_tokens)
    signatures = made.signatures()
    with files.writing(str(output)), files.whole(path) as partial:
        tf.saved_model.save(made.module, str(partial), signatures=signatures)
        body = description.of(run, made, signatures)
        files.write_json(partial / DESCRIPTION, body)
    return body

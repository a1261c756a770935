"""Description of an exported model: export.json."""

from collections.abc import Mapping

import tensorflow as tf

import tfm


def of(run, made, signatures: Mapping) -> dict:
    """A description of an exported model, ready for JSON.

    Returns:
      signatures, each with inputs and outputs {name: dtype, shape}, and the columns
      that the inputs are of; task, such as its labels; needs: versions, and the
      modules to import first; run: where the weights come from.
    """
    saved = run.folder.saved()
    return {
        "signatures": {
            name: {
                "inputs": {
                    given: _told(spec) | _column(made, given)
                    for given, spec in function.structured_input_signature[1].items()
                },
                "outputs": {
                    output: _told(spec)
                    for output, spec in sorted(function.structured_outputs.items())
                },
            }
            for name, function in signatures.items()
        },
        "task": made.about,
        "needs": {"tensorflow": tf.__version__, "import_first": [*made.imports]},
        "run": {
            "folder": run.folder.path.name,
            "experiment": saved["experiment"],
            "step": run.step,
            "made_with": saved.get("made_with", {}),
        },
        "made_by": f"tfm {tfm.__version__}",
    }


def _told(spec: tf.TensorSpec) -> dict:
    return {"dtype": spec.dtype.name, "shape": [*spec.shape]}


def _column(made, given: str) -> dict:
    """The column that an input is of."""
    column = made.inputs[given]
    return {"column": column, "kinds": sorted(made.columns[column])}

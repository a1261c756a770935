"""A trained run as one function of raw columns, in a graph.

B batch.
"""

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

import tensorflow as tf

from tfm import errors
from tfm import interfaces
from tfm.exporting import written

# signatures: the one that TensorFlow Serving asks for where none is named, and ours
SERVING, PREDICT, GENERATE = "serving_default", "predict", "generate"
# kinds of columns whose values are no strings or bytes
_DTYPES = {"number": tf.float32}


class Exported:
    """Raw columns to predictions, or prompts to texts, with all that it takes.

    Args:
      run: as for folder.export; so is max_new_tokens.

    Attributes:
      module: what is saved: the weights, and the tables of what raw columns become.
      columns: {name: kinds} of what goes in.
      inputs: {name: column}, as the signatures have them.
      imports: modules that a process must import before it loads the model.
      about: what else is to be known of the answers, ready for JSON.

    Raises:
      UserError: the run's task or inputs have no graph.
    """

    def __init__(self, run, max_new_tokens: int):
        writes = isinstance(run.objective, interfaces.Writes)
        if writes and not isinstance(run.objective, interfaces.Exports):
            raw = self._answers = written.Written(run, max_new_tokens)
            self._names = (SERVING, GENERATE)
            self.columns = {"prompt": frozenset({"text"})}
            self.about = dict(raw.about)
        else:
            raw = _raw(run)
            self._answers = _answers(run, raw)
            self._names = (SERVING, PREDICT, *((GENERATE,) * writes))
            self.columns = run.experiment.inputs.columns
            self.about = {
                name: getattr(run.objective, name)
                for name in ("label_names", "multi_label", "temperature")
                if getattr(run.objective, name, None) is not None
            }
        self.inputs = _input_names(self.columns)
        self.imports = tuple(getattr(raw, "imports", ()))
        self.module = tf.Module()
        # KerasVariables are not tracked by TensorFlow; what they hold is
        self.module.weights = [variable.value for variable in run.model.variables]
        self.module.raw = raw

    def signatures(self) -> dict[str, Callable]:
        """The concrete functions of the exported model by name."""
        specs = {
            name: tf.TensorSpec([None], _dtype(self.columns[column]), name)
            for name, column in self.inputs.items()
        }

        def answer(**given):
            columns = {self.inputs[name]: value for name, value in given.items()}
            return self._answers(columns)

        made = tf.function(answer, autograph=False).get_concrete_function(**specs)
        return dict.fromkeys(self._names, made)


def _input_names(columns: Iterable[str]) -> dict[str, str]:
    """Columns by the names of a signature's inputs, which must be identifiers."""
    found = {}
    for column in columns:
        name = re.sub(r"\W|^(?=\d)", "_", column, flags=re.ASCII)
        while name in found:
            name += "_"
        found[name] = column
    return found


def _dtype(kinds: interfaces.Names) -> tf.DType:
    return next((_DTYPES[kind] for kind in sorted(kinds) if kind in _DTYPES), tf.string)


def _raw(run) -> Callable[[Mapping], Mapping]:
    """Raw columns -> stored arrays, or the batch that the objective makes of them."""
    if not isinstance(run.objective, interfaces.Exports):
        raise errors.UserError(
            f"tasks.{type(run.experiment.task).__name__} cannot be exported: its "
            f"{type(run.objective).__name__} has no method exports, which makes its "
            "predictions in a graph."
        )
    if isinstance(run.objective, interfaces.RawExamples):
        return run.objective.raw_examples()
    made = None
    if isinstance(run.preprocessor, interfaces.RawGraph):
        made = run.preprocessor.raw_graph()
    if made is None:
        raise errors.UserError(
            f"inputs.{type(run.experiment.inputs).__name__} cannot be exported: it has "
            "no raw_graph, which makes its arrays in a graph. inputs.Text has one by "
            "words, word pieces, characters and bytes, inputs.PretrainedText for "
            "BERT's tokens, and inputs.Together of these."
        )
    return made


def _answers(run, raw: Callable[[Mapping], Mapping]) -> Callable[[Mapping], Mapping]:
    """Raw columns -> what comes out, as predict makes it of rows."""
    objective, specs = run.objective, run.preprocessor.stored
    graph = run.preprocessor.graph()
    if isinstance(objective, interfaces.RawExamples):
        specs, graph = {}, lambda stored, seeds: stored
    step = objective.eval_step(run.model, "predict")

    def answers(columns: Mapping) -> dict:
        stored = raw(columns)
        stored = {
            name: tf.ensure_shape(array, [None, *specs[name].shape])
            if name in specs
            else array
            for name, array in stored.items()
        }
        first = next(iter(columns.values()))
        places_B = tf.range(tf.size(first, out_type=tf.int64))
        batch = {
            **graph(stored, None),
            "weight": tf.ones_like(places_B, tf.float32),
            "row": places_B,
            "position": places_B,
        }
        kept = {name: _plain(value) for name, value in step(batch).items()}
        return {name: _plain(value) for name, value in objective.exports(kept).items()}

    return answers


def _plain(value):
    """float32 in place of the halves that a model may compute in."""
    value = tf.convert_to_tensor(value)
    halves = (tf.float16, tf.bfloat16)
    return tf.cast(value, tf.float32) if value.dtype in halves else value

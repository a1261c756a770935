"""TensorBoard of a run besides its scalars: samples, graph, vectors, final scores.

N vectors, D width.
"""

import math
import typing
from collections.abc import Callable
from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from tfm import figures
from tfm import generation
from tfm import interfaces
from tfm.adaptation import embedding_table
from tfm.callbacks import projector
from tfm.callbacks import tensorboard
from tfm.config import fields
from tfm.run import attention_maps
from tfm.run import few_examples
from tfm.run import folder as run_folder
from tfm.run import scoring
from tfm.training import loop
from tfm.training import optimizer as optimizers

if typing.TYPE_CHECKING:
    from tfm.run import trainer

_POINTS = 3000  # logged steps that are written, about
_RICH = 50  # evaluations with figures, texts and histograms, about
_WRITTEN = 10  # evaluations with samples of a language model, about
_MAPPED = 4  # evaluations with attention maps, about
_PROMPTS, _PROMPT, _SAMPLE = 3, 8, 40  # number of prompts; tokens of one; of a sample
_LENGTHS = 2000  # examples whose lengths are counted
_EXAMPLES = 500  # whose pooled vectors are shown


class Cockpit:
    """The TensorBoard of a run that is trained.

    Args:
      folder: of the run.
      run: a trainer.Trainer.
      plan: of its loop.
      may_write: whether samples and attention maps are written; not in a job of several
        processes, all of which would have to join.

    Attributes:
      board: the callback.
    """

    def __init__(
        self,
        folder: run_folder.RunFolder,
        run: "trainer.Trainer",
        plan: loop.Plan,
        may_write: bool = True,
    ):
        self._run = run
        train = run.prepared.experiment.train
        self._is_first = int(run.state.evaluated_step) <= 0
        self._is_written = _some(plan, _WRITTEN)
        self._is_rich = _some(plan, _RICH)
        self._is_mapped = _some(plan, _MAPPED if may_write else 0)
        self._writer = _Writer(run) if may_write and _can_write(run) else None
        self.board = tensorboard.TensorBoard(
            folder.events,
            run.model,
            train.batch_size,
            train.histograms,
            int(run.state.step),
            int(run.state.evaluated_step),
            run.token_slots,
            self._is_rich,
            logged_steps(plan),
        )
        self.board.configuration(folder.config.read_text(encoding="utf-8"))
        for name, lengths_N in _lengths(run).items():
            self.board.lengths(f"length_{name}", lengths_N)

    def evaluated(self, step: int, scored: scoring.Scored) -> None:
        """Shows the figures of an evaluation, and what a language model writes now."""
        if self._is_rich(step):
            self.board.figures(step, scored.evaluation.figures)
        if self._writer and self._is_written(step):
            self.board.figures(step, {"samples": self._writer.samples()})
        if self._is_mapped(step):
            self.board.figures(step, _attention(self._run))
        if self._is_first and self._run.evaluator.graph is not None:
            self.board.graph(self._run.evaluator.graph)
            self._is_first = False


def finish(
    folder: run_folder.RunFolder,
    run: "trainer.Trainer",
    scores: Mapping,
    last_step: int,
    is_alone: bool = True,
) -> None:
    """Writes the final scores, settings, vectors and the reference's line.

    Args:
      folder: of the run.
      run: with the best checkpoint's weights.
      scores: by split, as metrics.json has them.
      last_step: of the training.
      is_alone: whether no other process has a part in the run; vectors of examples are
        evaluated, in which all would have to join.
    """
    split = "test" if "test" in scores else "validation"
    metrics = {n: v for n, v in scores[split].items() if n != "step"}
    # a folder that names the split: where there is no test these are another's scores
    where = folder.events / ("test" if split == "test" else "best")
    step = int(run.state.best_step)
    tensorboard.final(where, folder.path.resolve().name, settings(run), metrics, step)
    reference = scores.get("reference_validation")
    if reference:
        tensorboard.line(folder.events / "reference", reference, last_step)
    found = [*_tokens(run), *(_examples(run) if is_alone else ())]
    if found:
        projector.write(folder.events / "train", found)


def settings(run: "trainer.Trainer") -> dict[str, bool | int | float | str]:
    """The experiment's fields by path; what is no number as the text of its flag."""
    return {
        name: value if isinstance(value, bool | int | float) else fields.show(value)
        for name, value in fields.values(run.prepared.experiment).items()
    }


def logged_steps(plan: loop.Plan) -> Callable[[int], bool]:
    """step -> whether its scalars are written: of a long run about 3,000 are.

    Those with norms of the layers, which are fewer, are among them.
    """
    is_due = _spread(plan.total_steps, plan.log_every, _POINTS)
    return lambda step: step == 1 or is_due(step) or plan.is_watched(step)


def _some(plan: loop.Plan, most: int) -> Callable[[int], bool]:
    """step -> whether its evaluation is one of about `most`, spread over the run."""
    return _spread(plan.total_steps, plan.eval_every, most)


def _spread(total: int, every: int, most: int) -> Callable[[int], bool]:
    """step -> whether it is one of about `most` of those that are `every` apart."""
    if not most:
        return lambda step: False
    apart = max(1, math.ceil(total / every / most))
    return lambda step: step >= total or (step // every) % apart == 0


def _attention(run) -> dict[str, figures.Heatmap]:
    """Attention maps of a few validation examples, by the weights of now."""
    prepared = run.prepared
    with optimizers.averaged_weights(run.model, run.optimizer):
        return attention_maps.of(
            run.model,
            prepared.objective,
            prepared.preprocessor,
            prepared.splits["validation"],
        )


def _lengths(run) -> dict[str, np.ndarray]:
    """Tokens of training examples, by input."""
    prepared = run.prepared
    examples = few_examples.Spread(prepared.training_examples, _LENGTHS)
    places = np.arange(len(examples))
    batch = examples.batch(places, 0 * places, prepared.experiment.train.seed)
    return {
        name: np.count_nonzero(batch[name], axis=1)
        for name in run.token_ids
        if name in batch
    }


def _can_write(run) -> bool:
    e, prepared = run.prepared.experiment, run.prepared
    return (
        isinstance(prepared.objective, interfaces.Writes)
        and isinstance(e.model, interfaces.Decodes)
        and hasattr(prepared.preprocessor, "tokenizer")
        and hasattr(prepared.splits["validation"], "ends")  # a stream
    )


class _Generates(typing.NamedTuple):
    """The parts of a run that a generation.Generator asks for."""

    experiment: object
    model: object
    objective: object
    preprocessor: interfaces.Preprocessor


class _Writer:
    """Samples of a language model, from the same prompts each time."""

    def __init__(self, run):
        self._run = run
        self._generator: generation.Generator | None = None
        prepared = run.prepared
        stream = prepared.splits["validation"]
        starts = np.append(0, stream.ends[:-1])
        sizes = np.clip((stream.ends - starts) // 2, 1, _PROMPT)
        chosen = np.unique(np.linspace(0, len(starts) - 1, _PROMPTS, dtype=int))
        self._prompts = prepared.preprocessor.tokenizer.decode(
            [stream.read(int(starts[i]), int(starts[i] + sizes[i])) for i in chosen]
        )

    def samples(self) -> figures.Samples:
        """The texts that follow the prompts, by the weights of now."""
        prepared = self._run.prepared
        if self._generator is None:
            asked = _Generates(
                prepared.experiment,
                self._run.model,
                prepared.objective,
                prepared.preprocessor,
            )
            self._generator = generation.Generator(asked, jit_compile=False)
        made = self._generator.generate(
            self._prompts, max_new_tokens=_SAMPLE, temperature=0.8, seed=0
        )
        return figures.Samples(("prompt", "text"), [(m.prompt, m.text) for m in made])


def _tokens(run) -> list[projector.Vectors]:
    """The embeddings of the vocabulary, of its first tokens where these are many."""
    tokenizer = getattr(run.prepared.preprocessor, "tokenizer", None)
    if tokenizer is None or "tokens" not in run.model.input:
        return []
    table_VD = embedding_table.of(run.model, "tokens", tokenizer.vocab_size)
    if table_VD is None:
        return []
    size = min(projector.most(table_VD.shape[1]), tokenizer.vocab_size)
    names = tokenizer.tokens(range(size))
    rows = [(name,) for name in names]
    return [projector.Vectors("tokens", table_VD[:size], ("token",), rows)]


def _examples(run) -> list[projector.Vectors]:
    """Pooled vectors of validation examples, with labels and predictions."""
    (head,) = [h for h in run.model.layers if h.name == "head"] or [None]
    if head is None or len(getattr(head.input, "shape", ())) != 2:
        return []
    prepared, split = run.prepared, run.prepared.splits["validation"]
    found = few_examples.evaluation(
        prepared.objective,
        prepared.preprocessor,
        split,
        _EXAMPLES,
        prepared.experiment.train.eval_batch_size,
    )
    pooled = keras.Model(run.model.input, head.input)
    compute = tf.function(lambda batch: pooled({n: batch[n] for n in pooled.input}))
    vectors = [
        np.asarray(compute(batch), np.float32)[np.asarray(batch["weight"]) > 0]
        for batch in found
    ]
    results = run.evaluator.results(found)
    told = prepared.objective.predictions(results, split)
    rows = split.rows(results["row"])
    if len(told) != len(rows):  # several examples a row, or none is predicted
        return []
    columns = [
        n for n, value in rows[0].items() if isinstance(value, str | int | float)
    ]
    cells = [
        (*(row.get(name, "") for name in columns), one.get("label", ""))
        for row, one in zip(rows, told, strict=True)
    ]
    vectors_ND = np.concatenate(vectors)
    return [projector.Vectors("examples", vectors_ND, (*columns, "predicted"), cells)]

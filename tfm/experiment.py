"""An experiment: data, inputs, model, task and training, as data flows."""

import contextlib
import dataclasses

from tfm import errors
from tfm import interfaces
from tfm import training
from tfm.adaptation import Adapt
from tfm.training.train_steps import settings as train_steps

# what names of arrays stand for, where a message speaks of them
GLOSSARY = {
    "stream": "plain text that may be cut anywhere, as of data.Corpus",
    "category": "labels, as of data.LabeledText",
    "causal": "features in which no position sees a later one, as of models.Decoder",
    "pooled": "one vector of an example",
    "segments": "packed texts, kept apart; not so with --task.documents=joined",
    "decoder_tokens": "a second text, as models.EncoderDecoder reads",
    "types": "kinds of tokens, as models.Transformer reads",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """All that a run depends on. Every leaf field is a flag, as --train.steps=200."""

    data: interfaces.Data  # of tfm.data, or any class of that shape
    inputs: interfaces.Inputs  # of tfm.inputs
    model: interfaces.Model  # of tfm.models
    task: interfaces.Task  # of tfm.tasks
    adapt: Adapt = Adapt()
    train_step: train_steps.TrainStepSettings = training.MeanLoss()
    optimizer: training.Optimizer = training.Optimizer()
    train: training.Train = training.Train()

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if not dataclasses.is_dataclass(getattr(self, field.name)):
                raise errors.UserError(
                    f"{field.name} must be a dataclass. "
                    f"Got {type(getattr(self, field.name)).__name__}."
                )
        check(self)


def check(e: Experiment) -> None:
    """Whether the parts fit each other, told before a byte of data is read.

    Raises:
      UserError: a part asks for what no other has; the message names both sides.
    """
    data, inputs, model, task = (_name(p) for p in (e.data, e.inputs, e.model, e.task))
    for part in (e.inputs, e.task):
        _check_columns(part.columns, _name(part), e.data.columns, data)
    given = e.inputs.gives | e.task.gives
    _need(e.model.reads, f"{model} reads", given, f"{inputs} and {task} give")
    taken = e.model.reads | e.model.optional
    _need(e.task.gives, f"{task} gives", taken, f"{model} reads")
    gives = f"{_cause(e.model, e.task.reads)}{model} gives"
    _need(e.task.reads, f"{task} reads", e.model.gives, gives)
    if e.task.direction(e.train.best_metric) is None:
        raise errors.UserError(
            f"train.best_metric must be a metric of {task}: "
            f"{', '.join(e.task.metrics)}. Got {e.train.best_metric!r}."
        )
    for step in map(_name, train_steps.chain(e.train_step)):
        if step.rpartition(".")[2] not in e.task.train_steps:
            raise errors.UserError(
                f"{task} is trained by {', '.join(e.task.train_steps)}. "
                f"Got train_step={step}."
            )
    e.task.reserves(e.inputs)


def check_built(e: Experiment, backbone) -> None:
    """Whether the built backbone is what the model's config promised.

    Of a published model this is known only when its preset has been read.

    Raises:
      UserError: the task does not find what it reads, or nothing reads what it gives.
    """
    model, task = _name(e.model), _name(e.task)
    inputs, outputs = backbone.input, backbone.output
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise errors.UserError(
            f"{model}.build must return a keras.Model from a dict of inputs to a dict "
            f"of outputs. Got {type(inputs).__name__} to {type(outputs).__name__}."
        )
    _need(e.task.gives, f"{task} gives", inputs, f"{model} reads")
    _need(e.task.reads, f"{task} reads", outputs, f"{model} gives")


def _check_columns(wanted, who: str, there, data: str) -> None:
    """Whether the data has the columns, of a kind that is wanted."""
    _need(frozenset(wanted), f"{who} reads the column", frozenset(there), f"{data} has")
    for name, kinds in wanted.items():
        if kinds.isdisjoint(there[name]):
            raise errors.UserError(
                f"{who} reads the column {name} as {_listed(kinds, ' or ')}"
                f"{_meaning(kinds)}; {data} has it as {_listed(there[name], ' or ')}."
            )


def _need(wanted, who: str, there, whose: str) -> None:
    missing = frozenset(wanted) - frozenset(there)
    if missing:
        raise errors.UserError(
            f"{who} {_listed(missing)}{_meaning(missing)}; "
            f"{whose} {_listed(there) or 'nothing'}."
        )


def _cause(model, wanted) -> str:
    """`with window=8 `, of a field but for which the model would give it."""
    if wanted <= model.gives:
        return ""
    for field in dataclasses.fields(model):
        value, default = getattr(model, field.name), field.default
        if default is dataclasses.MISSING or value == default:
            continue
        with contextlib.suppress(errors.UserError):  # the default fits no other field
            if wanted <= dataclasses.replace(model, **{field.name: default}).gives:
                return f"with {field.name}={value} "
    return ""


def _listed(names, joint: str = ", ") -> str:
    return joint.join(sorted(names))


def _meaning(names) -> str:
    known = [GLOSSARY[name] for name in sorted(names) if name in GLOSSARY]
    return f" ({'; '.join(known)})" if known else ""


def _name(part) -> str:
    """`models.LSTM`, as an experiment's file has it; the class's name of a user's."""
    *_, package = type(part).__module__.split(".")[:2]
    ours = type(part).__module__.startswith("tfm.")
    return f"{package}.{type(part).__name__}" if ours else type(part).__name__

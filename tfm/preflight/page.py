"""The page of a preflight: what was found, in the order in which data flows."""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping

from tfm import console
from tfm.preflight import checks
from tfm.preflight import configuration
from tfm.preflight import memory
from tfm.preflight import texts

_LAYERS = 40  # that are listed
_ESTIMATE = "an estimate"


def lines(found: checks.Findings, changed: Collection[str]) -> Iterator[str]:
    """Yields the page.

    Args:
      found: what the checks found, with the facts that checklist.of tells of.
      changed: paths of the fields that the command line set.
    """
    facts = found.facts
    sections = {
        "Choice": facts.get("choice", ()),
        "Configuration": _configuration(facts, changed),
        "Data": _data(facts),
        "Model": _model(found),
        "Memory": _memory(facts),
        "Time": _time(facts),
        "Not looked at": found.skipped,
        "Warnings": found.warnings,
        "Mistakes": found.mistakes,
    }
    for title, body in sections.items():
        body = [f"  {console.visible(line)}" for line in body]
        if body:
            yield from ("", title, *body)
    count = len(found.mistakes)
    mistakes = f"{count} mistake{'s' * (count > 1)}"
    yield ""
    if count and "prepared" in facts:
        yield "The figures above are of the training without what is mistaken."
    yield f"Training would not start: {mistakes}." if count else "Training would start."


def _configuration(facts: Mapping, changed: Collection[str]) -> Iterator[str]:
    if "given" not in facts:
        return
    source = "auto" if "choice" in facts else "experiment"
    rows = list(configuration.lines(facts["given"], changed, facts["found"], source))
    width = max(len(f"{path}={value}") for path, value, _ in rows if len(value) < 40)
    for path, value, origin in rows:
        yield f"{f'{path}={value}':{width}}  {origin}"


def _data(facts: Mapping) -> Iterator[str]:
    made, sample = facts.get("prepared"), facts.get("sample")
    dataset = facts.get("data")
    is_read = isinstance(dataset, texts.ReadsRows)
    if is_read:
        yield from dataset.summary()
    if sample:
        yield f"inputs were learnt and encoded of a sample: {sample:,} rows"
    if made and not is_read:
        yield from made.summary
    for length in facts.get("lengths", ()):
        shown = ", ".join(f"{p} % {n:,}" for p, n in length.percentiles.items())
        yield f"{length.unit} a text, percentiles of {length.rows:,} of train: {shown}"
        if is_read:  # else the summary has them
            of_some = ""
            if length.rows < dataset.sizes["train"]:
                of_some = f" (of {length.rows:,} of them)"
            yield from (f"{line}{of_some}" for line in length.lines)
    for name, share in facts["step"].padding.items() if "step" in facts else ():
        yield f"{name}: {share:.0%} of a batch is padding"
    if "copies" in facts and facts["copies"].compared:
        compared = facts["copies"].compared
        sizes = ", ".join(f"{n:,} of {split}" for split, n in compared.items())
        if not facts["copies"].lines:
            yield f"no text is nearly the same in two splits ({sizes} compared)"
        else:
            yield f"compared for copies: {sizes}"


def _model(found: checks.Findings) -> Iterator[str]:
    trainer = found.facts.get("model")
    if not trainer:
        return
    layers = trainer.model.layers
    for layer in layers[:_LAYERS]:
        output = getattr(layer, "output", None)
        shape = "" if output is None else _shapes(output)
        frozen = "" if layer.trainable or not layer.weights else "  frozen"
        count = layer.count_params()
        yield f"{layer.name:24} {type(layer).__name__:24} {count:>12,}  {shape}{frozen}"
    if len(layers) > _LAYERS:
        yield f"... and {len(layers) - _LAYERS:,} more layers"
    yield from filter(None, found.said.get("the model", ()))


def _shapes(output) -> str:
    """The shapes of a layer's output, as [B, 400, 64]; ? is any size."""
    if isinstance(output, Mapping):
        return ", ".join(f"{name} {_shapes(o)}" for name, o in output.items())
    if isinstance(output, list | tuple):
        return ", ".join(map(_shapes, output))
    sizes = ["?" if size is None else str(size) for size in output.shape]
    return f"[{', '.join(['B', *sizes[1:]])}]"


def _memory(facts: Mapping) -> Iterator[str]:
    trainer = facts.get("model")
    if not trainer:
        return
    parts = memory.of_trainer(trainer)
    yield (
        ", ".join(f"{name} {_size(n)}" for name, n in parts.items())
        + f": {_size(sum(parts.values()))} on each device"
    )
    if larger := _larger_vocabulary(trainer, facts.get("sample")):
        ids, most = larger
        total = sum(memory.of_trainer(trainer, {ids: most}).values())
        yield (
            f"up to {_size(total)} where all rows fill the vocabulary: {most:,} ids in "
            f"place of the sample's {ids:,}"
        )
    if "step" in facts:
        step = facts["step"]
        yield (
            f"activations about {_size(step.peak.bytes)} for a batch of "
            f"{step.batch_size:,} ({_ESTIMATE}: the growth of the {step.peak.where}'s "
            f"memory in a step); the process has {_size(step.peak.process)} at its peak"
        )
    if "checkpoints" in facts:
        yield f"checkpoints up to {_size(facts['checkpoints'])} on disk"


def _larger_vocabulary(trainer, sample: int | None) -> tuple[int, int] | None:
    """The ids that a sample has, and those that all rows may have."""
    most = getattr(trainer.prepared.experiment.inputs, "vocab_size", None)
    tokens = trainer.prepared.preprocessor.specs.get("tokens")
    if not sample or not most or not tokens or not tokens.size:
        return None
    return (tokens.size, most) if tokens.size < most else None


def _time(facts: Mapping) -> Iterator[str]:
    if "step" not in facts:
        return
    step, plan = facts["step"], facts["plan"]
    yield (
        f"{step.seconds * 1000:,.1f} ms a step of {step.batch_size:,} examples (mean "
        f"of {step.measured} after the first two; the first, which compiles, took "
        f"{step.compiling:.1f} s)"
    )
    if not plan.is_known:
        yield "an epoch is not known: only a sample of the rows was read"
        if facts["built"].train.steps is not None:
            yield f"{_duration(plan.steps * step.seconds)} for {plan.steps:,} steps"
        return
    yield (
        f"{_duration(plan.epoch * step.seconds)} an epoch of {plan.epoch:,} steps "
        f"({plan.examples:,} examples); {plan.steps:,} steps in all"
    )
    if "evaluation" in facts:
        total = plan.seconds(step, facts["evaluation"])
        yield (
            f"about {_duration(total)} in all, {_duration(plan.preparation)} of it to "
            f"prepare the data ({_ESTIMATE})"
        )


def _duration(seconds: float) -> str:
    if seconds < 0.95:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    """Bytes for a human: 1.2 MB is 1,200,000."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"

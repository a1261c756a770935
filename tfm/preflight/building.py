"""Checks of what is built: devices, batch, inputs, model, a step, an evaluation."""

import dataclasses
import shutil
import time
from collections.abc import Mapping

from tfm import errors
from tfm.preflight import checks
from tfm.preflight import sources

_COPIES = 2  # checkpoints beside those that are kept: the best, and one being written


def devices(found: checks.Findings) -> Mapping[str, object]:
    """The distribution.job.Job."""
    return {"devices": found.facts["training"].start()}


def batch(found: checks.Findings) -> Mapping[str, object]:
    """Whether the batch divides; if not, it is put right to find more."""
    e, job = found.facts["built"], found.facts["devices"]
    try:
        job.check_batch(e.train.batch_size, e.train.micro_batches)
    except errors.UserError as error:
        found.mistake(error)
        parts = job.strategy.num_replicas_in_sync
        size = -(-e.train.batch_size // parts) * parts
        train = dataclasses.replace(e.train, micro_batches=1, batch_size=size)
        return {"built": dataclasses.replace(e, train=train)}
    return {}


def prepared(found: checks.Findings) -> Mapping[str, object]:
    """Inputs that are learnt and encoded: of all rows, or of a sample of many."""
    from tfm.preflight import measured
    from tfm.preflight import scratch
    from tfm.run import assembly

    training, e = found.facts["training"], found.facts["built"]
    sizes, sample = getattr(found.facts["data"], "sizes", None), None
    if not training.goes_on:
        data, sample = sources.sampled(e.data, e.inputs, sizes)
        e = dataclasses.replace(e, data=data)
    run = scratch.begun(training.scratch, training.run, training.name, e, training.own)
    started = time.perf_counter()
    made = assembly.prepare(e, run)
    seconds = time.perf_counter() - started
    if not sources.is_cut(made.left_out, sample):
        sample = None
    put_right = "bad_rows=skip" if sources.stops(found.facts["asked"].data) else None
    for line in made.left_out:  # but for what the sample, or a mistake, left out
        if not (sources.is_cut([line], sample) or put_right and put_right in line):
            found.warnings.append(f"left out: {line}")
    plan = measured.plan(made, sizes, sample is not None, seconds)
    return {"prepared": made, "sample": sample, "folder": run, "plan": plan}


def lengths(found: checks.Findings) -> Mapping[str, object]:
    """Lengths of the training texts, what is cut off, what is unknown."""
    from tfm.preflight import texts

    made = found.facts["prepared"]
    return {"lengths": texts.lengths(made.preprocessor, made.splits["train"])}


def copies(found: checks.Findings) -> Mapping[str, object]:
    """The same and nearly the same texts in two splits: each is a warning."""
    from tfm.preflight import texts

    made = found.facts.get("prepared")
    columns = found.facts["built"].inputs.columns
    copied = texts.copies(found.facts["data"], made and made.splits, columns)
    found.warnings.extend(copied.lines)
    return {"copies": copied}


def model(found: checks.Findings) -> Mapping[str, object]:
    """The trainer: model, optimizer, train step."""
    from tfm.run import trainer
    from tfm.training import loop

    made, job = found.facts["prepared"], found.facts["devices"]
    train = made.experiment.train
    direction = made.experiment.task.direction(train.best_metric)
    plan = loop.Plan.of(train, found.facts["plan"].examples, direction)
    return {"model": trainer.build(found.facts["folder"], job, made, plan)}


def step(found: checks.Findings) -> Mapping[str, object]:
    """A real step, and some more to measure."""
    from tfm.preflight import measured

    return {"step": measured.train(found.facts["model"])}


def evaluation(found: checks.Findings) -> Mapping[str, object]:
    """A batch of the validation split."""
    from tfm.preflight import measured

    return {"evaluation": measured.evaluate(found.facts["model"])}


def space(found: checks.Findings) -> Mapping[str, object]:
    """Whether the checkpoints find room where the run folder is."""
    from tfm.preflight import memory

    trainer = found.facts["model"]
    variables = [*trainer.model.weights, *trainer.optimizer.variables]
    kept = trainer.prepared.experiment.train.keep_checkpoints + _COPIES
    needed = kept * memory.of_variables(variables)
    place = found.facts["training"].run.path.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise errors.UserError(
            f"The checkpoints need about {needed / 1e9:.1f} GB in {place}. "
            f"Free there are {free / 1e9:.1f} GB."
        )
    return {"checkpoints": needed}

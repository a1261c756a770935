"""What training begins with where it does not begin from nothing.

A model with `init_from` takes weights, and the experiment takes the tokenizer, from an
earlier run or a preset; a models.Pretrained takes those of its preset.
"""

import dataclasses
import pathlib

from tfm import errors
from tfm.inputs import text as tokens_
from tfm.inputs.text import pretrained as pretrained_tokens
from tfm.models import pretrained as pretrained_models
from tfm.run import folder as run_folder


def tokenizer(experiment):
    """The tokenizer that comes with the weights; None where there is one to learn.

    It cuts texts as this experiment's fields say.

    Raises:
      UserError: the fields of `tokens` are not those that the weights belong to.
    """
    config = experiment.tokens
    source = _source_run(experiment.model)
    if source is not None:
        return _of_run(config, source)
    if isinstance(config, pretrained_tokens.Pretrained):
        return config.of(experiment.model).learn()
    return None


def load_weights(model, experiment) -> list[str]:
    """Loads the weights that training begins with, if any; lines for a human.

    Call it only if no checkpoint was restored.

    Raises:
      UserError: the source has no weights that fit.
    """
    from tfm.adaptation import weights_from

    config = experiment.model
    source = getattr(config, "init_from", "")
    run = _source_run(config)
    if run is not None:
        return weights_from.from_run(model, run.checkpoints, source).lines()
    source = source or getattr(config, "preset", "")
    if not source:
        return []
    from tfm.models import published_backbone

    published = published_backbone.with_weights(source)
    return weights_from.from_model(model, published, source).lines()


def _source_run(config) -> run_folder.RunFolder | None:
    """The run that a model's config names in init_from."""
    source = getattr(config, "init_from", "")
    if not source:
        return None
    run = run_folder.RunFolder(source)
    if run.exists():
        return run
    if isinstance(config, pretrained_models.Pretrained):
        return None  # a preset in place of the model's own
    if pathlib.Path(source).is_dir():
        raise errors.UserError(
            f"init_from={source} holds no run. The weights of a preset fit only "
            "models.Pretrained(preset=...)."
        )
    raise errors.UserError(f"init_from names a run folder. There is no {source}.")


def _of_run(config, run: run_folder.RunFolder):
    """The run's tokenizer, with the way of cutting texts of `config`.

    Raises:
      UserError: other fields differ, so that ids would mean other tokens.
    """
    found = tokens_.load(run.tokenizer)
    if type(found.config) is not type(config):
        kinds = [f"tokens.{type(c).__name__}" for c in (found.config, config)]
        raise errors.UserError(
            f"The token ids of {run.path} come from {kinds[0]}, this experiment's from "
            f"{kinds[1]}. Weights fit only the tokens that they were trained on."
        )
    free = ("max_length", "truncate", "preset")
    differ = [
        field.name
        for field in dataclasses.fields(config)
        if field.name not in free
        and getattr(config, field.name) != getattr(found.config, field.name)
    ]
    if differ:
        from tfm.config import fields

        theirs, ours = (
            " ".join(f"--tokens.{n}={fields.show(getattr(c, n))}" for n in differ)
            for c in (found.config, config)
        )
        raise errors.UserError(
            "Weights fit only the tokens that they were trained on. "
            f"{run.path} has {theirs}; got {ours}."
        )
    found.config = dataclasses.replace(
        found.config, max_length=config.max_length, truncate=config.truncate
    )
    return found


def keep_shape(experiment, folder: pathlib.Path) -> None:
    """Writes the shape of a published model to a run's folder, where there is one."""
    if isinstance(experiment.model, pretrained_models.Pretrained):
        experiment.model.kept_in(folder)


def save_adapter(model, experiment, folder: pathlib.Path) -> None:
    """Writes the low-rank adapters, and the head, to a run's folder."""
    from tfm.adaptation import lora

    config = experiment.model
    base = getattr(config, "init_from", "") or getattr(config, "preset", "")
    lora.save(model, folder, experiment.train.lora_targets, base)

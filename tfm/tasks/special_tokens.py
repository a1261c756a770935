"""Special tokens that a task needs of a vocabulary, such as [MASK] and [EOS]."""

import dataclasses
from collections.abc import Sequence

from tfm import errors

EOS = "[EOS]"  # ends a text, and what one begins after; as inputs.text has it


def check_inputs(task, inputs) -> None:
    """Whether a language model can be trained on what the inputs make.

    Args:
      task: a config, for the error.
      inputs: a config, as tfm.inputs.Text.

    Raises:
      UserError: they are not text, have no max_length, or change the tokens that are
        to be told.
    """
    if not hasattr(inputs, "special_tokens"):
        raise errors.UserError(
            f"{type(task).__name__} learns from text. Give inputs.Text or "
            f"inputs.PretrainedText. Got inputs.{type(inputs).__name__}."
        )
    if getattr(inputs, "max_length", 1) is None:
        raise errors.UserError(
            f"{type(task).__name__} cuts texts into windows of max_length tokens. "
            "Give --inputs.max_length=N. Got none."
        )
    augment = getattr(inputs, "augment", None)
    if augment is not None and augment != type(augment)():
        raise errors.UserError(
            f"{type(task).__name__} must see texts as they are: augmentation would "
            "change the tokens to be told. Leave inputs.augment out. Got "
            f"augment={augment}."
        )


def reserved(needed: Sequence[str], inputs) -> tuple[str, ...]:
    """The special tokens that are needed, which the vocabulary has room for.

    Args:
      needed: their names.
      inputs: a config whose `special_tokens` are those that the user asks for. Where
        they are no field, as of a published model, nothing is known yet.

    Raises:
      UserError: the vocabulary would be too small for them.
    """
    missing = [name for name in needed if name not in inputs.special_tokens]
    if missing and "special_tokens" in {f.name for f in dataclasses.fields(inputs)}:
        dataclasses.replace(inputs, special_tokens=(*inputs.special_tokens, *missing))
    return tuple(needed)


def ids(task, needed: Sequence[str], tokenizer) -> dict[str, int]:
    """{name: id} of the special tokens that are needed.

    Args:
      task: a config, for the error.
      needed: their names.
      tokenizer: a tfm.inputs.text Tokenizer.

    Raises:
      UserError: some are not in the vocabulary; it says how to get them.
    """
    missing = [name for name in needed if name not in tokenizer.special_names()]
    if missing:
        config = tokenizer.config
        given = ",".join((*config.special_tokens, *missing))
        raise errors.UserError(
            f"{type(task).__name__} needs special tokens that the vocabulary does not "
            f"have: {', '.join(missing)}."
            + f" Give --inputs.special_tokens={given}"
            * (config.method != "pretrained")
        )
    return {name: tokenizer.id_of(name) for name in needed}

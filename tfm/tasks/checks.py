"""What the fields of an objective over plain text must be, and the tokens it needs."""

import dataclasses
import typing

from tfm import errors

# what a window of the corpus holds; see CausalLM
Documents = typing.Literal["packed", "joined", "separate"]


def special_tokens(task, config, known) -> tuple[str, ...]:
    """The special tokens that the task needs.

    Args:
      task: a config with `special_tokens`.
      config: of the tokens, on whose max_length their number may depend.
      known: the tokens that the vocabulary has or is going to have.

    Raises:
      UserError: some are not known; it says how to get them.
    """
    needed = task.special_tokens(config.max_length)
    missing = [name for name in needed if name not in known]
    if missing:
        present = config.special_tokens
        raise errors.UserError(
            f"{type(task).__name__} needs special tokens that the vocabulary does not "
            f"have: {', '.join(missing)}."
            + f" Give --tokens.special_tokens={','.join((*present, *missing))}"
            * (config.method != "pretrained")
        )
    return needed


def not_ahead(task, model) -> None:
    """Whether the model may be asked for what comes next.

    Args:
      task: a config; of a causal one CAUSAL is true.
      model: a config; where positions see later ones, `sees_ahead` is true.

    Raises:
      UserError: it sees what it is asked for.
    """
    if getattr(task, "CAUSAL", False) and getattr(model, "sees_ahead", False):
        how = " with bidirectional=True" * getattr(model, "bidirectional", False)
        raise errors.UserError(
            f"{type(task).__name__} needs a model in which no token sees the later "
            "ones: models.Decoder, or an LSTM that reads forward. "
            f"Got models.{type(model).__name__}{how}."
        )


def has_decoder(task, model, bound, backbone) -> None:
    """Whether the model has a decoder beside an encoder where the task is for one.

    Args:
      task: a config.
      model: a config.
      bound: the task bound to the data; of one for an encoder-decoder, two_texts is
        true.
      backbone: the keras.Model of `model`.

    Raises:
      UserError: it has none, or has one where the task is for one text.
    """
    inputs = backbone.input
    there = isinstance(inputs, dict) and "decoder_tokens" in inputs
    if there == getattr(bound, "two_texts", False):
        return
    needs = "a model that reads one text" if there else "an encoder-decoder"
    raise errors.UserError(
        f"{type(task).__name__} takes {needs}. Got models.{type(model).__name__}."
    )


def special_ids(task, tokenizer, max_length: int) -> dict[str, int]:
    """{name: id} of the special tokens that the task needs; see `special_tokens`."""
    config = dataclasses.replace(tokenizer.config, max_length=max_length)
    names = special_tokens(task, config, tokenizer.special_names())
    return {name: tokenizer.id_of(name) for name in names}

"""Specs of a text model's inputs, as a preprocessor and a task give them."""

from tfm import interfaces


def of(vocab_size: int, length: int, *others: str) -> dict[str, interfaces.Spec]:
    """Those of "tokens", and of others by their names; there are 2 types."""
    sizes = {"tokens": vocab_size, "decoder_tokens": vocab_size, "types": 2}
    return {
        name: interfaces.Spec((length,), "int32", sizes.get(name))
        for name in ("tokens", *others)
    }

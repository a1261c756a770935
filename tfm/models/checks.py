"""What a model that cannot do something says."""

from tfm import errors


def not_packed(config, packed: bool):
    """Raises UserError if the model cannot keep the texts of a packed row apart."""
    if packed:
        raise errors.UserError(
            f"models.{type(config).__name__} cannot keep the texts of a packed row "
            "apart. Set task.documents to joined or separate."
        )


def no_types(config, types: int):
    """Raises UserError if the task tells kinds of tokens, which the model cannot."""
    if types:
        raise errors.UserError(
            f"models.{type(config).__name__} has no kinds of tokens, which pairs of "
            f"sentences need; models.Transformer has. Got types={types}."
        )

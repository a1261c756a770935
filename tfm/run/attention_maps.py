"""Attention maps: which tokens the last self-attention of a model looks at.

Any model has them that calls layers which can return their attention weights as those
of Keras do, by an argument `return_attention_scores` of `call`: layers of tfm, of
keras_nlp and of a user's own. Nothing of it is compiled into training or evaluation: a
few examples go through the model op by op.

B batch, H heads, T queries, S keys.
"""

import contextlib
import functools
import inspect
from collections.abc import Iterator

import keras
import numpy as np

from tfm import figures
from tfm import interfaces
from tfm.run import few_examples

_EXAMPLES = 3
_TOKENS = 32  # of an example


def of(
    model: keras.Model,
    objective: interfaces.Objective,
    preprocessor: interfaces.Preprocessor,
    split: interfaces.Split,
) -> dict[str, figures.Heatmap]:
    """Maps of a few examples of a split, means over the heads, by name.

    Args:
      model: with the weights that are looked at.

    Returns:
      Heatmaps whose row t has the attention weights of token t, which sum to 1 where
      none of the tokens is cut off; {} for a model without attention over its tokens.
    """
    name = _tokens_of(model, objective, preprocessor)
    if name is None or not any(_returning(model)):
        return {}
    args = objective, preprocessor, split, _EXAMPLES, _EXAMPLES
    (batch,) = few_examples.evaluation(*args)
    with recorded(model) as found:
        objective.eval_step(model, "evaluate")(batch)
    tokens_BT = np.asarray(batch[name])
    square = (tokens_BT.shape[1],) * 2
    weights = [scores for scores in found if scores.shape[2:] == square]
    if not weights:
        return {}
    real_B = np.asarray(batch["weight"]) > 0
    mean_BTS = weights[-1].mean(axis=1)[real_B]
    return {
        f"attention_{number + 1}": _map(mean_TS, tokens_T, preprocessor.tokenizer)
        for number, (mean_TS, tokens_T) in enumerate(
            zip(mean_BTS, tokens_BT[real_B], strict=True)
        )
    }


@contextlib.contextmanager
def recorded(model: keras.Model) -> Iterator[list[np.ndarray]]:
    """A list that gets the attention weights of each layer as the model is called.

    They are float32 [B, H, T, S], in the order of the calls, which must not be in a
    tf.function.
    """
    found: list[np.ndarray] = []
    with contextlib.ExitStack() as stack:
        for layer in dict.fromkeys(_returning(model)):  # one may be used twice
            stack.enter_context(_recording(layer, found))
        yield found


@contextlib.contextmanager
def _recording(layer: keras.layers.Layer, found: list[np.ndarray]) -> Iterator[None]:
    """While it is entered, each call of the layer adds its attention weights."""
    call = layer.call

    @functools.wraps(call)
    def recording(*args, **kwargs):
        kwargs["return_attention_scores"] = True
        output, weights = call(*args, **kwargs)
        weights = keras.ops.cast(weights, "float32")
        found.append(keras.ops.convert_to_numpy(weights))
        return output

    layer.call = recording  # hides the method of its class
    try:
        yield
    finally:
        del layer.call


def _returning(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """The layers that can return them; a block that can asks those within itself."""
    if "return_attention_scores" in inspect.signature(layer.call).parameters:
        yield layer
        return
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from _returning(inner)


def _tokens_of(model, objective, preprocessor) -> str | None:
    """The input whose ids are the preprocessor's tokens, if it is the only one."""
    tokenizer = getattr(preprocessor, "tokenizer", None)
    names = [
        name
        for name, spec in objective.inputs.items()
        if tokenizer and spec.size == tokenizer.vocab_size and name in model.input
    ]
    return names[0] if len(names) == 1 else None


def _map(weights_TS: np.ndarray, tokens_T: np.ndarray, tokenizer) -> figures.Heatmap:
    """The map of an example's tokens, without its padding."""
    real = np.flatnonzero(tokens_T)
    shown = real[:_TOKENS]
    names = tokenizer.tokens(tokens_T[shown].tolist())
    more = f"the first {len(shown)} of {len(real):,} tokens"
    return figures.Heatmap(
        weights_TS[np.ix_(shown, shown)],
        names,
        names,
        ("token", "looks at"),
        more if len(shown) < len(real) else "",
    )

"""Embedding tables that begin with given vectors, such as pretrained word vectors.

V vocabulary, D width, N vectors.
"""

import keras
import numpy as np

from tfm import errors


def begin(
    model: keras.Model,
    name: str,
    size: int,
    ids_N: np.ndarray,
    vectors_ND: np.ndarray,
    seed: int,
) -> float:
    """Gives vectors to rows of the table in which an input's ids are looked up.

    The other rows are drawn anew, normal with mean 0 and the standard deviation of all
    entries of the vectors, so that no row stands out by its size; but row 0, which is
    padding, stays as it is. Vectors stay as they are, but where the table's vectors
    are multiplied by sqrt(D) (layers.TokenEmbedding(scale=True)): such a table has
    variance 1 / D, and the vectors are scaled to it.

    Args:
      model: built.
      name: of the input of ids, as "tokens".
      size: V, below which the ids are.
      ids_N: rows of the table.
      vectors_ND: their vectors, float32.
      seed: of the rows that are drawn.

    Returns:
      What the vectors were multiplied by.

    Raises:
      UserError: no layer looks the ids up, or its table has another width.
    """
    width = vectors_ND.shape[1]
    stddev = float(vectors_ND.std()) or 1.0
    found = _tables(model, name, size)
    if not found:
        raise errors.UserError(
            f"Word vectors need a layer that looks {name} up, such as "
            f"layers.TokenEmbedding or keras.layers.Embedding. {model.name} has none."
        )
    factor = 1.0
    for table, is_scaled in found:
        num_rows, there = table.shape
        if there != width:
            raise errors.UserError(
                f"Word vectors must be as wide as the model's embeddings. "
                f"Got {width} numbers a word; {table.path} has {there}."
            )
        factor = width**-0.5 / stddev if is_scaled else 1.0
        rng = np.random.default_rng([seed, num_rows])
        rows_VD = rng.normal(0.0, stddev, (num_rows, width)).astype(np.float32)
        rows_VD[ids_N] = vectors_ND
        rows_VD *= factor
        rows_VD[0] = table.numpy()[0]
        table.assign(rows_VD)
    return factor


def of(model: keras.Model, name: str, size: int) -> np.ndarray | None:
    """The table in which an input is looked up, float32 [rows, D]; None without one.

    Args:
      model: built.
      name: of the input of ids.
      size: V, below which the ids are.
    """
    found = _tables(model, name, size)
    return np.asarray(found[0][0].numpy(), np.float32) if found else None


def _tables(
    model: keras.Model, name: str, size: int
) -> list[tuple[keras.Variable, bool]]:
    """The tables in which an input is looked up, and whether their vectors are scaled.

    In a layer of a user's own these are those with a row for each id.
    """
    found = {}
    for layer in _readers(model, model.input[name]):
        layers = [*layer._flatten_layers()]
        scaled = {
            id(outer.lookup)
            for outer in layers
            if hasattr(outer, "lookup") and getattr(outer, "factor", 1.0) != 1.0
        }
        for inner in layers:
            if isinstance(inner, keras.layers.Embedding):
                (table,) = (v for v in inner.weights if v.name == "embeddings")
                if table.shape[0] >= size:
                    found[id(table)] = (table, id(inner) in scaled)
    return list(found.values())


def _readers(model: keras.Model, tensor) -> list[keras.layers.Layer]:
    """The layers of a Functional model that read a tensor, within nested models too."""
    found = []
    for layer in model.layers:
        for node in layer._inbound_nodes:
            places = [i for i, t in enumerate(node.input_tensors) if t is tensor]
            if places and isinstance(layer, keras.Model) and hasattr(layer, "inputs"):
                inner = (layer.inputs[i] for i in places)
                found += [r for t in inner for r in _readers(layer, t)]
            elif places:
                found.append(layer)
    return found

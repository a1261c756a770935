"""A model's layers in groups: the head, the blocks from the last to the first, the
embeddings.

Layer-wise learning rates, gradual unfreezing, LoRA and probing go by them. A model says
what of it is the backbone; where the blocks are is read from its graph, so that any
Functional model will do.
"""

import dataclasses
import fnmatch
import re
from collections.abc import Callable
from collections.abc import Sequence

import keras

from tfm import errors


@dataclasses.dataclass(frozen=True)
class Group:
    """Layers that are at the same distance from the head."""

    name: str  # head, embedding, or that of its first layer
    variables: tuple[keras.Variable, ...]


def mark_backbone(model: keras.Model, backbone: keras.Model) -> None:
    """Has `model`, made of `backbone` and a head, remember which layers are which."""
    model.backbone_layers = frozenset(layer.name for layer in backbone.layers)


def backbone_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers under the head, in the order of the graph.

    Without a mark these are all whose name does not begin with "head".
    """
    names = getattr(model, "backbone_layers", None)
    if names is not None:
        return [layer for layer in model.layers if layer.name in names]
    return [layer for layer in model.layers if not layer.name.startswith("head")]


def backbone_variables(model: keras.Model) -> list[keras.Variable]:
    """The variables of the layers under the head, each once."""
    found = {id(v): v for layer in backbone_layers(model) for v in layer.variables}
    return list(found.values())


def of(model: keras.Model) -> list[Group]:
    """The groups of all weights: the head first, the embeddings last.

    A layer of embeddings belongs to the embeddings wherever it is; a normalization or
    pooling to the group below it; layers side by side are one group. Stacked layers
    within one layer, as forward_0 and forward_1, are groups of their own.
    """
    under = backbone_layers(model)
    embedding, groups = [], []
    for side_by_side in _by_depth(model, under):
        for layers in _stacked(side_by_side):
            rest = [layer for layer in layers if not _is_embedding(layer)]
            embedding += [layer for layer in layers if _is_embedding(layer)]
            if not rest:
                continue
            if groups and all(re.search("norm|pool", layer.name) for layer in rest):
                groups[-1] += rest
            else:
                groups.append(rest)
    backbone = {id(v) for v in backbone_variables(model)}
    head = tuple(v for v in model.weights if id(v) not in backbone)
    found = [Group("head", head)]
    found += [Group(g[0].name, _weights(g)) for g in reversed(groups)]
    found.append(Group("embedding", _weights(embedding)))
    return [group for group in found if group.variables]


def matching(
    model: keras.Model,
    patterns: Sequence[str],
    field: str,
    fits: Callable[[keras.layers.Layer], bool] = lambda layer: True,
) -> list[keras.layers.Layer]:
    """The layers, and layers in layers, whose name or path matches a pattern.

    Args:
      model: built.
      patterns: with * and ?, such as embedding, block_* or lstm/forward_0.
      field: whose value the patterns are, for the message.
      fits: what else must hold of a layer.

    Raises:
      UserError: a pattern that matches no layer with weights.
    """
    layers = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if layer.weights and fits(layer)
    ]
    found = {}
    for pattern in patterns:
        matched = {
            id(layer): layer
            for layer in layers
            if fnmatch.fnmatchcase(layer.name, pattern)
            or fnmatch.fnmatchcase(layer.path, pattern)
        }
        if not matched:
            names = ", ".join(dict.fromkeys(layer.name for layer in layers))
            raise errors.UserError(
                f"{field}: no layer matches {pattern!r}. There are {names}."
            )
        found |= matched
    return list(found.values())


def _by_depth(model, wanted) -> list[list[keras.layers.Layer]]:
    """The wanted layers with weights, from the input up; side by side in one list."""
    wanted = {id(layer) for layer in wanted}
    placed, rows = set(), []
    for _, nodes in sorted(model._nodes_by_depth.items(), reverse=True):
        row = []
        for layer in (node.operation for node in nodes):
            if id(layer) in wanted - placed and getattr(layer, "weights", ()):
                placed.add(id(layer))
                row.append(layer)
        nested = [layer for layer in row if hasattr(layer, "_nodes_by_depth")]
        for inner in nested:
            rows += _by_depth(inner, inner.layers)
        rows.append([layer for layer in row if layer not in nested])
    return [row for row in rows if row]


def _stacked(layers) -> list[list[keras.layers.Layer]]:
    """`layers`; or, where it is one that holds a numbered stack, its parts in order."""
    if len(layers) > 1:
        return [layers]
    inner = layers[0]._flatten_layers(include_self=False, recursive=False)
    inner = [layer for layer in inner if layer.weights]
    numbers = [re.fullmatch(r".*_(\d+)", layer.name) for layer in inner]
    if not inner or not all(numbers) or _is_embedding(layers[0]):
        return [layers]
    stack = {}
    for layer, number in zip(inner, numbers, strict=True):
        stack.setdefault(int(number[1]), []).append(layer)
    return [stack[number] for number in sorted(stack)]


def _is_embedding(layer: keras.layers.Layer) -> bool:
    known = isinstance(layer, keras.layers.Embedding)
    return known or bool(re.search("embed|position", layer.name))


def _weights(layers) -> tuple[keras.Variable, ...]:
    return tuple({id(v): v for layer in layers for v in layer.weights}.values())

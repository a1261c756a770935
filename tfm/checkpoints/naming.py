"""Names of a checkpoint's tensors, and the match of variables to them.

weights/0003:lstm/kernel  the model's weights
ema/0003:lstm/kernel      their exponential moving averages, where these are kept
alpha/0003:lstm/kernel    of the low-rank adapter of that kernel, where it has one
optimizer/0007:...        the optimizer's variables
seeds/0000:...            the states of the random-number generators
state/step ...            where training stands, and the best evaluation
extra/NAME                what else a run has

The place before the colon keeps names unique; behind it is the Keras variable's path.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping

import keras
import tensorflow as tf

from tfm.checkpoints import numbers


def named(group: str, variables: Iterable) -> dict[str, keras.Variable]:
    """{name: variable} of a list of Keras variables."""
    return {f"{group}/{i:04}:{v.path}": v for i, v in enumerate(variables)}


def named_averages(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> dict:
    """{name: average}, each with the place and path of the weight that it is of.

    They are among the optimizer's variables; empty where it keeps none.
    """
    if not optimizer.use_ema:
        return {}
    names = {id(v): name for name, v in named("ema", model.weights).items()}
    averages = optimizer._model_variables_moving_average
    pairs = zip(model.trainable_variables, averages, strict=True)
    return {names[id(weight)]: average for weight, average in pairs}


def named_alphas(model: keras.Model) -> dict[str, numbers.Number]:
    """{name: alpha} of each low-rank adapter, with the place and path of its kernel.

    Without it the weights say nothing: the adapter counts alpha / rank times.
    """
    names = {id(v): name for name, v in named("alpha", model.weights).items()}
    adapted = [
        layer
        for layer in model._flatten_layers()
        if getattr(layer, "lora_enabled", False)
    ]
    return {
        names[id(adapted_kernel(layer))]: numbers.Number(layer.lora_alpha, "float64")
        for layer in adapted
    }


def adapted_kernel(layer: keras.layers.Layer) -> keras.Variable:
    """The kernel, or the embedding table, that a layer's adapter is of."""
    is_table = isinstance(layer, keras.layers.Embedding)
    return layer._embeddings if is_table else layer._kernel


def weights_of(specs: Mapping[str, tf.TensorSpec]) -> dict[str, tf.TensorSpec]:
    """Of a checkpoint's tensors, the weights and the step."""
    return {n: s for n, s in specs.items() if n.startswith(("weights/", "state/step"))}


def average_of(weight: str) -> str:
    """The name under which a weight's moving average is kept."""
    return re.sub(r"^weights/", "ema/", weight)


def alpha_of(weight: str) -> str:
    """The name under which the alpha of a kernel's adapter is kept."""
    return re.sub(r"^weights/", "alpha/", weight)


def match(specs: Mapping[str, tf.TensorSpec], variables: Mapping) -> dict[str, str]:
    """{variable's name: tensor's name}; place, path, shape and type must be the same.

    Raises:
      ValueError: a tensor or a variable is left without its partner; says which.
    """
    left = {_place(name): name for name in specs}
    matched = {}
    for name, variable in variables.items():
        tensor = left.pop(_place(name), None)
        if tensor is None:
            raise ValueError(f"it has no {name}")
        wanted = tf.TensorSpec(variable.shape, variable.dtype)
        if (_path(tensor), specs[tensor]) != (_path(name), wanted):
            found = _shown(tensor, specs[tensor])
            raise ValueError(f"it has {found} in place of {_shown(name, wanted)}")
        matched[name] = tensor
    if left:
        raise ValueError(f"it has {min(left.values())}, which nothing here is")
    return matched


def _place(name: str) -> str:
    return name.partition(":")[0]


def _path(name: str) -> str:
    # without the numbers by which Keras tells apart the layers of one process
    return re.sub(r"_\d+", "", name.partition(":")[2])


def _shown(name: str, spec: tf.TensorSpec) -> str:
    return f"{name} {spec.dtype.name}{list(spec.shape)}"

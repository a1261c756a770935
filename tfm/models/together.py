"""Several models whose vectors are joined: late fusion, wide and deep models.

B batch, P pooled width of a part.
"""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import interfaces
from tfm import validation


@dataclasses.dataclass(frozen=True)
class Together:
    """Models side by side, their pooled vectors joined (late fusion, wide and deep).

    A part reads the arrays of its names, of inputs.Together or of any other inputs, and
    is trained with the others. A part is set by its name: --model.parts.lstm.width=64.
    Source: Cheng et al. 2016, arXiv:1606.07792.
    """

    parts: Mapping[str, interfaces.Model]  # by names of your choice

    gives = frozenset({"pooled"})

    def __post_init__(self):
        validation.configs(self, "parts")
        validation.filled(self, "parts")
        for name, part in self.parts.items():
            if isinstance(part, interfaces.Preset):
                raise errors.UserError(
                    "models.Together takes models without published weights. Got "
                    f"{name}={type(part).__name__}. Use inputs.SentenceVectors with "
                    "models.MLP for its vectors."
                )
            if "pooled" not in part.gives:
                raise errors.UserError(
                    "Parts of models.Together must give pooled, a vector of each "
                    f"example. Got {name}={type(part).__name__}."
                )

    @property
    def reads(self) -> interfaces.Names:
        """Names of the inputs of all parts."""
        return frozenset().union(*(part.reads for part in self.parts.values()))

    @property
    def optional(self) -> interfaces.Names:
        """Names of the inputs that parts read where they are given."""
        return frozenset().union(*(part.optional for part in self.parts.values()))

    def build(self, specs: Mapping[str, interfaces.Spec]):
        """The keras.Model of the inputs of all parts -> {"pooled": [B, sum of P]}.

        Args:
          specs: of what the parts read; some may read the same.
        """
        import keras

        inputs, pooled = {}, []
        for name, part in self.parts.items():
            model = part.build(specs)
            model.name = f"{name}_model"  # arrays have names too
            for array in model.input:
                if array not in inputs:
                    spec = specs[array]
                    inputs[array] = keras.Input(
                        spec.shape, dtype=spec.dtype, name=array
                    )
            outputs = model({array: inputs[array] for array in model.input})
            pooled.append(outputs["pooled"])
        pooled_BP = keras.ops.concatenate(pooled, axis=-1)
        return keras.Model(inputs, {"pooled": pooled_BP}, name="together_model")

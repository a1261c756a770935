"""Train steps: how an update is computed from a batch."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class MeanLoss:
    """Gradient descent on the weighted mean of the examples' losses, the default."""

    def build(self, model, loss: Callable, optimizer, **options) -> Callable:
        """The compiled function of many updates; see step.train_function."""
        from tfm.training import step

        return step.train_function(model, loss, optimizer, **options)

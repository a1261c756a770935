"""The function of many updates by a train step, for a model and a loss alone."""

import types
from collections.abc import Callable

from tfm import training
from tfm.training import data_parallel
from tfm.training import train_step


def train_function(
    model,
    loss: Callable | object,
    optimizer,
    settings=training.MeanLoss(),  # noqa: B008
    *,
    clip_norm: float | None = None,
    loss_scale=None,
    batch_size: int | None = None,
    total_steps: int | None = None,
    **options,
) -> Callable:
    """See train_step.train_function; made in the scope of the present strategy.

    Args:
      loss: (outputs, batch) -> losses, weights, sums; or an objective.
      settings: of the train step.
      **options: of DataParallel.
    """
    objective = types.SimpleNamespace(loss=loss) if callable(loss) else loss
    components = train_step.Components(
        model,
        objective,
        optimizer,
        clip_norm=clip_norm,
        loss_scale=loss_scale,
        batch_size=batch_size,
        total_steps=total_steps,
    )
    step = settings.build(components)
    step.begin()
    parallel = data_parallel.DataParallel(batch_size=batch_size, **options)
    run = train_step.train_function(step, parallel)
    run.step = step
    return run

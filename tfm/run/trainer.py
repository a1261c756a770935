"""What is trained: model, optimizer and state, and the functions compiled for them."""

import dataclasses
import pathlib
from collections.abc import Callable

import keras

from tfm.adaptation import layerwise
from tfm.adaptation import lora
from tfm.checkpoints import checkpoints
from tfm.distribution import job as jobs
from tfm.run import assembly as pipeline
from tfm.run import folder as run_folder
from tfm.run import warm_start as initialization
from tfm.training import evaluation
from tfm.training import loop
from tfm.training import precision
from tfm.training import step


@dataclasses.dataclass(frozen=True)
class Trainee:
    """What `build` returns."""

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    state: checkpoints.Checkpoints
    train_steps: Callable  # see step.train_function
    evaluation: evaluation.Evaluation

    def scores(self, batches) -> dict[str, float]:
        """The metrics of a split, by the averaged weights where these are kept."""
        with step.averaged_weights(self.model, self.optimizer):
            return self.evaluation.metrics(batches)

    def save_adapter(self, experiment, folder: pathlib.Path) -> None:
        """Writes the adapters alone, likewise."""
        with step.averaged_weights(self.model, self.optimizer):
            initialization.save_adapter(self.model, experiment, folder)

    def outputs(self, batches):
        """Outputs and labels of every example, likewise."""
        with step.averaged_weights(self.model, self.optimizer):
            return self.evaluation.outputs(batches)


def build(
    experiment,
    folder: run_folder.RunFolder,
    job: jobs.Job,
    prepared: pipeline.Pipeline,
    plan: loop.Plan,
) -> Trainee:
    """Restored where there is a checkpoint; else it begins as the model's fields say.

    Raises:
      UserError: the fields do not fit the data, the devices or the weights.
    """
    e = experiment
    job.check_batch(e.train.batch_size, e.train.micro_batches)
    keras.utils.set_random_seed(e.train.seed)
    keras.config.set_dtype_policy(e.train.dtype)
    loss_scale = precision.LossScale(e.train.dtype == "mixed_float16")
    with job.strategy.scope():
        model = e.build_model(
            prepared.tokenizer.vocab_size, prepared.task, folder.pretrained
        )
        optimizer = e.optimizer.build(plan.total_steps, model, e.train.unfreeze_every)
        evaluated = evaluation.Evaluation(model, prepared.task)
        train_steps = step.train_function(
            model,
            prepared.task.loss,
            optimizer,
            clip_norm=e.optimizer.clip_norm,
            micro_batches=e.train.micro_batches,
            loss_scale=loss_scale,
            jit_compile=e.train.jit_compile,
        )
    state = checkpoints.Checkpoints(
        folder.checkpoints,
        model,
        optimizer,
        e.train.keep_checkpoints,
        extra=loss_scale.variables,
        writes=job.is_chief,
        barrier=job.barrier,
    )
    restored = state.restore()
    job.say(
        f"Model       {type(e.model).__name__}, {model.count_params():,} parameters, "
        f"{prepared.tokenizer.vocab_size:,} token ids"
    )
    job.say(f"Runs on     {job.description}")
    if restored:
        job.say(f"Restored    step {int(state.step):,} of {plan.total_steps:,}")
        notes = []
    else:
        notes = initialization.load_weights(model, e)
    if e.train.lora_rank:
        notes.append(lora.report(model))
    elif e.train.freeze:
        notes.append(f"Trains      {lora.share(model)}")
    notes += layerwise.report(model, e.optimizer.layer_decay, e.train.unfreeze_every)
    for note in notes:
        job.say(note)
    return Trainee(model, optimizer, state, train_steps, evaluated)

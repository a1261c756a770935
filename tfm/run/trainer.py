"""The trainer: model, optimizer, checkpoints, and the functions compiled for them."""

import dataclasses
import pathlib
from collections.abc import Callable

import keras

from tfm import interfaces
from tfm import progress
from tfm.adaptation import lora
from tfm.checkpoints import checkpoints
from tfm.distribution import job as jobs
from tfm.run import assembly
from tfm.run import folder as run_folder
from tfm.run import frozen
from tfm.run import kept_results
from tfm.run import scoring
from tfm.run import warm_start
from tfm.run import word_vectors
from tfm.training import data_parallel
from tfm.training import evaluation
from tfm.training import loop
from tfm.training import optimizer as optimizers
from tfm.training import precision
from tfm.training import running_statistics
from tfm.training import train_step


@dataclasses.dataclass(frozen=True)
class Trainer:
    """The model and all that trains it; made by `build`."""

    prepared: assembly.Prepared
    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    state: checkpoints.Checkpoints
    train_steps: Callable  # see train_step.train_function
    evaluator: evaluation.Evaluator

    @property
    def token_ids(self) -> list[str]:
        """The inputs whose entries are tokens: ids in a row, of which 0 is padding."""
        return _ids(self.prepared.preprocessor, self.model)

    @property
    def token_slots(self) -> int:
        """Tokens of an update's batch, padding included."""
        lengths = [self.model.input[name].shape[1] for name in self.token_ids]
        return self.prepared.experiment.train.batch_size * sum(lengths)

    def score(
        self,
        split: str,
        watch: Callable[[float], None] = lambda share: None,
        thorough: bool = False,
    ) -> scoring.Scored:
        """A split's scores, by the averaged weights where these are kept.

        Args:
          watch, thorough: see scoring.score.
        """
        prepared = self.prepared
        with optimizers.averaged_weights(self.model, self.optimizer):
            return scoring.score(
                self.evaluator,
                prepared.objective,
                prepared.preprocessor,
                prepared.splits[split],
                prepared.experiment.train.eval_batch_size,
                watch,
                thorough,
                f"Evaluating {split}" if thorough else "Validating",
            )

    def keep(
        self, scored: scoring.Scored, folder: run_folder.RunFolder, name: str
    ) -> None:
        """Keeps what `score` found of each example, under a name in the run folder."""
        config = folder.saved()["config"]
        with optimizers.averaged_weights(self.model, self.optimizer):
            made_by = kept_results.identity(self.model, config)
        path = folder.evaluation / f"{name}.parquet"
        kept_results.write(path, scored.results, scored.split, made_by)

    def save_adapter(self, folder: pathlib.Path) -> None:
        """Writes the low-rank adapters and the head alone, likewise."""
        e = self.prepared.experiment
        with optimizers.averaged_weights(self.model, self.optimizer):
            lora.save(self.model, folder, e.adapt.lora_targets, warm_start.base(e))


def build(
    folder: run_folder.RunFolder,
    job: jobs.Job,
    prepared: assembly.Prepared,
    plan: loop.Plan,
) -> Trainer:
    """Restored where there is a checkpoint; else it begins as the experiment says.

    Raises:
      UserError: the fields do not fit the data, the devices or the weights.
    """
    e, objective = prepared.experiment, prepared.objective
    job.check_batch(e.train.batch_size, e.train.micro_batches)
    keras.utils.set_random_seed(e.train.seed)
    keras.config.set_dtype_policy(e.train.dtype)
    with job.strategy.scope(), progress.phase("Building the model"):
        model = assembly.build_model(e, objective, folder.pretrained)
        optimizer = e.optimizer.build(plan.total_steps, model, e.adapt)
        evaluator = evaluation.Evaluator(model, objective)
        notes = frozen.load(objective, folder, job.is_chief)
        step = _train_step(e, model, objective, optimizer, plan)
        parallel = _parallel(e, model, prepared.preprocessor)
    state = checkpoints.Checkpoints(
        folder.checkpoints,
        model,
        optimizer,
        e.train.keep_checkpoints,
        extra=step.variables,
        writes=job.is_chief,
        barrier=job.barrier,
    )
    restored = state.restore()
    job.say(_about(type(e.model).__name__, model, prepared.preprocessor))
    job.say(f"Runs on     {job.description}")
    if restored:
        job.say(f"Restored    step {int(state.step):,} of {plan.total_steps:,}")
    if not restored:
        notes += warm_start.load_weights(model, e)
        notes += word_vectors.load(model, prepared.preprocessor, e, folder)
        step.begin()
    notes += e.adapt.report(model)
    notes += running_statistics.check(
        model,
        job.strategy.num_replicas_in_sync,
        e.train.micro_batches,
        e.train.jit_compile,
    )
    for note in notes:
        job.say(note)
    run_steps = train_step.train_function(step, parallel)
    return Trainer(prepared, model, optimizer, state, run_steps, evaluator)


def _train_step(e, model, objective, optimizer, plan: loop.Plan):
    """The train step of an experiment, as its train_step makes it."""
    return e.train_step.build(
        train_step.Components(
            model,
            objective,
            optimizer,
            clip_norm=e.optimizer.clip_norm,
            loss_scale=precision.LossScale(e.train.dtype == "mixed_float16"),
            batch_size=e.train.batch_size,
            total_steps=plan.total_steps,
            seed=e.train.seed,
        )
    )


def _parallel(e, model, preprocessor) -> data_parallel.DataParallel:
    """The collectives of an experiment's batches."""
    return data_parallel.DataParallel(
        micro_batches=e.train.micro_batches,
        jit_compile=e.train.jit_compile,
        token_ids=_ids(preprocessor, model),
        batch_size=e.train.batch_size,
        synchronized=running_statistics.synchronized(model),
    )


def _ids(preprocessor: interfaces.Preprocessor, model: keras.Model) -> list[str]:
    """The inputs whose entries are tokens: ids in a row, of which 0 is padding."""
    return [
        name
        for name, spec in preprocessor.specs.items()
        if spec.size and len(spec.shape) == 1 and name in model.input
    ]


def _about(name: str, model: keras.Model, preprocessor: interfaces.Preprocessor) -> str:
    sizes = [
        f"{spec.size:,} {name.removesuffix('s')} ids"
        for name, spec in preprocessor.specs.items()
        if spec.size
    ]
    return ", ".join(
        [f"Model       {name}, {model.count_params():,} parameters", *sizes]
    )

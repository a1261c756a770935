"""Cost of a run's TensorBoard, as a share of its training's CPU time.

    python benchmarks/cockpit.py [--rounds=5] [--FIELD=VALUE ...]

Each part is timed by itself in one run, and taken as often as a whole training at the
experiment's settings has it: norms of the layers and scalars at each logged step;
pictures, texts, curves and histograms at each evaluation; the layout, first histograms
and lengths at the start; settings, scores and vectors at the end. A ratio of two
trainings, with all this and without, would drown in the noise. Printed are CPU seconds
of all threads, the least of the rounds (others' load disturbs these least). Measured
with TensorFlow 2.21.0 on 2 cores: 3.0 % of text_cls, of 136 CPU seconds. Attention maps
(a Transformer's, 1.2 s) come at about four evaluations and are counted at each here.
"""

import dataclasses
import pathlib
import sys
from collections.abc import Mapping

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm import config


@dataclasses.dataclass(frozen=True)
class Options(runs.Rounds):
    """python benchmarks/cockpit.py [--experiment=NAME] [--FIELD=VALUE ...]

    Times what TensorBoard shows of a run, part by part, and prints its share of a
    whole training's CPU time.
    """

    rounds: int = 5  # of each part; the least of them counts


def main(options: Options, experiment, changed: Mapping[str, object]) -> None:
    from benchmarks import ways  # imports TensorFlow

    with ways.data(options.experiment, experiment) as (folder, prepared):
        costs = _Costs(folder, prepared, options.rounds)
        steps = costs.of_steps()
        parts = costs.of_parts()
    for name, (seconds, times) in (steps | parts).items():
        print(f"{name:36} {seconds:8.3f} s, {times:6,} times")
    training = sum(
        s * n for name, (s, n) in steps.items() if name.startswith("the steps")
    )
    shown = sum(s * n for s, n in parts.values())
    shown += sum(s * n for name, (s, n) in steps.items() if name.startswith("norms"))
    print(
        f"\nTensorBoard / training: {shown / training:.2%} of {training:,.0f} CPU "
        f"seconds; {runs.machine()}"
    )


class _Costs:
    """The CPU seconds of each part, and how often a training has it."""

    def __init__(self, folder, prepared, rounds: int):
        from tfm.distribution import job
        from tfm.run import trainer
        from tfm.training import loop

        e = prepared.experiment
        self.folder, self.rounds = folder, rounds
        direction = e.task.direction(e.train.best_metric)
        self.plan = loop.Plan.of(e.train, len(prepared.training_examples), direction)
        self.run = trainer.build(folder, job.Job("one"), prepared, self.plan)
        self.logs = -(-self.plan.total_steps // e.train.log_every)
        self.evaluations = -(-self.plan.total_steps // self.plan.eval_every)

    def of_steps(self) -> dict[str, tuple[float, int]]:
        """The steps between two logged ones, and the norms at the last of them."""
        batches = iter(self.run.prepared.training_batches(0))
        size = self.plan.log_every
        call = lambda: self.run.train_steps(batches, size, False, True)  # noqa: E731
        self.rows = call()  # traces
        steps = self._least(call, self.rounds)
        norms = self._norms()
        norms()
        watches = -(-self.plan.total_steps // self.plan.watch_every)
        return {
            f"the steps, {size} of them": (steps, self.logs),
            "norms of the layers": (self._least(norms, 10 * self.rounds), watches),
        }

    def _norms(self):
        """The norms of the layers alone, around an update that copies the weights."""
        import tensorflow as tf

        from tfm.adaptation import groups
        from tfm.training import data_parallel
        from tfm.training import layer_norms

        model = self.run.model
        trained = model.trainable_variables
        layers = {group.name: group.variables for group in groups.of(model)}
        made = layer_norms.LayerNorms(trained, layers)
        parallel = data_parallel.DataParallel()

        def update():
            for variable in trained:
                variable.value.assign_add(tf.zeros_like(variable.value))

        @tf.function(autograph=False)
        def norms(watched):
            parallel.watched = watched
            gradients = [tf.identity(variable.value) for variable in trained]
            return made.around(update, gradients, parallel)

        return lambda: norms(tf.constant(True))

    def of_parts(self) -> dict[str, tuple[float, int]]:
        """The start, a logged step, an evaluation and the end."""
        from benchmarks import ways
        from tfm.run import cockpit

        made, run = [], self.run

        def start():
            made.append(cockpit.Cockpit(self.folder, run, self.plan))
            made[0].board.__enter__()

        started = ways.timed(start).cpu
        (shown,) = made
        scored = run.score("validation")
        scalars = {name: float(values[-1]) for name, values in self.rows.items()}
        scalars |= {"steps_per_second": 1.0, "tokens_per_second": 1.0}
        logged = self._least(lambda: shown.board.logged(1, scalars), self.rounds)

        def evaluated():
            shown.evaluated(self.plan.total_steps, scored)
            shown.board.evaluated(self.plan.total_steps, scored.metrics, False)

        each = self._least(evaluated, self.rounds)
        run.state.best_step.assign(1)
        scores = {"test": scored.metrics, "reference_validation": {"accuracy": 0.5}}
        end = lambda: cockpit.finish(self.folder, run, scores, 2)  # noqa: E731
        finished = ways.timed(end).cpu
        shown.board.__exit__()
        return {
            "a logged step": (logged, self.logs),
            "an evaluation": (each, self.evaluations),
            "the start": (started, 1),
            "the end": (finished, 1),
        }

    def _least(self, function, times: int) -> float:
        from benchmarks import ways

        return min(ways.timed(function).cpu for _ in range(times))


if __name__ == "__main__":
    config.run(main, Options, runs.experiment)

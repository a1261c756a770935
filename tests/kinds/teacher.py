"""A mean teacher of one's own: a train step, and a task that names it."""

import dataclasses

import keras
import tensorflow as tf

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment
from tfm.training import forward


@dataclasses.dataclass(frozen=True)
class OwnTeacher:
    """Agreement with an average of the weights."""

    decay: float = 0.9  # share of the average that stays at an update
    agreement: float = 1.0  # factor of the distance to the average's answers

    def build(self, components):
        return OwnTeacherStep(components, self)


class OwnTeacherStep:
    """Cross-entropy, and the distance to what the average of the weights says."""

    def __init__(self, components, settings):
        self.model, self.objective = components.model, components.objective
        self.optimizer = components.clipped_optimizer()
        self.settings = settings
        self.average = [
            keras.Variable(v, trainable=False) for v in self.model.trainable_variables
        ]
        kept = {f"average/{i:03}": v for i, v in enumerate(self.average)}
        self.variables = {**self.optimizer.variables, **kept}

    def begin(self):
        for average, weight in self.pairs():
            average.assign(weight)

    def pairs(self):
        return zip(self.average, self.model.trainable_variables, strict=True)

    def __call__(self, batch, parallel):
        gradients, sums = parallel.all_reduce(self.of_shard, batch)
        loss, apart, weight = sums
        gradients = parallel.run(lambda gs, w: [g / w for g in gs], gradients, weight)
        scalars = self.optimizer.apply(gradients, parallel)
        parallel.assign(self.average, parallel.run(self.averages))
        loss, apart, weight = parallel.local(sums)
        shown = {"loss": loss / weight, "apart": apart / weight, "weight": weight}
        return scalars | shown

    def of_shard(self, rows, shard):
        with tf.GradientTape() as tape:
            logits, added = forward.forward(self.model, rows, shard)
            losses, weights, _ = self.objective.loss(logits, rows)
            apart = tf.reduce_mean(tf.square(logits - self.answers(rows)), axis=1)
            total = tf.reduce_sum((losses + self.settings.agreement * apart) * weights)
            total += added * tf.reduce_sum(weights)
        variables = [v.value for v in self.model.trainable_variables]
        gradients = map(tf.convert_to_tensor, tape.gradient(total, variables))
        sums = [tf.reduce_sum(x * weights) for x in (losses, apart)]
        return list(gradients), (*sums, tf.reduce_sum(weights))

    def answers(self, rows):
        with keras.StatelessScope([(v, a.value) for a, v in self.pairs()]):
            logits = self.model(forward.inputs_of(self.model, rows), training=False)
        return tf.stop_gradient(logits)

    def averages(self):
        share = 1 - self.settings.decay
        return [a.value + share * (v.value - a.value) for a, v in self.pairs()]


@dataclasses.dataclass(frozen=True)
class Sentiment(tasks.TextClassification):
    """tfm's text classification, trained by another step."""

    train_steps = ("OwnTeacher",)


def experiment():
    return Experiment(
        data=data.LabeledText(train="reviews.csv"),
        inputs=inputs.Text(method="word", vocab_size=500, max_length=16),
        model=models.CNN(8, 8, kernel_widths=(2,), dropout=0.1),
        task=Sentiment(),
        train_step=OwnTeacher(),
        optimizer=training.Optimizer(learning_rate=1e-2),
        train=training.Train(epochs=3, batch_size=16),
    )

"""From an experiment's data to batches: records or a corpus, vocabulary, task."""

import dataclasses
from collections.abc import Callable
from collections.abc import Mapping

import numpy as np

from tfm import errors
from tfm import files
from tfm.run import folder as run_folder


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """What a model is trained and evaluated on; made by `prepare`.

    Attributes:
      tokenizer: the tfm.inputs.text Tokenizer.
      task: bound to the data: a Classifier, or an objective over plain text.
      examples: {split: batches.Examples}, as evaluation sees them.
      training_examples: those of the training split, changed at random where the
        experiment asks for it.
      report: lines for a human: what was read, dropped and kept.
      origins: (places in the training split, their epochs) -> FILE:LINE of each.
      records: the tfm.data Records, where texts have labels.
    """

    experiment: object
    tokenizer: object
    task: object
    examples: Mapping[str, object]
    training_examples: object
    report: list[str]
    origins: Callable
    records: object = None

    def training_batches(self, first: int, worker: int = 0, num_workers: int = 1):
        """An endless tf.data.Dataset that begins with batch number `first`.

        Given several workers, it has this one's part of each batch.
        """
        from tfm.data import batches

        e = self.experiment
        return batches.training(
            self.training_examples,
            batch_size=e.train.batch_size,
            seed=e.train.seed,
            first_step=first,
            worker=worker,
            num_workers=num_workers,
        )

    def batch_origins(self, number: int) -> list[str]:
        """FILE:LINE of each example in batch `number`."""
        places = next(iter(self.training_batches(number)))["index"].numpy()
        first = number * len(places)
        epochs = np.arange(first, first + len(places)) // len(self.training_examples)
        return self.origins(places, epochs)

    def split_batches(self, split: str):
        """A tf.data.Dataset with each example of the split once, in order."""
        from tfm.data import batches

        return batches.evaluation(
            self.examples[split], batch_size=self.experiment.train.eval_batch_size
        )


def prepare(experiment, folder: run_folder.RunFolder) -> Pipeline:
    """Reads, splits and tokenizes the data, or finds it done.

    The vocabulary is learnt from the training split only, or taken from the model
    that training begins with.

    Raises:
      UserError: what in the data, or in fields that depend on it, is wrong.
    """
    if experiment.task.LABELED:
        return _labeled(experiment, folder)
    return _corpus(experiment, folder)


def _labeled(e, folder: run_folder.RunFolder) -> Pipeline:
    records = e.data.read(folder.records)
    _check_validation(records.splits["validation"])
    task = e.task.bind(
        records.label_names, records.multi_label, records.class_counts("train")
    )
    _check_best_metric(e.train.best_metric, records.label_names)

    from tfm.data import labeled_examples
    from tfm.data import store

    tokenizer = _known_tokenizer(e, folder)
    if tokenizer is None:
        tokenizer = e.tokens.learn(records.iterate_texts("train"))
    _keep(tokenizer, e, folder)
    encoded = store.write(records, tokenizer.encode, folder.tokens)
    body = {"label_names": list(task.label_names), "multi_label": task.multi_label}
    files.write_json(folder.task, body)

    def examples(split: str, augment=None):
        return labeled_examples.LabeledExamples(
            encoded, records.labels, records.splits[split], e.tokens.max_length, augment
        )

    augment = e.augment.build(tokenizer.vocab_size, tokenizer.first_word_id)
    return Pipeline(
        experiment=e,
        tokenizer=tokenizer,
        task=task,
        examples={split: examples(split) for split in records.splits},
        training_examples=examples("train", augment),
        report=records.report(),
        origins=lambda places, _: records.origins(records.splits["train"][places]),
        records=records,
    )


def _corpus(e, folder: run_folder.RunFolder) -> Pipeline:
    """Of plain text, in a store of tokens."""
    from tfm.data.corpora import windows

    stores = e.data.open(_known_tokenizer(e, folder) or e.tokens, folder.store)
    _keep(stores.tokenizer, e, folder)
    task = e.task.bind(stores.tokenizer, e.tokens.max_length)
    files.write_json(folder.task, {})
    examples = {
        split: windows.Windows(store, task, training=False, name=split)
        for split, store in stores.splits.items()
    }
    _check_validation(examples["validation"])
    train = stores.splits["train"]
    training_examples = windows.Windows(train, task, training=True)
    return Pipeline(
        experiment=e,
        tokenizer=stores.tokenizer,
        task=task,
        examples=examples,
        training_examples=training_examples,
        report=stores.report(),
        origins=lambda places, epochs: [
            train.origin(training_examples.document(place, epoch, e.train.seed))
            for place, epoch in zip(places.tolist(), epochs.tolist(), strict=True)
        ],
    )


def _known_tokenizer(e, folder: run_folder.RunFolder):
    """The run's own tokenizer, or that of the weights it begins with; else None."""
    from tfm.inputs import text as tokens
    from tfm.run import warm_start as initialization

    if (folder.tokenizer / "tokens.json").is_file():  # which is written last
        return tokens.load(folder.tokenizer)
    return initialization.tokenizer(e)


def _keep(tokenizer, e, folder: run_folder.RunFolder) -> None:
    from tfm.run import warm_start as initialization

    if not (folder.tokenizer / "tokens.json").is_file():
        tokenizer.save(folder.tokenizer)
    initialization.keep_shape(e, folder.pretrained)


def _check_validation(examples) -> None:
    if not len(examples):
        raise errors.UserError(
            "The validation split is empty, so the best checkpoint cannot be picked. "
            "Give --data.validation=FILE or a larger --data.validation_fraction."
        )


def _check_best_metric(name: str, label_names) -> None:
    kind, _, label = name.partition("/")
    if label and label not in label_names:
        raise errors.UserError(
            f"train.best_metric={name}: there is no label {label!r}. "
            f"The labels are {', '.join(label_names)}."
        )

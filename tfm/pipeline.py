"""From an experiment's data to batches: records, vocabulary, task and token ids."""

import dataclasses

from tfm import errors
from tfm import run_folder


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """What a model is trained and evaluated on; made by `prepare`."""

    experiment: object
    records: object  # tfm.data.records.Records: texts, labels, splits
    tokenizer: object  # tfm.tokens.Tokenizer
    task: object  # tfm.tasks.classifier.Classifier
    encoded: object  # tfm.data.store.Store: each record's token ids

    def training_batches(self, first: int, worker: int = 0, num_workers: int = 1):
        """An endless tf.data.Dataset that begins with batch number `first`.

        Given several workers, it has this one's part of each batch.
        """
        from tfm.data import batches

        e = self.experiment
        return batches.training(
            self.encoded,
            self.records.labels,
            self.records.splits["train"],
            batch_size=e.train.batch_size,
            max_length=e.tokens.max_length,
            seed=e.train.seed,
            first_step=first,
            worker=worker,
            num_workers=num_workers,
            augment=e.augment.build(
                self.tokenizer.vocab_size, self.tokenizer.first_word_id
            ),
        )

    def batch_origins(self, number: int) -> list[str]:
        """FILE:LINE of each text in batch `number`."""
        batch = next(iter(self.training_batches(number)))
        return self.records.origins(batch["index"].numpy())

    def split_batches(self, split: str):
        """A tf.data.Dataset with each example of the split once, in order."""
        from tfm.data import batches

        e = self.experiment
        return batches.evaluation(
            self.encoded,
            self.records.labels,
            self.records.splits[split],
            batch_size=e.train.eval_batch_size,
            max_length=e.tokens.max_length,
        )


def prepare(experiment, folder: run_folder.RunFolder) -> Pipeline:
    """Reads, splits and tokenizes the data, or finds it done in the run folder.

    The vocabulary is learnt from the training split only.

    Raises:
      UserError: what in the data, or in fields that depend on it, is wrong.
    """
    e = experiment
    records = e.data.read(folder.records)
    if not len(records.splits["validation"]):
        raise errors.UserError(
            "The validation split is empty, so the best checkpoint cannot be picked. "
            "Give --data.validation=FILE or a larger --data.validation_fraction."
        )
    task = e.task.bind(
        records.label_names, records.multi_label, records.class_counts("train")
    )
    _check_best_metric(e.train.best_metric, records.label_names)

    from tfm import tokens
    from tfm.data import store

    if (folder.tokenizer / "tokens.json").is_file():  # which is written last
        tokenizer = tokens.load(folder.tokenizer)
    else:
        tokenizer = e.tokens.learn(records.iterate_texts("train"))
        tokenizer.save(folder.tokenizer)
    encoded = store.write(records, tokenizer.encode, folder.tokens)
    body = {"label_names": list(task.label_names), "multi_label": task.multi_label}
    run_folder.write_json(folder.task, body)
    return Pipeline(e, records, tokenizer, task, encoded)


def _check_best_metric(name: str, label_names) -> None:
    kind, _, label = name.partition("/")
    if label and label not in label_names:
        raise errors.UserError(
            f"train.best_metric={name}: there is no label {label!r}. "
            f"The labels are {', '.join(label_names)}."
        )

"""Sources -> a folder of records and splits, in one streaming pass.

The contents, texts or pictures, go to the folder as they are read. What stays in
memory until the end is the hash of each, 16 bytes, and its labels, 4 bytes each.
"""

import array
import json
import pathlib

import numpy as np

from tfm import errors
from tfm import files
from tfm.data import contents
from tfm.data import label_checks
from tfm.data import labeled_rows
from tfm.data import labeled_settings
from tfm.data import labels as labels_module
from tfm.data import looks
from tfm.data import prepared
from tfm.data import records_file
from tfm.data import splits

_SPLITS = ("train", "validation", "test")


def prepare(config: labeled_settings.LabeledSettings, folder: pathlib.Path) -> None:
    """Prepares the folder, or checks that it was prepared from the same data."""
    config = config.expanded()
    meta_path = folder / "meta.json"
    if meta_path.exists():
        prepared.check_same(config, json.loads(meta_path.read_text("utf-8")), folder)
        return
    config = looks.named(config, config.train)
    with files.whole(folder) as partial:
        found = prepared.sources_of(
            config,
            {name: getattr(config, name) for name in _SPLITS},
            config.content.files,
        )
        meta = _write(config, partial) | found
        (partial / "meta.json").write_text(
            json.dumps(meta, indent=1, ensure_ascii=False), "utf-8"
        )


def _write(config: labeled_settings.LabeledSettings, folder: pathlib.Path) -> dict:
    """Writes all but meta.json, which it returns."""
    labels = labeled_rows.label_reader(config, config.labels or None)
    tallies = {}
    with _Writer(folder / "records.arrow", config.content) as writer:
        ends = []
        for name in _SPLITS:
            spec = getattr(config, name)
            if spec:
                tallies[name] = labeled_rows.Tally()
                found = labeled_rows.examples(config, spec, labels, tallies[name])
                with labeled_rows.reading(name, tallies[name]):
                    for example in found:
                        writer.add(example)
            labels.learning = False  # a label that only the test texts have is wrong
            ends.append(len(writer))
    names = labels.names if config.labels else labels_module.sort(labels.names)
    label_checks.check(config, names, tallies["train"].read)
    place = {name: number for number, name in enumerate(names)}
    new_numbers = np.array([place[name] for name in labels.names], np.int32)
    numbers = new_numbers[np.asarray(writer.labels)]
    np.save(folder / "labels.npy", numbers)
    offsets = np.zeros(len(writer) + 1, np.int64)
    np.cumsum(writer.lengths, out=offsets[1:])
    if config.multi_label:
        np.save(folder / "label_offsets.npy", offsets)
    hashes = np.frombuffer(writer.hashes, np.uint64).reshape(-1, 2)
    indices, dropped = _assign(config, hashes, numbers, offsets, ends, len(names))
    classes = {}
    for name, rows in indices.items():
        np.save(folder / f"{name}.npy", rows)
        in_split = np.zeros(len(writer), bool)
        in_split[rows] = True
        of_split = numbers[np.repeat(in_split, np.diff(offsets))]
        classes[name] = np.bincount(of_split, minlength=len(names)).tolist()
    _check_splits(config, names, classes, dropped, tallies["train"].read)
    return {
        "column": config.content.column,
        "noun": config.noun,
        "labels": names,
        "multi_label": config.multi_label,
        "sources": {
            name: {"spec": getattr(config, name), **vars(tally)}
            for name, tally in tallies.items()
        },
        "dropped": dropped,
        "sizes": {name: len(rows) for name, rows in indices.items()},
        "classes": classes,
    }


def _check_splits(
    config: labeled_settings.LabeledSettings,
    names: list[str],
    classes: dict[str, list[int]],
    dropped: dict[str, int],
    num_read: int,
) -> None:
    """Raises UserError where a class has no row to train on, or validation none."""
    noun = config.noun
    without = [n for n, count in zip(names, classes["train"], strict=True) if not count]
    if without:
        held_out = dropped["held_out"]
        why = f"{config.train} has none of {', '.join(map(repr, without[:10]))}."
        if dropped["conflicts"]:
            why = (
                f"{', '.join(map(repr, without[:10]))} of {config.train} has none: "
                f"{dropped['conflicts']:,} of its {noun}s are there before with "
                "another label, and the first one counts. Correct the labels."
            )
        if held_out:
            why += (
                f" {held_out:,} of its {num_read:,} {noun}s are in the validation or "
                "test source too, and not trained on. Give sources that do not "
                "overlap, or leave --data.validation and --data.test out to have "
                f"theirs cut from {config.train}."
            )
        raise errors.UserError(f"Each class must have a {noun} to train on. {why}")
    if sum(classes["validation"]):
        return
    if not config.validation_fraction and not config.validation:
        why = "validation_fraction is 0 and there is no validation source"
    else:
        why = (
            f"{num_read - dropped['duplicates']:,} different {noun}s of {len(names):,} "
            "classes are too few, as each class keeps one to train on"
        )
    raise errors.UserError(
        f"No {noun} is left for validation, by which the best checkpoint is picked: "
        f"{why}. Give more {noun}s, --data.validation=FILE, or a "
        "--data.validation_fraction above 0."
    )


def _assign(
    config: labeled_settings.LabeledSettings,
    hashes: np.ndarray,
    numbers: np.ndarray,
    offsets: np.ndarray,
    ends: list[int],
    num_labels: int,
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """The rows of each split, and how many were dropped; see splits.assign.

    Args:
      config: says how to cut.
      hashes: uint64 [n, 2], of the texts.
      numbers: the labels of all rows, one after the other.
      offsets: int64 [n + 1], where each row's labels begin and end.
      ends: where the rows of each source end.
      num_labels: C.
    """
    strata = numbers
    if config.multi_label:
        strata = splits.strata_of(numbers, offsets, num_labels)
    indices, dropped = splits.assign(
        hashes,
        strata,
        splits.signatures(numbers, offsets),
        ends,
        seed=config.split_seed,
        validation=0 if config.validation else config.validation_fraction,
        test=0 if config.test else config.test_fraction,
        max_examples=config.max_examples,
    )
    if config.multi_label:
        splits.move_only_texts(indices, numbers, offsets, ends[0])
    if config.train_examples is not None:
        rows = indices["train"]
        order = splits.keys(hashes[rows], config.split_seed, 2)
        chosen = splits.sample(order, strata[rows], config.train_examples)
        indices["train"] = rows[chosen]
        dropped["not_trained_on"] = len(rows) - len(chosen)
    return indices, dropped


class _Writer(records_file.Writer):
    """Streams contents to an Arrow file; hashes and labels stay in memory."""

    def __init__(self, path: pathlib.Path, content: contents.Content):
        super().__init__(path, (content.column,), content.is_bytes)
        self._digest = content.digest
        self.hashes = bytearray()  # 16 bytes a row
        self.labels = array.array("i")
        self.lengths = array.array("i")  # labels a row

    def add(self, example: labeled_rows.Example) -> None:
        self.hashes += self._digest(example.content)
        self.labels.extend(example.labels)
        self.lengths.append(len(example.labels))
        super().add(example.content, example.origin, example.line)

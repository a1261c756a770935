"""All mistakes of a command line: the fewest flags are at fault."""

import dataclasses

import pytest

from tfm import config
from tfm import errors
from tfm import train
from tfm.config import every_mistake


def _parse(*flags: str):
    argv = ["train", "--experiment=text_cls_transformer", *flags]
    return every_mistake.parse(argv, train.Options, train.base_experiment)


def test_flags_that_fit_together_are_no_mistake():
    _, experiment, changed, told = _parse(
        "--model.width=9", "--model.num_heads=3", "--train.batch_size", "7"
    )
    assert told == []
    assert changed == {"model.width": 9, "model.num_heads": 3, "train.batch_size": 7}
    assert (experiment.model.width, experiment.train.batch_size) == (9, 7)


def test_each_mistake_is_told_and_the_others_count():
    options, experiment, changed, told = _parse(
        "--model.width=9",
        "--model.num_heads=3",
        "--model.dropout=2",
        "--train.steps=x",
        "--train.batch_size=0",
        "--train.micro_batches=-1",
        "--train.seed=5",
        "--train.best_metric=f3",
        "--strategy=tpus",
        "--logical_devices=two",
        "--nothing=1",
        "--run_dir=mine",
    )
    assert [line.partition(" ")[0] for line in told] == [
        "--logical_devices",
        "--strategy",
        "--train.steps",
        "There",
        "model:",
        "train:",
        "train:",
        "train.best_metric",
    ]
    assert "model: dropout must be in [0, 1). Got dropout=2.0." in told
    assert changed == {"model.width": 9, "model.num_heads": 3, "train.seed": 5}
    assert (options.run_dir, options.strategy) == ("mine", "auto")
    assert experiment.model.num_heads == 3


def test_parts_that_do_not_fit_each_other_are_told():
    argv = ["train", "--experiment=pretrain_bert", "--task.sentence_pairs=true"]
    argv.append("--train.best_metric=f1")
    *_, told = every_mistake.parse(argv, train.Options, train.base_experiment)
    assert any("best_metric" in line for line in told)


def test_what_cannot_be_loaded_is_told():
    argv = ["train", "--experiment=none.py", "--strategy=x"]
    _, experiment, changed, told = every_mistake.parse(
        argv, train.Options, train.base_experiment
    )
    assert (experiment, changed, len(told)) == (None, {}, 2)
    assert told[1] == "There is no experiment file none.py."


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        (["--dry_run"], True),
        (["--dry_run=true", "--x=1"], True),
        (["--nodry_run"], False),
        (["--dry_run", "--help"], False),
        ([], False),
    ],
)
def test_whether_it_is_asked_for(flags, asked):
    assert every_mistake.is_asked_for(["train", *flags]) == asked


def test_the_loaded_experiment_is_that_of_the_strict_way():
    _, experiment, changed, _ = _parse("--train.steps=7")
    from tfm.config import fields

    strict = fields.override(config.load_experiment("text_cls_transformer"), changed)
    assert experiment == strict and dataclasses.is_dataclass(experiment)
    with pytest.raises(errors.UserError):
        fields.override(strict, {"train.steps": -1})

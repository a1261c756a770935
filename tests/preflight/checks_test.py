"""The runner of checks: all are made, and told of each other by facts."""

import dataclasses

from tfm import config
from tfm import errors
from tfm.preflight import checks
from tfm.preflight import configuration


def _raises(error):
    def find(findings):
        print("on the way")
        raise error

    return find


def test_a_mistake_hides_only_what_needs_its_fact():
    found = checks.Findings(mistakes=["of the command line"])
    told = []
    checks.run(
        [
            checks.Check("the data", lambda f: {"data": 2}),
            checks.Check("the batch", _raises(errors.UserError("It must divide."))),
            checks.Check(
                "the batch again", _raises(errors.UserError("It must divide."))
            ),
            checks.Check(
                "the model", _raises(ZeroDivisionError("by\nzero")), ("data",)
            ),
            checks.Check("a step", lambda f: {"step": 1}, ("model", "data")),
            checks.Check("twice", lambda f: {"twice": 2 * f.facts["data"]}, ("data",)),
            checks.Check("nothing", lambda f: None),
        ],
        found,
        told.append,
    )
    assert found.facts == {"data": 2, "twice": 4}
    assert found.mistakes == [
        "of the command line",
        "It must divide.",
        "the model: ZeroDivisionError: by",
    ]
    assert found.skipped == ["a step, for want of the model"]
    assert found.said["the batch"] == ["on the way"]
    assert "a step" not in told and len(told) == 6


def test_the_origin_of_each_value():
    experiment = config.load_experiment("text_cls_together")
    train = dataclasses.replace(experiment.train, seed=7, steps=9)
    experiment = dataclasses.replace(experiment, train=train)
    lines = configuration.lines(experiment, {"train.seed"}, {"data.text"}, "auto")
    found = {path: (value, origin) for path, value, origin in lines}
    assert found["train.seed"] == ("7", "flag")
    assert found["train.steps"] == ("9", "auto")
    assert found["data.text"][1] == "found"
    assert found["train.log_every"] == ("20", "default")
    inner = [path for path in found if path.startswith("inputs.parts.")]
    assert any(found[path][1] == "default" for path in inner)  # of the part's class
    assert any(found[path][1] == "auto" for path in inner)

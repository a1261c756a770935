"""Every shipped experiment goes to JSON and back, and explains all its fields."""

import json
import pathlib

import pytest

from tfm import config
from tfm import errors
from tfm.config import fields
from tfm.config import loading

NAMES = sorted(path.stem for path in loading.experiments.FOLDER.glob("*.py"))
GOLDEN = pathlib.Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_survives_json(name):
    made = config.load_experiment(name)
    assert config.from_json(json.loads(json.dumps(config.to_json(made)))) == made


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_help(name):
    made = config.load_experiment(name)
    assert not [leaf.path for leaf in fields.leaves(made) if not leaf.help]


@pytest.mark.parametrize("name", NAMES)
def test_an_experiments_values_are_those_on_record(name):
    made = config.load_experiment(name)
    lines = [f"{leaf.path}={fields.show(leaf.value)}" for leaf in fields.leaves(made)]
    golden = GOLDEN / f"{name}.txt"
    command = f"python -m tfm.train --experiment={name} --print_config > {golden}"
    assert golden.is_file(), f"Record the values: {command}"
    assert golden.read_text().splitlines() == lines, f"If this is meant: {command}"


def test_an_unknown_field_or_class_is_told():
    body = config.to_json(config.load_experiment("text_cls"))
    with pytest.raises(errors.UserError, match="has a field depth that"):
        config.from_json(body | {"depth": 3})
    with pytest.raises(errors.UserError, match="names tfm.nothing.Data, which cannot"):
        config.from_json(body | {"class": "tfm.nothing.Data"})
    with pytest.raises(errors.UserError, match="names os.path, which cannot"):
        config.from_json(body | {"class": "os.path"})

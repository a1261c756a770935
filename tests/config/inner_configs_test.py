"""Configs in the fields of configs: by name in a mapping, by number in a tuple."""

import copy
import dataclasses
import json
import pickle
import subprocess
import sys
import types
from collections.abc import Mapping

import pytest

from tfm import config
from tfm import errors
from tfm import validation
from tfm.config import fields


@dataclasses.dataclass(frozen=True)
class Text:
    vocab_size: int = 100  # words
    lower: bool = False

    def __post_init__(self):
        validation.at_least(self, 1, "vocab_size")


@dataclasses.dataclass(frozen=True)
class Image:
    size: tuple[int, ...] = (8, 8)  # pixels


@dataclasses.dataclass(frozen=True)
class Together:
    parts: dict[str, object]  # what is read beside each other
    stages: tuple[object, ...] = ()
    extra: Text | None = None
    width: int = 4

    def __post_init__(self):
        validation.configs(self, "parts", "stages")
        if self.width > 4 * len(self.parts):
            raise errors.UserError(f"width must be small. Got {self.width}.")


@dataclasses.dataclass(frozen=True)
class Plain:
    """Checks and freezes nothing by itself."""

    parts: Mapping[str, object]


@dataclasses.dataclass(frozen=True)
class Whole:
    inputs: object
    steps: int = 3


def whole(**parts) -> Whole:
    parts = parts or {"text": Text(), "class": Image()}
    return Whole(Together(parts, (Text(1), Image((2,)))))


def test_leaves_of_inner_configs_come_in_order_with_type_and_help():
    found = list(fields.leaves(whole()))
    assert [leaf.path for leaf in found] == [
        "inputs.parts.text.vocab_size",
        "inputs.parts.text.lower",
        "inputs.parts.class.size",
        "inputs.stages.0.vocab_size",
        "inputs.stages.0.lower",
        "inputs.stages.1.size",
        "inputs.extra",
        "inputs.width",
        "steps",
    ]
    assert (found[0].type, found[0].help) == (int, "words")
    assert found[5].value == (2,)
    turned = whole(b=Text(), a=Text())
    assert [leaf.path for leaf in fields.leaves(turned)][0].startswith("inputs.parts.b")


def test_override_reaches_inner_configs_and_keeps_their_order():
    changes = {
        "inputs.parts.text.vocab_size": 7,
        "inputs.stages.1.size": (3, 3),
        "steps": 9,
    }
    changed = fields.override(whole(), changes)
    parts = {"text": Text(7), "class": Image()}
    assert changed == Whole(Together(parts, (Text(1), Image((3, 3)))), 9)
    assert list(changed.inputs.parts) == ["text", "class"]
    replaced = {"inputs.parts.text": Image(), "inputs.parts.text.size": (1,)}
    assert fields.override(whole(), replaced).inputs.parts["text"] == Image((1,))


def test_override_runs_the_checks_of_all_that_holds_it():
    with pytest.raises(
        errors.UserError, match=r"^inputs\.parts\.text: vocab_size must be at least 1"
    ):
        fields.override(whole(), {"inputs.parts.text.vocab_size": 0})
    with pytest.raises(errors.UserError, match=r"^inputs\.stages\.0: vocab_size must"):
        fields.override(whole(), {"inputs.stages.0.vocab_size": 0})
    bad = {"inputs.width": 20, "inputs.parts.text.vocab_size": 3}
    with pytest.raises(errors.UserError, match="^inputs: width must be small"):
        fields.override(whole(), bad)
    with pytest.raises(errors.UserError, match=r"^inputs\.parts must hold configs"):
        fields.override(whole(), {"inputs.parts.text": 3})


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("inputs.parts.texts.vocab_size", r"inputs\.parts\.texts \(did you mean text"),
        ("inputs.parts.text.vocabsize", r"inputs\.parts\.text\.vocabsize \(did you me"),
        ("inputs.stages.2.size", r"inputs\.stages\.2\."),
        ("steps.more", r"steps\.more\."),
    ],
)
def test_an_unknown_path_is_told_with_the_nearest(path, told):
    with pytest.raises(errors.UserError, match=f"^There is no field {told}"):
        fields.override(whole(), {path: 1})


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"a": Text(), "b": 3}, r"parts must hold configs alone.* Got parts\.b=3\."),
        ({"a": Text}, "parts must hold configs alone"),
        ({"a.b": Text()}, "parts: a config's name must be .* Got 'a.b'"),
        ({"a=b": Text()}, "name must be"),
        ({"film title": Text()}, "name must be"),
        ({"": Text()}, "name must be"),
        ({3: Text()}, "name must be .* Got 3"),
        ((Text(), 3), r"parts must hold configs alone.* Got parts\.1=3\."),
    ],
)
def test_what_is_no_config_and_names_without_a_flag_are_told(parts, told):
    with pytest.raises(errors.UserError, match=told):
        Together(parts)
    for use in (lambda c: list(fields.leaves(c)), config.to_json, fields.values):
        with pytest.raises(errors.UserError, match=told):
            use(Plain(parts))


@pytest.mark.parametrize("freeze", [dict, types.MappingProxyType])
def test_inner_configs_survive_json_and_come_back_frozen(freeze):
    made = Whole(Plain(freeze({"class": Text(5), "b": Image(), "a": Image()})))
    text = json.dumps(config.to_json(made))
    back = config.from_json(json.loads(text))
    assert back == made
    assert list(back.inputs.parts) == ["class", "b", "a"]
    changed = fields.override(back, {"inputs.parts.b.size": (1,)})
    for parts in (back.inputs.parts, changed.inputs.parts):
        with pytest.raises(TypeError, match="cannot be changed"):
            parts["a"] = Text()
    made = whole()
    assert config.from_json(json.loads(json.dumps(config.to_json(made)))) == made


def test_configs_freezes_a_mapping_and_a_list():
    mutable = {"text": Text()}
    made = Together(mutable, [Text()])
    mutable["other"] = 3
    assert made.parts == {"text": Text()} and made.stages == (Text(),)
    for change in (
        lambda parts: parts.update(a=1),
        lambda parts: parts.pop("text"),
        lambda parts: parts.__delitem__("text"),
        lambda parts: parts.setdefault("a", 1),
        lambda parts: parts.__ior__({"a": 1}),
        lambda parts: parts.clear(),
        lambda parts: parts.popitem(),
    ):
        with pytest.raises(TypeError, match="cannot be changed"):
            change(made.parts)
    assert made.parts == {"text": Text()}


def test_a_frozen_dict_can_be_hashed_and_copied_to_another_process():
    made = whole()
    assert hash(made) == hash(whole())
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made
    assert isinstance(pickle.loads(pickle.dumps(made)).inputs.parts, dict)
    plain = dataclasses.asdict(made)["inputs"]["parts"]["text"]
    assert json.loads(json.dumps(plain)) == {"vocab_size": 100, "lower": False}


def test_values_tell_classes_and_order_apart():
    found = fields.values(whole())
    assert found["inputs"] == "Together"
    assert found["inputs.parts"] == ("text", "class")
    assert found["inputs.parts.class"] == "Image"
    assert found["inputs.stages.0"] == "Text"
    assert found["inputs.stages.1.size"] == (2,)
    assert found["steps"] == 3
    turned = whole(**{"class": Image(), "text": Text()})
    assert turned == whole()  # as dicts are
    assert fields.values(turned) != found
    assert fields.values(whole()) == found


def test_an_empty_mapping_or_tuple_has_no_flags_but_is_saved():
    made = Whole(Plain({}), 5)
    assert [leaf.path for leaf in fields.leaves(made)] == ["steps"]
    assert config.from_json(json.loads(json.dumps(config.to_json(made)))) == made
    (leaf,) = [f for f in fields.leaves(whole()) if f.path == "inputs.extra"]
    assert leaf.parse("none") is None
    with pytest.raises(errors.UserError, match="takes no value here: set it in the ex"):
        leaf.parse("3")


COMMAND = """
import dataclasses, sys
from tests.config import inner_configs_test as made
from tfm import config

@dataclasses.dataclass(frozen=True)
class Options:
    "Help."
    experiment: str = ""

def main(options, experiment, changed):
    print(experiment, changed)

sys.stderr = sys.stdout
for line in sys.argv[1:]:
    sys.argv = ["command", *line.split()]
    try:
        config.run(main, Options, lambda options: made.whole())
    except SystemExit as end:
        print("STATUS", end.code or 0, end=";")
"""


def test_flags_reach_inner_configs():
    lines = [
        "--inputs.parts.text.vocab_size=7 --inputs.stages.0.lower",
        "--inputs.parts.txt.vocab_size=7",
        "--inputs.parts.text.vocab_size=0",
        "--help",
    ]
    command = [sys.executable, "-c", COMMAND, *lines]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    changed, mistyped, refused, shown, _ = done.stdout.split(";")
    changes = {"inputs.parts.text.vocab_size": 7, "inputs.stages.0.lower": True}
    printed = f"{fields.override(whole(), changes)} {changes}"
    assert changed == f"{printed}\nSTATUS 0", done.stderr
    assert "(did you mean --inputs.parts.text.vocab_size?)" in mistyped
    assert mistyped.endswith("STATUS 2")
    assert refused.startswith("error: inputs.parts.text: vocab_size must be at least 1")
    assert "--inputs.parts.class.size=8,8 " in shown

"""What every shipped part owes the others, by shape alone."""

import dataclasses
import inspect

import numpy as np
import pytest

from tfm import config
from tfm import data
from tfm import inputs
from tfm import interfaces
from tfm import models
from tfm import tasks
from tfm.data import memory
from tfm.data.columns import categories
from tfm.data.columns import category
from tfm.data.columns import plain_text

SPEC = interfaces.Spec((8,), "int32", 20)
PARTS = {
    interfaces.Data: [
        data.LabeledText(),
        data.LabeledImages(),
        data.Corpus(train="x.txt"),
        data.ParallelText(train="x.csv"),
    ],
    interfaces.Inputs: [
        inputs.Image(),
        inputs.Ngrams(),
        inputs.PretrainedImage(),
        inputs.PretrainedText(),
        inputs.SentenceVectors(preset="x"),
        inputs.Stacked(),
        inputs.Text(),
        inputs.TextToText(),
        inputs.Together({"text": inputs.Text()}),
    ],
    interfaces.Model: [
        models.CNN(),
        models.ConvNet(),
        models.Decoder(),
        models.EncoderDecoder(),
        models.LSTM(),
        models.MLP(),
        models.NgramBag(),
        models.Stacked(),
        models.Pretrained(preset="x"),
        models.PretrainedImage(preset="x"),
        models.ResNet(),
        models.Together({"lstm": models.LSTM()}),
        models.Transformer(),
        models.ViT(),
    ],
    interfaces.Task: [
        tasks.CausalLM(),
        tasks.ImageClassification(),
        tasks.MaskedLM(),
        tasks.SpanCorruption(),
        tasks.TextClassification(),
        tasks.Translation(),
    ],
    interfaces.Column: [
        category.Category(("a",)),
        categories.Categories(("a",)),
        plain_text.PlainText(),
    ],
}
CASES = [(protocol, part) for protocol, parts in PARTS.items() for part in parts]


def members(protocol: type) -> set[str]:
    """The names of a protocol's attributes and methods."""
    return {
        name
        for base in protocol.__mro__
        if getattr(base, "_is_protocol", False)
        for name in {*base.__annotations__, *vars(base)}
        if not name.startswith("_")
    }


def lacks(part: object, protocol: type) -> list[str]:
    """Attributes and methods of a protocol that a part has not, and arguments."""
    missing = [name for name in members(protocol) if not hasattr(part, name)]
    for name in members(protocol) - {*missing}:
        wanted = getattr(protocol, name, None)
        if inspect.isfunction(wanted):
            there = inspect.signature(getattr(part, name)).parameters
            asked = list(inspect.signature(wanted).parameters)[1:]
            missing += [f"{name}({a})" for a in asked[len(there) :]]
    return missing


@pytest.mark.parametrize(
    ("protocol", "part"), CASES, ids=lambda p: getattr(p, "__name__", type(p).__name__)
)
def test_a_part_has_what_its_protocol_asks_for(protocol, part):
    assert not lacks(part, protocol)
    assert dataclasses.is_dataclass(part)


def test_every_part_that_is_exported_is_tried():
    tried = {type(part) for _, part in CASES}
    for room in (data, inputs, models, tasks):
        for name, cls in vars(room).items():
            if inspect.isclass(cls) and name not in ("Augment", "ImageAugment", "Rows"):
                assert cls in tried, name


@pytest.mark.parametrize("name", sorted(config.shipped_and_own()))
def test_optional_protocols_are_told_apart(name):
    e = config.load_experiment(name)
    published = isinstance(e.model, models.Pretrained)
    assert isinstance(e.model, interfaces.Preset) == published
    assert isinstance(e.inputs, interfaces.FollowsModel) == published
    reads_on = isinstance(e.model, interfaces.Decodes)
    assert reads_on == hasattr(e.model, "decoding")


class Lengths:
    """A preprocessor by shape alone."""

    stored = specs = {"length": interfaces.Spec((), "int32")}

    def encode(self, rows):
        return {"length": np.array([len(row["text"]) for row in rows], np.int32)}

    def graph(self):
        return lambda stored, seeds: dict(stored)

    def save(self, folder):
        pass


def test_bound_parts_have_what_their_protocols_ask_for():
    assert not lacks(Lengths(), interfaces.Preprocessor)
    column = category.Category(("a", "b"), (1, 1))
    rows = [{"text": "x", "label": "a"}, {"text": "y", "label": "b"}]
    split = memory.Memory(rows, {"label": column}, Lengths())
    assert not lacks(split, interfaces.Split)
    objective = tasks.TextClassification().bind({"label": column}, Lengths())
    assert not lacks(objective, interfaces.Objective)
    assert isinstance(objective, interfaces.Finishes)
    assert not lacks(objective, interfaces.Finishes)
    assert isinstance(objective, interfaces.Exports)
    after = objective.finished({"temperature": np.array(2.0)})
    assert not lacks(after, interfaces.Objective)
    examples = objective.examples(split, "train")
    assert not lacks(examples, interfaces.Examples)
    text = inputs.Text(method="character", special_tokens=("[MASK]", "[EOS]"))
    preprocessor = text.fit([{"text": "abc"}])
    assert not lacks(preprocessor, interfaces.Preprocessor)
    assert isinstance(preprocessor, interfaces.RawGraph)
    assert not isinstance(Lengths(), interfaces.RawGraph)
    for task, writes in (
        (tasks.CausalLM(), True),
        (tasks.MaskedLM(), False),
    ):
        objective = task.bind({}, preprocessor)
        assert not lacks(objective, interfaces.Objective)
        assert isinstance(objective, interfaces.Writes) == writes
        assert isinstance(objective, interfaces.Exports) != writes
        assert isinstance(objective, interfaces.RawExamples) != writes
        assert isinstance(objective, interfaces.Thorough) == writes
        assert not isinstance(objective, interfaces.Finishes)

"""What a run shows besides scalars: samples that change nothing, few of each kind."""

import dataclasses
import types

import numpy as np
import pytest

from tests.support import board_runs
from tests.support import events
from tests.support import reviews
from tfm.callbacks import projector
from tfm.checkpoints import checkpoints
from tfm.run import cockpit
from tfm.run import trained

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's reader of events


@pytest.mark.parametrize(
    ("total", "every", "most", "expected"),
    [
        (100, 10, 50, [*range(10, 101, 10)]),
        (100, 30, 2, [60, 100]),
        (95, 10, 3, [40, 80, 95]),
    ],
)
def test_figures_come_with_evaluations_over_the_whole_run(total, every, most, expected):
    plan = types.SimpleNamespace(total_steps=total, eval_every=every)
    is_due = cockpit._some(plan, most)
    evaluated = [*range(every, total, every), total]
    assert [step for step in evaluated if is_due(step)] == expected


def test_of_a_long_run_they_are_few():
    plan = types.SimpleNamespace(total_steps=100_000, eval_every=10)
    is_due = cockpit._some(plan, 50)
    assert 40 <= sum(is_due(step) for step in range(10, 100_001, 10)) <= 51


def test_a_language_model_writes_along_the_training_and_learns_the_same(
    tmp_path, monkeypatch
):
    source = board_runs.texts(reviews.write_csv(tmp_path / "reviews.csv"))
    e = board_runs.writer(source)
    reviews.start(e, tmp_path / "writes", "char_gpt")
    with monkeypatch.context() as patched:
        patched.setattr(cockpit, "_can_write", lambda run: False)
        patched.setattr(cockpit.attention_maps, "of", lambda *_: {})
        reviews.start(e, tmp_path / "silent", "char_gpt")
    ours, theirs = (
        checkpoints.read_weights(tmp_path / name / "checkpoints/last", 8)
        for name in ("writes", "silent")
    )
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)

    def samples(name):
        folder = tmp_path / name / "events/validation"
        return [
            (step, value.tensor.string_val[0].decode())
            for step, value in events.read(folder)
            if value.tag == "examples/samples"
        ]

    def mapped(name):
        folder = tmp_path / name / "events/validation"
        return [
            (step, value.tag.removeprefix("figures/"))
            for step, value in events.read(folder)
            if value.tag.startswith("figures/attention")
        ]

    assert samples("silent") == mapped("silent") == []
    names = [f"attention_{number}" for number in (1, 2, 3)]
    assert mapped("writes") == [(step, name) for step in (4, 8) for name in names]
    (first, one), (last, two) = samples("writes")
    assert (first, last) == (4, 8) and one != two
    run = trained.load(str(tmp_path / "writes"), "last")
    for line in two.splitlines()[2:]:
        prompt, text = (cell.strip() for cell in line.strip("|").split(" | "))
        settings = {"max_new_tokens": 40, "temperature": 0.8, "seed": 0}
        assert [text] == [t.strip() for t in run.generate(prompt, **settings)]


def test_vectors_are_of_the_best_weights_and_an_average_where_that_is_kept(
    tmp_path, monkeypatch
):
    written = []
    monkeypatch.setattr(projector, "write", lambda folder, found: written.extend(found))
    e = reviews.experiment(reviews.write_csv(tmp_path / "r.csv"), steps=12)
    averaged = dataclasses.replace(e.optimizer, ema=0.9)
    e = dataclasses.replace(e, optimizer=averaged)
    reviews.start(e, tmp_path / "run", "text_cls")
    tokens, examples = written
    model = trained.load(str(tmp_path / "run")).model
    table = model.get_layer("embedding").weights[0].numpy()
    np.testing.assert_array_equal(tokens.vectors, table[: len(tokens.rows)])
    assert examples.vectors.shape == (24, 8) and examples.columns[-1] == "predicted"

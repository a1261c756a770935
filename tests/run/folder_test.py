"""Resuming: which fields of training may change, and why the others may not."""

import dataclasses

import pytest

from tests.support import reviews
from tfm import errors
from tfm import training
from tfm.adaptation import Adapt
from tfm.run import folder as run_folder


@dataclasses.dataclass(frozen=True)
class Print:
    """A callback of a user's own."""

    every: int = 1

    def evaluated(self, step, metrics, is_best):
        print("seen", step // self.every)


MAY = ""  # it alters neither the model, nor the data, nor which checkpoint is picked
# field: (a new value, why it must stay)
CHANGES = {
    "epochs": (9.0, MAY),
    "steps": (900, MAY),
    "min_steps": (7, MAY),
    "eval_every": (7, MAY),
    "eval_batch_size": (7, MAY),
    "patience": (7, MAY),
    "keep_checkpoints": (7, MAY),
    "checkpoint_every": (7, MAY),
    "log_every": (7, MAY),
    "histograms": (False, MAY),
    "spike_factor": (7.0, MAY),
    "callbacks": ((Print(),), MAY),
    "micro_batches": (2, MAY),  # the update does not depend on the division
    "batch_size": (7, "batch N would be other examples: some twice, some never"),
    "best_metric": ("loss", "the best so far was picked by another"),
    "seed": (7, "the order of the data, dropout and augmentation are functions of it"),
    "dtype": ("mixed_bfloat16", "the layers would compute in another precision"),
    "jit_compile": (True, "XLA draws other dropout masks"),
}
ADAPT = {
    "init_from": ("runs/other", "training began with other weights"),
    "word_vectors": ("glove.txt", "the embeddings began with other vectors, or none"),
    "freeze": (("embedding",), "the optimizer has no averages of what was frozen"),
    "unfreeze_every": (7, "a layer would be trained that was not, or the reverse"),
    "layer_decay": (0.5, "its layers would learn at other rates"),
    "lora_rank": (7, "the checkpoint has adapters of another shape, or none"),
    "lora_targets": (("key",), "the checkpoint has adapters of other layers"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> run_folder.RunFolder:
    """Of a run that came to a checkpoint; nothing of it is read but config.json."""
    made = run_folder.RunFolder(tmp_path_factory.mktemp("begun") / "run")
    made.begin("text_cls", _experiment(), {})
    (made.checkpoints / "last" / "step-00000005").mkdir(parents=True)
    return made


def _experiment(**train):
    return reviews.experiment("reviews.csv", **train)


def test_every_field_of_training_is_here():
    assert CHANGES.keys() == {f.name for f in dataclasses.fields(training.Train)}
    assert CHANGES.keys() >= set(run_folder.settings.RESUMABLE)
    assert ADAPT.keys() == {f.name for f in dataclasses.fields(Adapt)}


@pytest.mark.parametrize("name", ADAPT)
def test_what_was_adapted_stays(folder, name):
    value, _ = ADAPT[name]
    changed = dataclasses.replace(_experiment(), adapt=Adapt(**{name: value}))
    with pytest.raises(errors.UserError, match=f"holds a run with adapt.{name}=.*, no"):
        folder.begin("text_cls", changed, {f"adapt.{name}": value})


@pytest.mark.parametrize("name", CHANGES)
def test_a_field_may_change_on_resuming_or_is_refused(folder, name):
    value, why = CHANGES[name]
    changed = _experiment(**{name: value})
    assert getattr(changed.train, name) != getattr(_experiment().train, name)
    if why == MAY:
        assert folder.begin("text_cls", changed, {f"train.{name}": value})
        assert folder.begin("text_cls", _experiment(), {})
        return
    with pytest.raises(errors.UserError, match=f"holds a run with train.{name}=.*, no"):
        folder.begin("text_cls", changed, {f"train.{name}": value})
    assert folder.experiment() == _experiment()  # nothing of it was written


def _contents(path) -> dict:
    return {p: p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_a_check_refuses_what_begin_refuses_and_writes_nothing(folder, tmp_path):
    other = tmp_path / "other"
    (other / "data").mkdir(parents=True)
    (other / "data" / "theirs").write_text("theirs")
    (tmp_path / "file").touch()
    cases = {
        other: "is not empty and holds no run of tfm",
        tmp_path / "file" / "run": "cannot be written: Not a directory",
    }
    for path, rule in cases.items():
        for act, more in (("check", ()), ("begin", ({},))):
            with pytest.raises(errors.UserError, match=rule):
                getattr(run_folder.RunFolder(path), act)("x", _experiment(), *more)
    changed = _experiment(batch_size=7)
    before = _contents(folder.path)
    with pytest.raises(errors.UserError, match=r"train.batch_size=16, not 7"):
        folder.check("", changed)
    folder.check("", _experiment(epochs=9.0))
    assert _contents(folder.path) == before
    new = run_folder.RunFolder(tmp_path / "a" / "new")
    new.check("x", _experiment())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "other"]

"""Event files cut back: each step once, for TensorBoard and for a plain reader."""

import keras
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import plugin_event_accumulator

from tests.support import events
from tfm.callbacks import event_files
from tfm.callbacks import tensorboard

# TensorFlow's reader of events is deprecated
pytestmark = pytest.mark.filterwarnings("ignore")


def _write(folder, steps, tag="loss", value=1.0) -> None:
    writer = tf.summary.create_file_writer(str(folder))
    for step in steps:
        with writer.as_default(step=step):
            tf.summary.scalar(tag, value)
    writer.close()


def _board(folder):
    """What TensorBoard keeps of a folder."""
    return event_accumulator.EventAccumulator(str(folder), {"tensors": 0})


def _shown(board, tag="loss") -> list[int]:
    return [event.step for event in board.Reload().Tensors(tag)]


def _read(folder, tag="loss") -> list[int]:
    return [step for step, value in events.read(folder) if value.tag == tag]


def _graphs(folder) -> int:
    events_ = [
        event
        for path in folder.glob("events.*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
    ]
    return sum(bool(event.graph_def) for event in events_)


def test_what_came_after_the_step_goes_from_every_file(tmp_path):
    _write(tmp_path, range(1, 8))
    _write(tmp_path, range(5, 12))
    event_files.cut(tmp_path, 4)
    assert _read(tmp_path) == [1, 2, 3, 4] == _shown(_board(tmp_path))
    _write(tmp_path, range(5, 9))
    assert _read(tmp_path) == list(range(1, 9)) == _shown(_board(tmp_path))


def test_a_tensorboard_that_has_read_it_forgets_it(tmp_path):
    _write(tmp_path, range(1, 8), value=1.0)
    # what TensorBoard itself runs, unlike the other, forgets tensors too
    board = plugin_event_accumulator.EventAccumulator(str(tmp_path))
    assert _shown(board) == list(range(1, 8))
    event_files.cut(tmp_path, 4)
    _write(tmp_path, range(5, 9), value=2.0)
    assert _shown(board) == list(range(1, 9))
    found = [float(tf.make_ndarray(e.tensor_proto)) for e in board.Tensors("loss")]
    assert found == [1, 1, 1, 1, 2, 2, 2, 2]


def test_half_a_record_at_the_end_is_no_hindrance(tmp_path):
    _write(tmp_path, range(1, 8))
    (path,) = tmp_path.glob("events.*")
    path.write_bytes(path.read_bytes()[:-3])  # of step 7
    event_files.cut(tmp_path, 6)
    assert path.stat().st_size > 100
    _write(tmp_path, range(7, 9))
    assert _read(tmp_path) == list(range(1, 9)) == _shown(_board(tmp_path))


def test_files_of_earlier_steps_stay_as_they_are_and_none_are_made_anew(tmp_path):
    event_files.cut(tmp_path / "nowhere", 4)
    assert not (tmp_path / "nowhere").exists()
    _write(tmp_path, range(1, 5))
    (path,) = tmp_path.glob("events.*")
    before = path.read_bytes(), path.stat().st_ino
    event_files.cut(tmp_path, 4)
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_killed_while_it_rewrites_the_file_is_as_before(tmp_path, monkeypatch):
    _write(tmp_path, range(1, 8))

    def die(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(event_files.os, "fsync", die)
        with pytest.raises(KeyboardInterrupt):
            event_files.cut(tmp_path, 4)
    assert _read(tmp_path) == list(range(1, 8)) == _shown(_board(tmp_path))
    event_files.cut(tmp_path, 4)
    assert _read(tmp_path) == [1, 2, 3, 4] == _shown(_board(tmp_path))


def test_a_run_that_goes_on_has_each_step_once(tmp_path):
    layer = keras.Input((3,))
    model = keras.Model(layer, keras.layers.Dense(2, name="dense")(layer))

    graph = (
        tf.function(lambda x: model(x))
        .get_concrete_function(tf.TensorSpec((1, 3)))
        .graph
    )

    def part(first_step, evaluated_step, *steps):
        board = tensorboard.TensorBoard(
            tmp_path, model, 8, True, first_step, evaluated_step
        )
        with board:
            board.configuration("the fields")
            if evaluated_step < 0:
                board.graph(graph)
            for step in steps:
                board.logged(step, {"loss": 0.5, "steps_per_second": 3.0})
                if step % 2 == 0:
                    board.evaluated(step, {"accuracy": 0.75}, is_best=False)

    part(0, -1, 1, 2)  # killed before there was a checkpoint
    part(0, -1, 1, 2, 3, 4, 5, 6)
    part(4, 2, 5, 6)  # step 4 was not evaluated when it was saved
    part(4, 4, 5, 6, 7)
    part(6, 6, 7, 8)
    train, validation = tmp_path / "train", tmp_path / "validation"
    loss, accuracy = "loss/loss", "metrics/accuracy"
    assert _read(train, loss) == list(range(1, 9)) == _shown(_board(train), loss)
    expected = [2, 6, 8]
    assert _read(validation, accuracy) == expected
    assert _shown(_board(validation), accuracy) == expected
    assert _read(train, "configuration") == [0, 4, 6]
    assert _read(train, "weights/dense/bias") == [0, 2, 4, 6, 8]
    assert _read(train, "custom_scalars__config__") == [0]
    assert _graphs(validation) == 1

"""Events for TensorBoard: scalars, histograms, texts, pictures and tables."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib import image
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import plugin_data_pb2

from tests.support import events
from tfm import figures
from tfm.callbacks import tensorboard

LOGGED = {
    "loss": 0.5,
    "steps_per_second": 3.0,
    "tokens_per_second": 180.0,
    "weight_norm/dense": 4.0,
    "update_norm/dense": 0.01,
}


def _darkness(picture: bytes) -> np.ndarray:
    return 1 - image.imread(io.BytesIO(picture))[..., :3].mean(axis=2)


def test_the_table_escapes_and_cuts_texts():
    columns = ("text", "true", "predicted", "probability")
    rows = [("a | b\n<br />c", "bad", "bad", 0.5), ("x" * 400, "good", "b", 0.987654)]
    lines = tensorboard.markdown(figures.Samples(columns, rows)).splitlines()
    assert lines[0] == "| text | true | predicted | probability |"
    assert lines[2] == "| a \\| b &lt;br />c | bad | bad | 0.500 |"
    assert lines[3] == f"| {'x' * 300}… | good | b | 0.988 |"


@pytest.fixture
def board(tmp_path):
    """A function from whether histograms are on to what is written, and its model."""
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs))
    model.set_weights([np.array([[-3, 1], [1, 1], [1, 7]]), np.array([0.5, 0.5])])

    def write(histograms: bool) -> dict[str, list[tuple[int, str, np.ndarray]]]:
        folder = tmp_path / str(histograms)
        with tensorboard.TensorBoard(
            folder, model, 8, histograms, token_slots=80
        ) as made:
            made.configuration("the fields")
            made.logged(5, LOGGED)
            made.warned(6, "gradient not finite")
            metrics = {"loss": 0.25, "accuracy": 0.75, "f1/no": 0.5}
            made.evaluated(10, metrics, is_best=True)
            names = ("no", "yes")
            matrix = figures.Matrix(np.diag([5, 3]), names, names)
            samples = figures.Samples(("a",), [("b",)])
            made.figures(10, {"confusion_matrix": matrix, "predictions": samples})
        return {
            name: [
                (step, value.tag, tf.make_ndarray(value.tensor))
                for step, value in events.read(folder / name)
            ]
            for name in ("train", "validation")
        }

    return write


def test_the_histogram_of_each_weight_has_all_its_values(board):
    found = {tag: (step, value) for step, tag, value in board(True)["train"]}
    steps = [s for s, tag, _ in board(True)["train"] if tag == "weights/dense/kernel"]
    assert steps == [0, 10]  # the second one begins anew, and the first is gone
    step, buckets = found["weights/dense/kernel"]
    assert step == 10
    left, right, count = buckets.T
    assert count.sum() == 6 and (left.min(), right.max()) == (-3, 7)
    assert count[(left <= 1) & (right > 1)].sum() == 4
    _, bias = found["weights/dense/bias"]
    assert bias[:, 2].sum() == 2 and bias[bias[:, 2] > 0][0, 0] == pytest.approx(0.5)
    assert not [tag for _, tag, _ in board(False)["train"] if tag.startswith("weights")]


def test_scalars_texts_and_pictures_are_on_their_pages(board):
    written = board(False)
    scalars = {
        (step, tag): float(value)
        for found in written.values()
        for step, tag, value in found
        if value.dtype == np.float32
    }
    assert 0.01 < scalars.pop((5, "system/memory_gb")) < 100
    assert scalars == pytest.approx(
        {
            (5, "loss/loss"): 0.5,
            (5, "speed/steps_per_second"): 3.0,
            (5, "speed/tokens_per_second"): 180.0,
            (5, "speed/examples_per_second"): 24.0,
            (5, "speed/padding_share"): 0.25,  # 60 tokens of 80 an update
            (5, "optimization_by_layer/weight_norm/dense"): 4.0,
            (5, "optimization_by_layer/update_norm/dense"): 0.01,
            (5, "optimization_by_layer/update_ratio/dense"): 0.0025,
            (10, "loss/loss"): 0.25,
            (10, "metrics/accuracy"): 0.75,
            (10, "metrics_by_class/f1/no"): 0.5,
        }
    )
    others = {
        (name, step, tag): value
        for name, found in written.items()
        for step, tag, value in found
        if value.dtype != np.float32
    }
    assert b"the fields" in others["train", 0, "configuration"].item()
    assert others["train", 6, "warnings"].item() == b"gradient not finite"
    assert (
        others["validation", 10, "examples/predictions"].item()
        == b"| a |\n|---|\n| b |"
    )
    width, height, picture = others["validation", 10, "figures/confusion_matrix"]
    drawn = _darkness(picture)
    assert drawn.shape == (int(height), int(width)) and drawn.max() > 0.5


def _scalars(folder) -> list[tuple[int, str, float]]:
    return sorted(events.scalars(folder))


def test_the_line_of_the_reference_is_as_long_as_the_run_is_now(tmp_path):
    tensorboard.line(tmp_path, {"accuracy": 0.5}, 10)
    tensorboard.line(tmp_path, {"accuracy": 0.75}, 20)
    tag = "metrics/accuracy"
    assert _scalars(tmp_path) == [(0, tag, 0.75), (20, tag, 0.75)]


def test_settings_stand_beside_the_final_scores_and_only_those(tmp_path):
    values = {"model.width": 8, "train.jit": False, "data": "x" * 900}
    for accuracy in (0.5, 0.75):  # finished again
        metrics = {"accuracy": accuracy, "f1/good": 0.5}
        tensorboard.final(tmp_path, "films", values, metrics, 10)
    assert _scalars(tmp_path) == [(10, "metrics/accuracy", 0.75)]
    found = {}
    for _, value in events.read(tmp_path):
        if value.metadata.plugin_data.plugin_name == "hparams":
            content = value.metadata.plugin_data.content
            assert value.tag not in found
            found[value.tag] = plugin_data_pb2.HParamsPluginData.FromString(content)
    begun = found["_hparams_/session_start_info"].session_start_info
    assert begun.group_name == "films"
    assert begun.hparams["model.width"].number_value == 8
    assert begun.hparams["train.jit"].bool_value is False
    assert begun.hparams["data"].string_value == "x" * 200
    ended = found["_hparams_/session_end_info"].session_end_info
    assert ended.status == api_pb2.STATUS_SUCCESS


def test_long_tables_are_cut():
    table = figures.Table(("n",), [(i,) for i in range(5000)])
    lines = tensorboard.markdown(table).splitlines()
    assert len(lines) == 102 and lines[-1] == "| 99 |"

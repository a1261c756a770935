"""The data that TensorBoard serves of real runs, page by page."""

import csv
import io
import json

import numpy as np
import pytest
from matplotlib import image

from tests.support import board_runs
from tests.support import board_server
from tfm.run import trained

NARROW, WIDE, WRITER = (f"{name}/events" for name in ("narrow", "wide", "writer"))
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return board_runs.make(tmp_path_factory.mktemp("cockpit"))


@pytest.fixture(scope="module")
def board(runs):
    with board_server.serve(runs) as server:
        parts = ("train", "validation", "test", "reference")
        of_classes = [f"{run}/{part}" for run in (NARROW, WIDE) for part in parts]
        server.wait_for(*of_classes, *(f"{WRITER}/{p}" for p in (*parts[:2], "best")))
        yield server


def _scores(runs, name: str) -> dict:
    return json.loads((runs / name / "metrics.json").read_text())


def _points(board, run: str, tag: str) -> list[tuple[int, float]]:
    found = board.get("plugin/scalars/scalars", run=run, tag=tag)
    return [(step, value) for _, step, value in found]


def test_train_and_validation_share_their_charts_in_few_groups(board):
    tags = board.get("plugin/scalars/tags")
    train, validation = tags[f"{NARROW}/train"], tags[f"{NARROW}/validation"]
    assert {"loss/loss", "metrics/accuracy"} <= {*train} & {*validation}
    groups = {tag.partition("/")[0] for run in tags.values() for tag in run}
    assert groups == {
        "loss",
        "metrics",
        "metrics_by_class",
        "optimization",
        "optimization_by_layer",
        "speed",
        "system",
    }
    assert "metrics/f1_micro" not in validation  # it is the accuracy


def test_a_run_in_two_parts_has_every_step_once(board):
    steps = [step for step, _ in _points(board, f"{NARROW}/train", "loss/loss")]
    assert steps == [1, 5, 10, 12, 15, 20, 24]
    found = _points(board, f"{NARROW}/validation", "loss/loss")
    assert [step for step, _ in found] == [8, 12, 16, 24]
    for tag in ("gradient_norm", "weight_norm", "update_ratio"):
        tag = f"optimization_by_layer/{tag}/head"
        found = _points(board, f"{NARROW}/train", tag)
        assert [step for step, _ in found] == steps and min(found)[1] > 0


def test_the_norms_of_the_layers_make_up_that_of_all(board):
    run, names = f"{NARROW}/train", ("head", "forward_0", "embedding")
    tags = [f"optimization_by_layer/gradient_norm/{name}" for name in names]
    parts = np.array([[v for _, v in _points(board, run, tag)] for tag in tags])
    whole = dict(_points(board, run, "optimization/gradient_norm"))
    assert np.sqrt((parts[:, 0] ** 2).sum()) == pytest.approx(whole[1], rel=1e-4)


def test_speed_waiting_padding_and_memory_are_told(board):
    run = f"{NARROW}/train"
    for tag in ("input_wait", "padding_share"):
        values = [v for _, v in _points(board, run, f"speed/{tag}")]
        assert all(0 <= v <= 1 for v in values) and max(values) > 0
    assert min(v for _, v in _points(board, run, "speed/tokens_per_second")) > 0
    assert min(v for _, v in _points(board, run, "system/memory_gb")) > 0.05


def test_the_reference_is_a_line_over_the_run_and_the_end_is_there_once(board, runs):
    scores = _scores(runs, "narrow")
    value = scores["reference_validation"]["accuracy"]
    found = _points(board, f"{NARROW}/reference", "metrics/accuracy")
    assert found == [(0, pytest.approx(value)), (24, pytest.approx(value))]
    found = _points(board, f"{NARROW}/test", "metrics/accuracy")
    test = scores["test"]
    assert found == [(test["step"], pytest.approx(test["accuracy"]))]


def test_runs_compare_by_settings_and_final_scores(board, runs):
    experiment = board.post(
        "plugin/hparams/experiment", experimentName="", includeMetrics=True
    )
    infos = {one["name"]: one for one in experiment["hparamInfos"]}
    assert infos["model.width"]["differs"] and not infos["train.seed"].get("differs")
    metrics = [{"tag": "metrics/accuracy", "group": ""}]
    groups = board.post(
        "plugin/hparams/session_groups",
        experimentName="",
        startIndex=0,
        sliceSize=10,
        allowedStatuses=["STATUS_SUCCESS", "STATUS_UNKNOWN"],
        colParams=[{"hparam": "model.width"}, {"metric": metrics[0]}],
    )["sessionGroups"]
    found = {group["name"]: group for group in groups}
    assert {*found} == {"narrow", "wide", "writer"}
    for name, width in (("narrow", 8), ("wide", 16)):
        assert found[name]["hparams"]["model.width"] == width
        assert found[name]["hparams"]["model"] == "LSTM"
        (value,) = [
            one["value"]
            for one in found[name]["metricValues"]
            if one["name"]["tag"] == "metrics/accuracy"
        ]
        assert value == pytest.approx(_scores(runs, name)["test"]["accuracy"])


def test_the_weights_have_histograms_from_step_0(board):
    tags = board.get("plugin/histograms/tags")[f"{NARROW}/train"]
    assert {"weights/head/kernel", "data/length_tokens"} <= {*tags}
    for tag, steps in {
        "weights/head/kernel": [0, 8, 12, 16, 24],
        "data/length_tokens": [0],
    }.items():
        found = board.get(
            "plugin/histograms/histograms", run=f"{NARROW}/train", tag=tag
        )
        assert [step for _, step, _ in found] == steps
        total = sum(count for _, _, count in found[0][2])
        assert total == {"weights/head/kernel": 16, "data/length_tokens": 192}[tag]


def test_the_graph_is_that_of_the_model(board):
    run = f"{NARROW}/validation"
    assert board.get("plugin/graphs/info")[run]["run_graph"]
    graph = board.get("plugin/graphs/graph", run=run, conceptual="false").decode()
    assert all(name in graph for name in ("classifier", "/lstm", "/head", "MatMul"))


def test_the_precision_recall_curve_is_scikit_learns(board, runs):
    run, tag = f"{NARROW}/validation", "by_class/good/pr_curves"
    assert [*board.get("plugin/pr_curves/tags")[run]] == [tag]
    curves = board.get("plugin/pr_curves/pr_curves", run=run, tag=tag)[run]
    assert [curve["step"] for curve in curves] == [8, 12, 16, 24]
    share = 0.5  # all are taken for good at a threshold of 0
    assert curves[-1]["precision"][0] == share and curves[-1]["recall"][0] == 1
    scored = trained.load(str(runs / "narrow"), "last")
    results = scored.score(scored.split("validation")).results
    exp = np.exp(results["logits"].astype(np.float64))
    told = (exp / exp.sum(1, keepdims=True))[:, 1] >= 0.5
    at = curves[-1]["thresholds"].index(pytest.approx(0.5))
    assert curves[-1]["true_positives"][at] == (told & (results["label"] == 1)).sum()
    assert curves[-1]["false_positives"][at] == (told & (results["label"] == 0)).sum()


def test_the_projector_has_tokens_and_examples_with_what_they_are(board, runs):
    run = f"{NARROW}/train"
    found = board.get("plugin/projector/info", run=run)["embeddings"]
    assert [one["tensorName"] for one in found] == ["tokens", "examples"]
    loaded = trained.load(str(runs / "narrow"))
    table = loaded.model.get_layer("embedding").weights[0].numpy()
    served = board.get("plugin/projector/tensor", run=run, name="tokens")
    vectors = np.frombuffer(served, np.float32).reshape(found[0]["tensorShape"])
    np.testing.assert_allclose(vectors, table[: len(vectors)], rtol=1e-3, atol=1e-4)
    names = board.get("plugin/projector/metadata", run=run, name="tokens").decode()
    vocabulary = loaded.preprocessor.tokenizer.vocabulary
    assert names.split("\n")[:-1] == [*vocabulary]
    cells = board.get("plugin/projector/metadata", run=run, name="examples").decode()
    head, *rows = csv.reader(cells.splitlines(), delimiter="\t")
    assert head == ["text", "label", "predicted"] and len(rows) == 24
    accuracy = np.mean([row[1] == row[2] for row in rows])
    expected = _scores(runs, "narrow")["validation"]["accuracy"]
    assert accuracy == pytest.approx(expected)


def test_texts_are_examples_mistakes_and_samples_of_a_language_model(board):
    tags = board.get("plugin/text/tags")
    assert {"examples/predictions", "examples/mistakes", "tables/classes"} == {
        *tags[f"{NARROW}/validation"]
    }
    samples = board.get(
        "plugin/text/text", run=f"{WRITER}/validation", tag="examples/samples"
    )
    assert [one["step"] for one in samples] == [4, 8]
    prompts = [one["text"].split("<tr>")[2].split("</td>")[0] for one in samples]
    assert prompts[0] == prompts[1] and len(prompts[0]) > len("\n<td>") + 5
    assert samples[0]["text"] != samples[1]["text"]


def test_pictures_are_what_the_evaluation_draws(board):
    run = f"{NARROW}/validation"
    tags = board.get("plugin/images/tags")[run]
    names = ("calibration", "confusion_matrix", "precision_recall", "roc")
    assert sorted(tags) == [f"figures/{name}" for name in names]
    (first, *_) = board.get(
        "plugin/images/images", run=run, tag="figures/roc", sample=0
    )
    picture = board.get(f"plugin/images/individualImage?{first['query']}")
    pixels = image.imread(io.BytesIO(picture))
    assert pixels.shape[0] > 200 and len(np.unique(pixels)) > 10


def test_custom_scalars_have_a_line_for_each_layer(board):
    layout = board.get("plugin/custom_scalars/layout")
    titles = [one["title"] for one in layout["category"]]
    assert titles == ["Quality", "Layers", "Speed"]
    for category in layout["category"]:
        for chart in category["chart"]:
            (pattern,) = chart["multiline"]["tag"]
            found = [
                board.get(
                    "plugin/custom_scalars/scalars",
                    run=run,
                    tag=pattern,
                )
                for run in (f"{NARROW}/train", f"{NARROW}/validation")
            ]
            assert all(one["regex_valid"] for one in found)
            assert any(one["tag_to_events"] for one in found), chart["title"]
            if chart["title"] == "gradient norm":
                assert len(found[0]["tag_to_events"]) == 3


def test_the_profile_is_where_its_plugin_looks(runs):
    (trace,) = (runs / "narrow/events/train").glob("plugins/profile/*/*.xplane.pb")
    assert b"MatMul" in trace.read_bytes()

"""Every shipped experiment trains a few steps through its command, and is used."""

import json
import math
import pathlib
import shutil

import pandas
import pytest

from tests.support import commands
from tests.support import pictures
from tests.support import reviews
from tests.support import small_preset
from tfm import config
from tfm import displays
from tfm import errors
from tfm import generate
from tfm import predict
from tfm.config import fields
from tfm.run import look

ROOT = pathlib.Path(__file__).parents[1]
NAMES = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))
LABELED = [n for n in NAMES if "label" in config.load_experiment(n).task.columns]
PICTURES = {n for n in LABELED if "image" in config.load_experiment(n).inputs.columns}
PAIRS = [n for n in NAMES if "target" in config.load_experiment(n).task.columns]
# begin with given weights
PRETRAINED = {"finetune", "linear_probe", "text_cls_finetune", "text_cls_minilm"}
SHORT = ("--train.steps=3", "--train.eval_every=3", "--train.batch_size=8")
FLAT = "--model.num_layers=1"  # less to trace; tests/xla_test.py has them whole


@pytest.fixture
def train(tmp_path, monkeypatch, capsys):
    """Trains in an empty folder and returns what is printed; it must succeed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(displays, "PLAIN_SECONDS", math.inf)

    def train(name, *arguments):
        status = commands.train(f"--experiment={name}", *arguments)
        said = capsys.readouterr()
        notes = [n for n in said.err.splitlines() if not n.startswith("note: ")]
        assert (status, notes) == (0, [])
        return said.out

    return train


@pytest.fixture
def plain_text(tmp_path) -> str:
    """A text file, in place of the package that an experiment reads."""
    reviews.write_csv(tmp_path / "made.csv", num_rows=600)
    lines = (tmp_path / "made.csv").read_text().splitlines()
    path = tmp_path / "made.txt"
    path.write_text("\n".join(f"{i}. {line}" for i, line in enumerate(lines)))
    return str(path)


def _is_used(capsys, tmp_path, name, shown):
    run_dir = "runs/reviews" if name == "auto" else f"runs/{name}"
    assert f"python -m tfm.predict --run_dir={run_dir}" in shown
    folder = tmp_path / run_dir
    scores = json.loads((folder / "metrics.json").read_text())
    assert 0 <= scores["test"]["accuracy"] <= 1
    assert scores["test"]["step"] == 3
    predict.main(predict.Options(run_dir=str(folder), text=["fine"], json=True))
    found = json.loads(capsys.readouterr().out)
    assert sum(found["probabilities"].values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "name",
    ["image_cls", pytest.param("image_cls_vit", marks=pytest.mark.slow)],
)
def test_a_classifier_of_pictures_trains_and_predicts(name, train, capsys, tmp_path):
    source = pictures.bars(tmp_path / "bars", size=16)
    small = ["--model.filters=4,8"] if name == "image_cls" else [FLAT]
    data = [f"--data.train={source}", "--data.rename=", "--inputs.size=16"]
    train(name, *data, *small, *SHORT)
    scores = json.loads((tmp_path / f"runs/{name}/metrics.json").read_text())
    assert 0 <= scores["test"]["accuracy"] <= 1
    one = next(source.glob("rows/*.png"))
    options = {"run_dir": str(tmp_path / f"runs/{name}"), "json": True}
    predict.main(predict.Options(**options, input=str(one)))
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == str(one)
    assert found["probabilities"].keys() == {"columns", "rows"}


@pytest.mark.parametrize("name", sorted({*LABELED} - PRETRAINED - PICTURES))
def test_a_classifier_trains_and_predicts(name, train, capsys, tmp_path):
    reviews.write_csv(tmp_path / "reviews.csv")  # which auto reads
    shown = train(name, "--data.max_examples=300", *SHORT)
    _is_used(capsys, tmp_path, name, shown)


@pytest.mark.parametrize(
    "name", [PAIRS[0], *(pytest.param(n, marks=pytest.mark.slow) for n in PAIRS[1:])]
)
def test_pairs_of_texts_train_and_are_written(name, train, capsys, tmp_path):
    rows = "".join(f"word {n}\tW ER{n} D\n" for n in range(60))
    (tmp_path / "pairs.tsv").write_text(f"source\ttarget\n{rows}")
    found = ("--data.train=pairs.tsv", "--data.test_fraction=0.1")
    sizes = ("--model.width=16", "--model.num_heads=2", "--task.num_beams=2")
    shown = train(name, *found, *sizes, *SHORT, FLAT)
    assert f"python -m tfm.predict --run_dir=runs/{name}" in shown
    folder = tmp_path / f"runs/{name}"
    scores = json.loads((folder / "metrics.json").read_text())
    task = config.load_experiment(name).task
    assert {"loss", *task.scores} <= scores["test"].keys()
    predict.main(predict.Options(run_dir=str(folder), text=["word 3"], json=True))
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found["target"], str)


@pytest.mark.parametrize("name", sorted({*NAMES} - {*LABELED, *PAIRS}))
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "txt"])
def test_a_language_model_reads_tables_by_rows(name, kind, tmp_path):
    frame = pandas.DataFrame({"text": [f"Row {i} of a table." for i in range(9)]})
    path = tmp_path / f"rows.{kind}"
    write = {
        "jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        "csv": lambda: frame.to_csv(path, index=False),
        "parquet": lambda: frame.to_parquet(path),
        "txt": lambda: path.write_text("\n".join(frame["text"])),
    }
    write[kind]()
    changes = {"data.train": str(path), "data.workers": 1, "data.min_characters": 1}
    e = look.at(fields.override(config.load_experiment(name), changes))
    rows = [row["text"] for row in e.data.prepare(tmp_path / "run").training_rows()]
    if kind == "txt" and e.data.document == "auto":  # the start of the whole file
        (text,) = rows
        assert "\n".join(frame["text"]).startswith(text) and len(text) > 100
    else:  # without those, or the ends, that went to validation
        assert len(rows) >= 5
        assert all(row.startswith("Row ") and "text" not in row for row in rows)
    if kind != "txt":
        asked = fields.override(e, {"data.document": "file"})
        with pytest.raises(errors.UserError, match="takes files of plain text, and"):
            look.at(asked)


@pytest.mark.parametrize("name", sorted({*NAMES} - {*LABELED, *PAIRS, "pretrain_bert"}))
def test_a_language_model_trains_and_generates(
    name, train, capsys, tmp_path, plain_text
):
    small = ("--inputs.vocab_size=400", "--inputs.max_length=32", "--data.workers=1")
    texts = (f"--data.train={plain_text}", "--data.min_characters=1")
    shown = train(name, *texts, *small, *SHORT, FLAT)
    run_dir = f"runs/{name}"
    assert f"python -m tfm.generate --run_dir={run_dir}" in shown
    folder = tmp_path / run_dir
    scores = json.loads((folder / "metrics.json").read_text())
    assert 1 < scores["validation"]["perplexity"] < 1000
    options = generate.Options(
        run_dir=str(folder),
        prompt=["the film"],
        max_new_tokens=5,
        json=True,
        jit=False,
    )
    generate.main(options)
    assert json.loads(capsys.readouterr().out)["prompt"] == "the film"


def test_a_model_is_pretrained_and_then_fine_tuned(train, capsys, tmp_path):
    few = ("--data.max_documents=300", "--inputs.vocab_size=400", "--data.workers=1")
    shown = train("pretrain_bert", *few, *SHORT, FLAT)
    assert "python -m tfm.evaluate --run_dir=runs/pretrain_bert" in shown
    few = ("--data.max_examples=300", "--inputs.vocab_size=400")
    name = "text_cls_finetune"
    shown = train(name, *few, *SHORT, FLAT)
    assert "weights of runs/pretrain_bert (step 3)" in shown
    _is_used(capsys, tmp_path, name, shown)


def test_a_published_model_is_fine_tuned(train, capsys, tmp_path):
    name = "text_cls_minilm"
    preset = small_preset.write(tmp_path / "preset")  # for the real one's weights
    few = ("--data.max_examples=100", "--inputs.max_length=8")
    few += (f"--model.preset={preset}", "--data.validation_fraction=0.2")
    shown = train(name, *few, *SHORT)
    _is_used(capsys, tmp_path, name, shown)


def test_sentence_vectors_are_learnt_on_and_need_the_preset_no_more(
    train, capsys, tmp_path
):
    preset = small_preset.write(tmp_path / "preset", hidden_dim=32)
    reviews.write_csv(tmp_path / "mine.csv", 200)
    flags = ("--data.train=mine.csv", f"--inputs.preset={preset}")
    flags += ("--inputs.max_length=8", "--train.epochs=1")
    train("linear_probe", *flags, "--train.min_steps=30")
    shutil.rmtree(preset)
    run = tmp_path / "runs/linear_probe"
    predict.main(predict.Options(run_dir=str(run), text=["a man " * 99], json=True))
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"bad", "good"}
    again = train("linear_probe", *flags, "--train.min_steps=40")
    assert "Finished at step 40" in again


def test_a_published_model_is_fine_tuned_on_a_file_of_ones_own(train, capsys, tmp_path):
    preset = small_preset.write(tmp_path / "preset", max_sequence_length=64)
    reviews.write_csv(tmp_path / "mine.csv", 200)
    flags = ("--data.train=mine.csv", f"--model.preset={preset}", "--train.epochs=0.1")
    shown = train("finetune", *flags, "--train.min_steps=30")
    told = "Training    for 30 updates, 3 epochs, as train.min_steps=30; 0.1 epochs are"
    assert told in shown
    run = tmp_path / "runs/finetune"
    found = config.from_json(json.loads((run / "config.json").read_text())["config"])
    assert (found.data.text, found.data.label) == ("review", "stars")
    assert found.inputs.max_length is None
    kept = json.loads((run / "preprocessor/tokens.json").read_text())["max_length"]
    assert kept % 16 == 0 and kept <= 64
    (cut,) = [line for line in shown.splitlines() if f" {kept} tokens" in line]
    # it goes on with the length that was found, and is told the same
    again = train("finetune", *flags, "--train.min_steps=40")
    assert cut in again.splitlines() and "Finished at step 40" in again
    predict.main(predict.Options(run_dir=str(run), text=["a man " * 99], json=True))
    assert set(json.loads(capsys.readouterr().out)["probabilities"]) == {"bad", "good"}

"""tfm.inspect shows rows at each stage: what the model really gets."""

import os
import pathlib
import pty
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.support import reviews
from tfm.run import trained

ROOT = pathlib.Path(__file__).parents[1]
ENVIRONMENT = {n: v for n, v in os.environ.items() if n != "NO_COLOR"}
ENVIRONMENT |= {"PYTHONPATH": str(ROOT), "TERM": "xterm"}


def _inspect(cwd, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tfm.inspect", *flags],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


def _examples(done: subprocess.CompletedProcess) -> list[dict[str, str]]:
    """What is shown of each example, by stage and name."""
    assert done.returncode == 0, done.stderr
    found = []
    for block in done.stdout.split("\n\n")[1:]:
        first, *lines = block.splitlines()
        if first.startswith("Pictures"):
            continue
        shown = {"origin": first.split("  ", 1)[1]}
        for line in lines:
            stage, name, value = line.split(maxsplit=2)
            shown[f"{stage} {name.removesuffix(':')}"] = value
        found.append(shown)
    return found


def _ids(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def test_a_run_shows_its_own_vocabulary_and_stays_as_it_is(run, tmp_path):
    before = sorted(run.rglob("*"))
    (first, second) = _examples(
        _inspect(tmp_path, f"--run_dir={run}", "--rows=2", "--split=test", "--first=3")
    )
    loaded = trained.load(run)
    split = loaded.split("test")
    row = split.rows(np.array([3]))[0]
    assert first["origin"] == split.origins(np.array([3]))[0]
    assert first["raw text"] == row["text"] and first["raw label"] == row["label"]
    assert first["cleaned text"] == row["text"].lower()
    (ids,) = loaded.preprocessor.encode([row])["tokens"]
    assert _ids(first["ids tokens"]) == ids.tolist()
    assert first["tokens tokens"].split("|") == loaded.preprocessor.tokenizer.tokens(
        ids
    )
    kind, values = first["batch tokens"].split("] ")
    assert kind == "int32 [10"
    assert _ids(values) == [*ids.tolist(), *[0] * (10 - len(ids))]
    assert first["batch label"] == f"int32 [] {int(row['label'] == 'good')}"
    assert second["raw text"] == split.rows(np.array([4]))[0]["text"]
    assert sorted(run.rglob("*")) == before


def test_another_file_by_the_vocabulary_of_a_run(run, tmp_path):
    source = reviews.write_csv(tmp_path / "new.csv", 40, seed=9)
    source.write_text(source.read_text().replace("film", "opera"))
    done = _inspect(tmp_path, f"--run_dir={run}", f"--data.train={source}", "--rows=20")
    found = _examples(done)
    unknown = [example for example in found if "opera" in example["raw text"]]
    assert unknown and all("[UNK]" in one["tokens tokens"] for one in unknown)


@pytest.mark.slow
def test_train_is_shown_as_it_is_augmented_in_an_epoch(tmp_path):
    source = reviews.write_csv(tmp_path / "reviews.csv", 60)
    flags = [
        "--experiment=text_cls",
        f"--data.train={source}",
        *("--data.where=", "--data.rename=", "--inputs.augment.delete=0.5"),
        *("--rows=6", "--inputs.max_length=12", "--inputs.min_count=1"),
    ]
    plain = _examples(_inspect(tmp_path, *flags, "--noaugment"))
    first, again = (_examples(_inspect(tmp_path, *flags, "--epoch=1")) for _ in "ab")
    assert first == again
    other = _examples(_inspect(tmp_path, *flags, "--epoch=2"))
    tokens = lambda shown: [one["tokens tokens"].split("|") for one in shown]  # noqa: E731
    assert tokens(first) != tokens(other)
    for whole, left in zip(tokens(plain), tokens(first), strict=True):
        words = iter(whole)
        assert len(left) <= len(whole) and all(word in words for word in left)
    assert sum(map(len, tokens(first))) < sum(map(len, tokens(plain)))
    assert [one["ids tokens"] for one in first] == [one["ids tokens"] for one in plain]


def test_control_codes_are_shown_and_colours_are_for_terminals(tmp_path):
    rows = [f'"good \x1b[31mred\x1b[0m film {i}",good' for i in range(20)]
    rows += [f'"a bad film {i}",bad' for i in range(20)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]))
    flags = ("--experiment=text_cls", "--data.train=a.csv", "--data.where=")
    flags += ("--data.rename=", "--rows=40", "--noaugment")
    done = _inspect(tmp_path, *flags)
    assert "\x1b" not in done.stdout and "\\x1b[31mred" in done.stdout
    seen = _on_a_terminal(tmp_path, *flags)
    assert "\x1b[36m" in seen and "\x1b[33m" in seen and "\x1b[31m" not in seen


def _on_a_terminal(cwd, *flags: str) -> str:
    """The output of the command on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tfm.inspect", *flags],
        cwd=cwd,
        env=ENVIRONMENT,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            parts.append(os.read(ours, 65536))
        except OSError:  # the other end is closed
            break
    assert process.wait() == 0
    os.close(ours)
    return b"".join(parts).decode()


def test_pictures_on_a_sheet_plain_and_mirrored(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(40):
        folder = tmp_path / "pictures" / ("dark", "bright")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (8, 8, 1)).astype(np.uint8)
        (folder / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    flags = (f"--experiment={ROOT / 'tests/kinds/pictures.py'}", "--rows=4")
    done = _inspect(tmp_path, *flags, "--output=sheet.png")
    found = _examples(done)
    assert [example["batch pixels"][:17] for example in found] == [
        "float32 [8, 8, 1]"
    ] * 4
    assert found[0]["raw picture"].endswith(" bytes")
    sheet = tf.io.decode_png((tmp_path / "sheet.png").read_bytes()).numpy()
    assert sheet.shape == (4 * 68 + 4, 2 * 68 + 4, 1)  # each pixel 8 times as large
    for row, example in enumerate(found):
        plain, augmented = (
            sheet[row * 68 + 4 :, place * 68 + 4 :][:64:8, :64:8] for place in (0, 1)
        )
        source = tf.io.decode_png((tmp_path / example["origin"]).read_bytes())
        np.testing.assert_array_equal(plain, source.numpy())
        mirrored = plain[:, ::-1] if row % 2 else plain  # by the row, in epoch 0
        np.testing.assert_array_equal(augmented, mirrored)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pictures", "sheet.png"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "Give --experiment=NAME; --list shows them all."),
        (("--run_dir=none",), "There is no run folder none."),
        (
            ("--run_dir=a", "--experiment=text_cls"),
            "Give --experiment or --run_dir, not both.",
        ),
        (("--rows=0",), "--rows takes 1 or more. Got 0."),
        (("--output=a.jpg",), "--output takes the name of a .png file. Got a.jpg."),
        (
            ("--experiment=text_cls", "--data.train=none.csv"),
            "There is no file none.csv.",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(flags, message, tmp_path):
    done = _inspect(tmp_path, *flags)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr == f"error: {message}\n"


def test_places_and_outputs_that_are_not_there(run, tmp_path):
    done = _inspect(tmp_path, f"--run_dir={run}", "--split=test", "--first=99")
    assert done.stderr.endswith("error: The test split has no example 99.\n")
    done = _inspect(tmp_path, f"--run_dir={run}", "--output=sheet.png")
    assert "error: --output is for inputs that are pictures" in done.stderr
    assert done.returncode == 2 and not list(tmp_path.iterdir())

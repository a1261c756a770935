"""What the first rows of a corpus tell of a reading that may be wrong."""

import pytest

from tfm import data
from tfm import errors
from tfm.data.readers import notes


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    monkeypatch.setattr(notes, "_told", set())


@pytest.mark.parametrize(
    ("text", "document", "hint"),
    [
        (
            "Wrapped\nprose.\n\nMore of\nit.\n",
            "row",
            "blank lines part its lines",
        ),
        ("Wrapped\nprose.\n\nMore of\nit.\n", "auto", ""),
        ("Wrapped\nprose.\n\nMore of\nit.\n", "paragraph", ""),
        ("One.\nTwo.\nThree.\n", "row", ""),
        (
            "One\n<|endoftext|>\nTwo\n",
            "row",
            "<|endoftext|> is text as any",
        ),
        (
            "One\n<|endoftext|>\nTwo\n",
            "auto",
            "<|endoftext|> is text as any",
        ),
        (
            '{"text": "One"}\n{"text": "Two"}\n',
            "auto",
            "its lines are JSON objects",
        ),
        ("{not JSON}\n", "auto", ""),
        (
            'id,text\n1,One\n2,"Two, too"\n3,Three\n4,Four\n',
            "auto",
            "its lines look like a table's, and learnt as text; --data.format=csv",
        ),
        (
            "id\ttext\n1\tOne\n2\tTwo\n3\tThree\n",
            "row",
            "its lines look like a table's, and learnt as text; --data.format=tsv",
        ),
        ("Come, friends\nand sing, all\nof you, now\nand ever, so\n", "row", ""),
        ("hello,world\nThis is prose.\nIt goes on, and on.\nSo it does.\n", "row", ""),
    ],
)
def test_a_reading_that_may_be_wrong_is_told_once(
    tmp_path, capsys, text, document, hint
):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(text)
    data.Corpus(str(tmp_path), document=document).look()
    said = capsys.readouterr().err.splitlines()
    if hint:
        assert len(said) == 1 and said[0].startswith(f"note: {tmp_path}/a.txt: {hint}")
    else:
        assert said == []


def test_rows_of_json_whose_name_tells_nothing_are_refused(tmp_path):
    (tmp_path / "part-0000").write_text('{"text": "One"}\n{"text": "Two"}\n')
    config = data.Corpus(str(tmp_path / "part-0000"), document="auto")
    with pytest.raises(errors.UserError, match=r"Set --data.format=jsonl, or "):
        config.look()
    assert data.Corpus(config.train, format="jsonl").look().text == "text"
    assert data.Corpus(config.train, document="file", format="text").look()


def test_one_source_for_two_splits_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("One.\nTwo.\n")
    source = str(tmp_path / "a.txt")
    for other in ("validation", "test"):
        with pytest.raises(errors.UserError) as raised:
            data.Corpus(source, **{other: source}).look()
        message = f"train and {other} are the same source, {source}: "
        assert str(raised.value).startswith(message)
        assert str(raised.value).endswith(f"Leave --data.{other} out.")


def test_a_table_of_one_column_without_a_header_line_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("The old farmer opened it\nA small boat went by\n")
    source = str(tmp_path / "a.csv")
    with pytest.raises(errors.UserError, match="no header line, it seems: 'The "):
        data.Corpus(source).look()
    assert data.Corpus(source, header=("text",)).look().text == "text"
    (tmp_path / "a.csv").write_text("review text\nA small boat went by\n")
    assert data.Corpus(source).look().text == "review text"

"""URLs: fetched once, again when they changed, from the copy when out of reach."""

import pytest

from tfm import errors
from tfm.data.readers import locations
from tfm.data.readers import notes
from tfm.data.readers import sources

fsspec = pytest.importorskip("fsspec")
CSV = "text,label\na film,{}\n"


@pytest.fixture
def place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(notes, "_told", set())
    system = fsspec.filesystem("memory")
    system.pipe("/bucket/a.csv", CSV.format(1).encode())
    system.pipe("/bucket/sub/b.csv", CSV.format(2).encode())
    yield system
    monkeypatch.undo()
    system.rm("/bucket", recursive=True)


def _labels(spec):
    rows = sources.read(spec, sources.Reading(label="label"))
    return [row.values["label"] for row in rows]


def test_a_file_a_pattern_and_a_folder(place, capsys):
    assert _labels("memory://bucket/a.csv") == ["1"]
    assert "note: downloading memory://bucket/a.csv" in capsys.readouterr().err
    assert _labels("memory://bucket/a.csv") == ["1"]
    assert capsys.readouterr().err == ""
    assert _labels("memory://bucket/*/*.csv") == ["2"]
    assert _labels("memory://bucket") == ["1", "2"]
    assert locations.absolute("memory://bucket/a.csv") == "memory://bucket/a.csv"


def test_what_has_changed_is_fetched_again(place):
    assert _labels("memory://bucket/a.csv") == ["1"]
    place.pipe("/bucket/a.csv", CSV.format(33).encode())
    assert _labels("memory://bucket/a.csv") == ["33"]


def test_the_copy_serves_where_the_place_is_out_of_reach(place, monkeypatch, capsys):
    assert _labels("memory://bucket/a.csv") == ["1"]

    def fails(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(type(place), "info", fails)
    assert _labels("memory://bucket/a.csv") == ["1"]
    assert "cannot be asked; the copy from before is read" in capsys.readouterr().err
    with pytest.raises(errors.UserError, match="b.csv cannot be read: no route"):
        _labels("memory://bucket/sub/b.csv")


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        (
            "memory://bucket/c.csv",
            "memory://bucket/c.csv cannot be read: it is not there",
        ),
        ("memory://bucket/*.xyz", r"No file matches memory://bucket/\*.xyz"),
        ("nosuch://bucket/c.csv", "nosuch://bucket/c.csv cannot be read: .*nosuch"),
    ],
)
def test_what_is_not_there_is_told(place, spec, rule):
    with pytest.raises(errors.UserError, match=rule):
        _labels(spec)


@pytest.mark.slow  # needs .ci/requirements.txt
def test_http(place, tmp_path):
    import functools
    import http.server
    import threading

    (tmp_path / "served").mkdir()
    (tmp_path / "served/a.csv").write_text(CSV.format(5))
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "served")
    )
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        try:
            assert _labels(f"{base}/a.csv?download=1") == ["5"]
            with pytest.raises(errors.UserError, match="b.csv cannot be read"):
                _labels(f"{base}/b.csv")
        finally:
            server.shutdown()

"""Files of Debian packages: where they lie, else how to get them."""

import pytest

from tfm import errors
from tfm.data.readers import debian
from tfm.data.readers import locations


def test_it_is_found_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = tmp_path / "tfm/debian/some-data/usr/share/some-data"
    place.mkdir(parents=True)
    (place / "a.csv").write_text("text,label\n")
    spec = "debian:some-data/usr/share/some-data/a.csv"
    (file,) = locations.files(spec)
    assert (file.path, file.format) == (place / "a.csv", "csv")
    assert locations.absolute(spec) == spec


def test_without_it_both_ways_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(errors.UserError) as told:
        debian.located("debian:some-data/usr/share/x")
    assert "apt-get install some-data" in str(told.value)
    assert "dpkg-deb -x some-data_*.deb" in str(told.value)
    with pytest.raises(errors.UserError, match="debian:NAME/PATH"):
        debian.located("debian:some-data")


def test_an_installed_one_is_where_it_is_installed(monkeypatch):
    folder, inside = debian.located("debian:base-files/usr")
    assert str(folder / inside) == "/usr"

"""The meter: the share of a source's bytes that has been read."""

import gzip
import zipfile

import pytest

from tfm.data.readers import meter
from tfm.data.readers import sources

ROWS, SIZE = 4000, 50  # a row's bytes


@pytest.mark.parametrize("ending", [".txt", ".txt.gz"])
def test_it_follows_the_rows(tmp_path, ending):
    opened = gzip.open if ending.endswith("gz") else open
    for name in "ab":
        with opened(tmp_path / f"{name}{ending}", "wt") as file:
            for row in range(ROWS):
                file.write(f"{hash((name, row)):{SIZE - 1}}\n")
    shares = []
    for _ in sources.read(str(tmp_path / "*.txt*"), sources.Reading()):
        shares.append(meter.present.share())
    assert len(shares) == 2 * ROWS
    assert shares == sorted(shares) and shares[0] < 0.2 and shares[-1] > 0.95
    assert shares[ROWS // 2] == pytest.approx(0.25, abs=0.12)
    assert shares[ROWS + ROWS // 2] == pytest.approx(0.75, abs=0.12)
    assert meter.present.share() == 1.0


def test_of_a_zip_whole_files_count(tmp_path):
    for name in "ab":
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("x.txt", "one\ntwo\n")
    reading = sources.Reading(format="text")
    shares = [
        meter.present.share() for _ in sources.read(str(tmp_path / "*.zip"), reading)
    ]
    assert shares == [0.0, 0.0, 0.5, 0.5]


def test_of_what_has_no_files_it_is_not_known():
    meter.present.begin(())
    assert meter.present.share() is None

"""What a training ends with that cannot go on."""

import pytest

from tfm import errors
from tfm.run import exit_status
from tfm.run import folder as run_folder


def test_an_output_that_nobody_reads_is_told_and_is_no_success(tmp_path, capsys):
    folder = run_folder.RunFolder(tmp_path / "run")
    assert exit_status.failed(BrokenPipeError(), folder) == errors.UNREAD
    assert capsys.readouterr().err == (
        "error: Nobody reads the output any more; there is nothing to save yet. Run it "
        "again to go on.\n"
    )


def test_other_errors_stay_as_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError):
        exit_status.failed(ZeroDivisionError(), run_folder.RunFolder(tmp_path))

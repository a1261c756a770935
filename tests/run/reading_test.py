"""A source's content, by which an output that was interrupted is known again."""

import os

from tfm.run import reading


def test_a_source_is_known_by_its_content_or_by_the_files_of_a_kind_of_its_own(
    tmp_path,
):
    csv = tmp_path / "a.csv"
    csv.write_text("text\nOne\n")
    before = reading._content(str(csv), "auto")
    os.utime(csv, (1, 1))
    assert reading._content(str(csv), "auto") == before
    csv.write_text("text\nTwo\n")
    assert reading._content(str(csv), "auto") != before

    pictures = tmp_path / "pictures"  # which tfm's own readers do not know
    (pictures / "cats").mkdir(parents=True)
    (pictures / "cats/1.png").write_bytes(b"png")
    found = reading._content(str(pictures), "auto")
    assert [entry[:2] for entry in found] == [[str(pictures / "cats/1.png"), 3]]
    (pictures / "cats/1.png").write_bytes(b"another")
    assert reading._content(str(pictures), "auto") != found


def test_what_is_no_file_is_no_traceback(tmp_path):
    for name in (tmp_path / "nowhere", "database:table", ""):
        reading._content(str(name), "auto")

"""Shares as a human reads them."""

import pytest

from tfm.data import shares


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.31, "31 %"),
        (1.0, "100 %"),
        (0.0996, "10 %"),
        (0.0994, "9.9 %"),
        (0.0123, "1.2 %"),
        (0.0004, "under 0.1 %"),
    ],
)
def test_a_share_is_shown_as_percent(share, shown):
    assert shares.percent(share) == shown

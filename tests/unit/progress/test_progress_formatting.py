"""Durations as log lines and tables show them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_cxone.progress.formatting import format_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.247208, "0.2 s"),
        (1.2, "1 s"),
        (59, "59 s"),
        (77, "1:17 min"),
        (7500, "2:05:00 h"),
    ],
)
def test_duration_has_tenths_only_below_a_second(seconds, text):
    """A short wait is not shown as none, and none has microseconds."""
    assert format_duration(timedelta(seconds=seconds)) == text

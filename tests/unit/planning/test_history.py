"""History of a stream, and the cuts of its windows of sums."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.planning.history import MAX_CUTS, History
from tap_cxone.windows import Window, calendar_windows

FIRST = datetime(2026, 3, 15, tzinfo=UTC)  # windows of five days begin here
DAY = timedelta(days=1)


def part(start, end):
    return Window(FIRST + start * DAY, FIRST + end * DAY)


def cut(*numbers):
    return [FIRST + number * DAY for number in numbers]


def test_cuts_are_read_as_they_were_written():
    """The state has them in order, each once."""
    history = History().add_cuts(cut(3, 2)).add_cuts(cut(3))

    assert history.to_json() == {"cuts": ["2026-03-17", "2026-03-18"]}
    assert History.from_json(history.to_json()) == history


def test_cuts_of_ten_years_stay_under_a_kilobyte():
    """The newest ones are kept."""
    history = History().add_cuts(cut(*range(3652)))

    assert len(json.dumps(history.to_json())) < 1000
    assert list(history.cuts) == cut(*range(3652 - MAX_CUTS, 3652))


@pytest.mark.parametrize(
    ("cuts", "windows"),
    [
        ((), [part(0, 5), part(5, 10)]),
        ((2,), [part(0, 2), part(2, 5), part(5, 10)]),
        (
            (2, 4, 6),
            [part(0, 2), part(2, 4), part(4, 5), part(5, 6), part(6, 10)],
        ),
        ((0, 5, 10, 12), [part(0, 5), part(5, 10)]),
    ],
    ids=["none", "one", "several", "at other ends"],
)
def test_calendar_windows_end_at_each_cut(cuts, windows):
    """A cut at the end of a window changes nothing."""
    found = calendar_windows(FIRST, FIRST + 10 * DAY, max_days=5, cuts=cut(*cuts))

    assert list(found) == windows


def test_pending_window_with_a_cut_inside_is_not_used():
    """Its first part is committed, so its rows would count it twice."""
    found = calendar_windows(
        FIRST, FIRST + 5 * DAY, max_days=5, cuts=cut(2), pending=[part(0, 5), part(2, 4)]
    )

    assert list(found) == [part(0, 2), part(2, 4), part(4, 5)]

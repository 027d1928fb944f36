"""Merged time ranges: union, difference, gaps, and their texts in STATE."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.planning.time_ranges import MAX_INTERVALS, TimeRanges
from tap_cxone.windows import Window
from tests.support.properties import many

START = datetime(2016, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEN_YEARS = 3652
REPEATABLE = random.Random(23)  # noqa: S311 (no secret)


def hours(start, end):
    return Window(START + start * HOUR, START + end * HOUR)


def hours_of(*windows):
    spans = ((w.start - START, w.end - START) for w in windows)
    return {hour for start, end in spans for hour in range(start // HOUR, end // HOUR)}


WINDOWS = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda w: hours(w[0], sum(w)))
MANY_WINDOWS = st.lists(WINDOWS, max_size=8)


@many
@given(MANY_WINDOWS, MANY_WINDOWS, WINDOWS)
def test_time_ranges_are_a_set_of_instants(windows, others, span):
    """Union, difference and gaps are those of the sets of hours."""
    time, other = TimeRanges.of(windows), TimeRanges.of(others)

    assert hours_of(*time.intervals) == hours_of(*windows)
    assert hours_of(*time.add(*others).intervals) == hours_of(*windows, *others)
    assert hours_of(*time.subtract(other).intervals) == hours_of(*windows) - hours_of(*others)
    assert hours_of(*time.missing(span)) == hours_of(span) - hours_of(*windows)
    assert time.covers(span) == (hours_of(span) <= hours_of(*windows))


@many
@given(MANY_WINDOWS)
def test_time_ranges_are_read_as_they_were_written(windows):
    """The texts of the state give the same intervals, disjoint and in order."""
    time = TimeRanges.of(windows)

    assert TimeRanges.parse(time.format()) == time
    edges = [at for interval in time.intervals for at in (interval.start, interval.end)]
    assert edges == sorted(set(edges))


def test_adjacent_windows_become_one_interval():
    """Ten years of daily windows are one text of two dates."""
    days = [Window(START + n * DAY, START + (n + 1) * DAY) for n in range(TEN_YEARS)]
    REPEATABLE.shuffle(days)

    assert TimeRanges.of(days).format() == ["2016-01-01/2025-12-31"]


def test_ten_years_with_random_gaps_stay_under_two_kilobytes():
    """The intervals of a state are bounded, whatever the gaps are and the zone of the days is."""
    time = TimeRanges()
    for number in range(TEN_YEARS):
        start = START + number * DAY + 5 * HOUR
        if REPEATABLE.random() < 0.7:
            time = time.add(Window(start, start + DAY)).bounded()

    assert len(time.intervals) == MAX_INTERVALS
    assert len(json.dumps(time.format())) < 2000


def test_last_interval_is_never_forgotten():
    """The bookmark is the end of the last interval, which stays even if it is the shortest."""
    windows = [Window(START + n * 2 * DAY, START + (n * 2 + 1) * DAY) for n in range(100)]
    last = Window(START + 300 * DAY, START + 300 * DAY + HOUR)

    assert TimeRanges.of([*windows, last]).bounded().intervals[-1] == last

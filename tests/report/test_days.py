"""Which days are complete, and how many rows a day had."""

from __future__ import annotations

from datetime import date

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tap_cxone.report.bar_chart import draw_bars
from tap_cxone.report.coverage import DayState, day_states, day_window, months
from tap_cxone.report.streams import streams
from tap_cxone.windows import Window
from tests.report.logbook import march, window
from tests.support.ids import readable

COMPLETE, PARTIAL, FAILED, SKIPPED, NOT_REQUESTED = DayState


def day(number: int) -> date:
    """Return a day of March 2026."""
    return date(2026, 3, number)


@pytest.mark.parametrize(
    ("committed", "expected"),
    [
        ([window(2)], [NOT_REQUESTED, COMPLETE, NOT_REQUESTED]),
        ([window(1, 3)], [COMPLETE, COMPLETE, COMPLETE]),
        ([window(2, 0.5)], [NOT_REQUESTED, PARTIAL, NOT_REQUESTED]),
        ([window(2, 0.5), window(2.5, 0.5)], [NOT_REQUESTED, COMPLETE, NOT_REQUESTED]),
        ([window(2.5, 0.5), window(2, 0.5)], [NOT_REQUESTED, COMPLETE, NOT_REQUESTED]),
        ([window(2, 0.4), window(2.5, 0.5)], [NOT_REQUESTED, PARTIAL, NOT_REQUESTED]),
        ([window(1.25), window(2.25)], [PARTIAL, COMPLETE, PARTIAL]),
        ([window(1), window(3)], [COMPLETE, NOT_REQUESTED, COMPLETE]),
        ([window(1, 3), window(2, 0.5)], [COMPLETE, COMPLETE, COMPLETE]),
    ],
    ids=readable,
)
def test_day_covered_by_windows_is_complete(committed, expected):
    """Windows are added up; a day of which a part is missing is partial."""
    found = day_states(committed, committed)

    assert [found.get(day(number), NOT_REQUESTED) for number in (1, 2, 3)] == expected


def test_skipped_day_shows_unless_it_was_committed():
    """A day that a setting passed is skipped; a commit of it, even of a part, counts more."""
    asked, skipped = [window(1, 4)], [window(2, 2), window(4, 0.5)]

    found = day_states(asked, [window(1), window(3, 0.5)], skipped)

    assert found == {day(1): COMPLETE, day(2): SKIPPED, day(3): PARTIAL, day(4): SKIPPED}


def test_day_of_an_uncommitted_window_is_failed():
    """Of a window that never was committed, the days are failed."""
    assert day_states([window(1, 2)], [window(1)]) == {day(1): COMPLETE, day(2): FAILED}


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 60)), max_size=8))
def test_days_are_what_their_hours_are(hours):
    """A day is complete if each of its hours is in some window, partial if only some are."""
    committed = [Window(march(1, begin), march(1, begin + length)) for begin, length in hours]
    found = day_states(committed, committed)

    for number in range(1, 9):
        parts = [Window(march(number, hour), march(number, hour + 1)) for hour in range(24)]
        inside = [any(w.start <= p.start and p.end <= w.end for w in committed) for p in parts]
        expected = COMPLETE if all(inside) else PARTIAL if any(inside) else NOT_REQUESTED
        assert found.get(day(number), NOT_REQUESTED) == expected


def test_months_are_whole_and_the_newest_comes_first():
    """A stream's months go from its first day to the last day of any stream."""
    march, february = months({date(2026, 2, 27): COMPLETE}, day(2))

    assert (march.first, len(march.days)) == (day(1), 31)
    assert february.days[date(2026, 2, 27)] == COMPLETE
    assert set(march.days.values()) == {NOT_REQUESTED}


def test_weeks_begin_on_monday():
    """1 March 2026 is a Sunday: six cells before it are empty."""
    (month,) = months({day(1): COMPLETE}, day(1))
    first, *_, last = month.weeks

    assert first == [None] * 6 + [day(1)]
    assert last == [day(30), day(31)] + [None] * 5


def test_streams_are_apart(book):
    """A window of one stream says nothing of another."""
    book.commit(window(1), stream="a")
    book.write("job_created", window(1), "j", stream="b", latency_ms=0)

    a, b = streams(book.log.lines)
    assert dict(a.days) == {day(1): COMPLETE}
    assert dict(b.days) == {day(1): FAILED}


# Rows


def test_window_read_again_counts_once(book):
    """Of two readings of a window the later counts, with its quarantined rows."""
    book.commit(window(1), rows=10, aside=3)
    book.later(hours=1)
    book.commit(window(1), rows=12, aside=1)

    (stream,) = streams(book.log.lines)
    assert (stream.rows, stream.quarantined) == (12, 1)
    assert [read.at for read in stream.window_commits] == [march(20, 3)]


def test_commit_has_the_file_and_the_duplicates_of_its_window(book):
    """A reading shows what the extraction log has in the warehouse."""
    book.commit(window(1), dropped=2, bytes=91, sha256="5e2d")

    (commit,) = streams(book.log.lines)[0].window_commits
    assert (commit.dropped, commit.size, commit.sha256) == (2, 91, "5e2d")


def test_windows_that_later_ones_cover_do_not_count(book):
    """Days that were read again in another cut replace the window that held them."""
    book.commit(window(1, 2), rows=100)
    book.commit(window(1), rows=10)
    book.commit(window(2), rows=20)

    (stream,) = streams(book.log.lines)
    assert stream.rows == 30
    assert not stream.overlapping


def test_windows_that_overlap_are_reported(book):
    """Where a later window covers only a part of an earlier, both count, and that is logged."""
    book.commit(window(1, 1.5), rows=15)
    book.commit(window(2), rows=10)

    (stream,) = streams(book.log.lines)
    assert stream.rows == 25
    assert stream.overlapping


def test_of_a_table_the_last_reading_counts(book):
    """A table without windows has no days, and as many rows as when it was read last."""
    book.commit(None, rows=5)
    book.later(days=1)
    book.commit(None, rows=6)

    (stream,) = streams(book.log.lines)
    assert stream.rows == 6
    assert [(read.at, read.rows) for read in stream.table_commits] == [
        (march(20, 2), 5),
        (march(21, 2), 6),
    ]
    assert dict(stream.days) == {}


def bars(book):
    """Return what is drawn of the only stream."""
    (stream,) = streams(book.log.lines)
    drawn = draw_bars(stream.window_commits)
    assert drawn is not None
    return drawn


def test_windows_of_one_day_are_added_up(book):
    """Parts of a day are one bar of that day."""
    book.commit(window(2, 0.5), rows=4, aside=1)
    book.commit(window(2.5, 0.5), rows=6)

    drawn = bars(book)
    (bar,) = drawn.bars
    assert bar.window == day_window(day(2))
    assert (bar.rows, bar.quarantined, bar.is_average) == (10, 1, False)
    assert drawn.max_rows_per_day == 11


def test_window_of_several_days_is_shown_as_an_average(book):
    """Its rows are drawn over all its days, marked as what they are on average."""
    book.commit(window(2, 4), rows=40)
    book.commit(window(6), rows=20)

    drawn = bars(book)
    long, short = drawn.bars
    assert (long.is_average, long.rows_per_day, short.is_average, short.rows_per_day) == (
        True,
        10,
        False,
        20,
    )
    assert drawn.max_rows_per_day == 20
    assert (long.x, long.width, short.x, short.width) == pytest.approx((0, 80, 80, 20))


def test_window_of_another_zone_is_its_own_bar(book):
    """A window of a day that is cut at another hour is its own bar, and no average."""
    book.commit(Window(march(2, 5), march(3, 5)), rows=12)

    (bar,) = bars(book).bars
    assert (bar.window, bar.is_average, bar.rows_per_day) == (
        Window(march(2, 5), march(3, 5)),
        False,
        12,
    )


def test_no_rows_are_drawn_as_none(book):
    """Days without rows have a bar of no height."""
    book.commit(window(2), rows=0)

    assert bars(book).max_rows_per_day == 0
    assert draw_bars([]) is None


def test_gaps_stay_gaps(book):
    """Time without a window is left free."""
    book.commit(window(1))
    book.commit(window(5))

    drawn = bars(book)
    assert (drawn.first, drawn.last) == (day(1), day(5))
    assert [bar.x for bar in drawn.bars] == pytest.approx([0, 80])

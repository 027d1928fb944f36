"""How long jobs were waited for, and where a drawing has them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tap_cxone.report.timeline import timeline
from tap_cxone.report.waits import longest, waits
from tests.report.logbook import march, window
from tests.support.ids import readable


def write_job(book, name: str, day: int, *, minutes: float, end: str = "file_downloaded"):
    """Write the life of a job that takes so many minutes."""
    book.write("job_created", window(day), name, latency_ms=0)
    book.write("job_state", window(day), name, state="running")
    book.later(minutes=minutes)
    facts = {"reason": "no"} if end == "job_failed" else {"bytes": 1, "rows": 1, "sha256": ""}
    book.write(end, window(day), name, **facts)


def test_wait_lasts_from_the_job_to_its_file(book):
    """From when the API accepted the job until the file came; what was waited before is apart."""
    book.write("job_created", window(1), "j1", latency_ms=30_000)
    book.write("job_state", window(1), "j1", state="running")
    book.later(minutes=4)
    book.write("file_downloaded", window(1), "j1", bytes=1, rows=1, sha256="")

    (wait,) = waits(book.log.lines)
    assert wait.duration == timedelta(minutes=4)
    assert wait.started_at - wait.ready_at == timedelta(seconds=30)
    assert (wait.outcome, wait.adopted) == ("came", False)
    assert wait.states == ((march(20, 2), "running"),)


def test_wait_for_a_failed_job_ends_with_the_failure(book):
    """It was waited for until it failed."""
    write_job(book, "j1", 1, minutes=3, end="job_failed")

    (wait,) = waits(book.log.lines)
    assert (wait.outcome, wait.duration) == ("failed", timedelta(minutes=3))


def test_file_downloaded_twice_ends_its_wait_last(book):
    """The wait for a damaged file ends with its last download."""
    write_job(book, "j1", 1, minutes=3)
    book.later(minutes=1)
    book.write("file_downloaded", window(1), "j1", bytes=2, rows=1, sha256="")

    (wait,) = waits(book.log.lines)
    assert wait.duration == timedelta(minutes=4)


def test_wait_for_a_resumed_job_is_shown_in_both_runs(book):
    """A job that is taken up is waited for twice: until the first run ends, and in the second."""
    book.write("job_created", window(1), "j1", latency_ms=0)
    book.later(minutes=30)
    book.end("interrupted")
    book.run = "r2"
    book.later(hours=24)
    book.write("job_adopted", window(1), "j1")
    book.later(minutes=1)
    book.write("file_downloaded", window(1), "j1", bytes=2, rows=1, sha256="")

    first, second = waits(book.log.lines)
    assert (first.outcome, first.duration) == ("unknown", timedelta(minutes=30))
    assert (second.outcome, second.duration) == ("came", timedelta(minutes=1))
    assert (first.adopted, second.adopted) == (False, True)


def test_jobs_without_an_id_are_distinguished_by_window(book):
    """An API that gives jobs no names has one for each window."""
    for day in (1, 2):
        book.write("job_created", window(day), latency_ms=0)
        book.later(minutes=day)
        book.write("file_downloaded", window(day), bytes=1, rows=1, sha256="")

    assert [wait.duration for wait in waits(book.log.lines)] == [
        timedelta(minutes=1),
        timedelta(minutes=2),
    ]


def test_file_without_a_job_shows_no_wait(book):
    """Where the log begins in the midst of a job, nothing is made up."""
    book.write("file_downloaded", window(1), "j1", bytes=2, rows=1, sha256="")

    assert waits(book.log.lines) == []


def test_longest_waits_come_first(book):
    """Of many waits the longest are listed."""
    for number, minutes in enumerate((1, 5, 3), start=1):
        write_job(book, f"j{number}", number, minutes=minutes)

    found = longest(waits(book.log.lines), 2)
    assert [wait.job_id for wait in found] == ["j2", "j3"]


# The drawing


def test_jobs_at_one_time_stand_below_each_other(book):
    """Bars of jobs that ran at once do not cover each other; a later one takes a free line."""
    for name in ("j1", "j2"):
        book.write("job_created", window(1), name, latency_ms=0)
    book.later(minutes=2)
    for name in ("j1", "j2"):
        book.write("file_downloaded", window(1), name, bytes=1, rows=1, sha256="")
    book.later(minutes=1)
    write_job(book, "j3", 3, minutes=1)

    (day_row,) = timeline(waits(book.log.lines), 31).days
    assert [piece.row for piece in day_row.segments] == [0, 1, 0]
    assert day_row.row_count == 2


def test_wait_over_midnight_is_shown_on_both_days(book):
    """It is cut there, and the newest day comes first."""
    book.clock.instant = march(20, 23.5)
    write_job(book, "j1", 1, minutes=60)

    drawn = timeline(waits(book.log.lines), 31)
    assert [day_row.day for day_row in drawn.days] == [date(2026, 3, 21), date(2026, 3, 20)]
    assert [(p.start, p.end) for day_row in drawn.days for p in day_row.segments] == [
        (timedelta(0), timedelta(hours=0.5)),
        (timedelta(hours=23.5), timedelta(hours=24)),
    ]


@pytest.mark.parametrize(
    ("minutes", "end", "step"),
    [
        (4, timedelta(hours=2, minutes=4), timedelta(minutes=1)),
        (100, timedelta(hours=4), timedelta(minutes=30)),
        (0, timedelta(hours=2, seconds=1), timedelta(seconds=1)),
    ],
    ids=readable,
)
def test_time_axis_has_round_marks(book, minutes, end, step):
    """A drawing reaches over the times of day that there are, between round marks."""
    write_job(book, "j1", 1, minutes=minutes)

    drawn = timeline(waits(book.log.lines), 31)
    assert (drawn.start, drawn.end, drawn.step) == (timedelta(hours=2), end, step)
    assert drawn.ticks[0] == drawn.start
    assert drawn.ticks[-1] == drawn.end
    assert (drawn.x_percent(drawn.start), drawn.x_percent(drawn.end)) == (0, 100)


def test_only_the_newest_days_are_drawn(book):
    """Older days are counted."""
    for day in range(1, 6):
        book.clock.instant = march(day, 2)
        write_job(book, f"j{day}", day, minutes=1)

    drawn = timeline(waits(book.log.lines), 3)
    assert [day_row.day.day for day_row in drawn.days] == [5, 4, 3]
    assert drawn.older == 2

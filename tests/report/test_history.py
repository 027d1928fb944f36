"""Runs, what went wrong in them, rows that did not fit, and drift."""

from __future__ import annotations

from tap_cxone.report.failures import failures, invalid_rows, schema_changes
from tap_cxone.report.runs import runs
from tap_cxone.report.streams import streams
from tests.report.logbook import STREAM, march, window


def test_runs_are_listed_newest_first(book):
    """With when they began, how they ended, and what they read."""
    for number in (1, 2):
        book.run = f"r{number}"
        book.begin("a", "b")
        book.commit(window(number), rows=number)
        book.end("failed" if number == 1 else "complete", *(["a"] if number == 1 else []))
        book.later(days=1)

    second, first = runs(book.log.lines)
    assert (first.outcome, first.failed, first.rows, first.streams) == ("failed", ("a",), 1, 2)
    assert (second.run_id, second.started_at, second.outcome) == ("r2", march(21, 2), "complete")
    assert (second.version, second.seconds) == ("0.1.0", 90)


def test_run_without_an_end_lasts_until_its_last_line(book):
    """A run that was killed lasted until its last line, and has no outcome."""
    book.begin("a")
    book.later(seconds=30)
    book.commit(window(1))

    (run,) = runs(book.log.lines)
    assert (run.outcome, run.seconds) == ("", 30)


def test_history_shows_the_end_of_each_stream(book):
    """Each stream's own end is kept with its run, and counts no rows a second time."""
    did = {"outcome": "stopped", "windows": 3, "rows": 7, "exports": 2}
    for number in (1, 2):
        book.run = f"r{number}"
        book.commit(window(number), rows=7)
        book.write("stream_ended", waiting_seconds=61.0, working_seconds=2.5, **did)
        book.end()
        book.later(days=1)

    second, first = runs(book.log.lines)
    (line,) = first.stream_summaries
    assert (line.stream, line.outcome, line.windows, line.rows) == (STREAM, "stopped", 3, 7)
    assert (line.exports, line.waiting_seconds, line.working_seconds) == (2, 61.0, 2.5)
    assert (first.rows, len(second.stream_summaries)) == (7, 1)
    (stream,) = streams(book.log.lines)
    assert stream.rows == 14


def test_what_went_wrong_is_listed_newest_first(book):
    """Failures of jobs, streams and the webhook, and streams that stopped early."""
    for event in ("job_failed", "stream_failed", "webhook_failed", "stream_stopped"):
        book.write(event, reason=event)
        book.later(minutes=1)
    book.commit(window(1))

    assert [trouble.line.reason for trouble in failures(book.log.lines)] == [
        "stream_stopped",
        "webhook_failed",
        "stream_failed",
        "job_failed",
    ]


def test_one_cause_is_listed_once(book):
    """Streams of a run that ended for one reason are one entry; another run's is another."""
    for run in ("r1", "r2"):
        book.run = run
        for stream in ("a", "b"):
            book.write("stream_stopped", stream=stream, reason="quota")
        book.later(days=1)

    assert [trouble.streams for trouble in failures(book.log.lines)] == [("a", "b"), ("a", "b")]


def test_what_happened_last_to_a_stream(book):
    """The last commit, failure or early end is how a stream stands."""
    book.commit(window(1))
    book.write("stream_failed", reason="no")

    (stream,) = streams(book.log.lines)
    assert stream.last is not None
    assert stream.last.event == "stream_failed"


def checked(book, day: int, **reasons: int) -> None:
    """Write the line of a window's check."""
    wrong = sum(reasons.values())
    counts = {"rows": 9, "valid": 9 - wrong, "invalid": wrong, "repeated": 0}
    book.write("window_validated", window(day), reasons=reasons, **counts)


def test_invalid_rows_are_counted_by_reason(book):
    """Each reason with how many rows, over all windows, the most first, and its columns."""
    checked(book, 1, short=1, long=2)
    book.write("record_invalid", window(1), record_id="x", field="score", reason="long")
    book.later(days=1)
    checked(book, 2, long=3)

    long, short = invalid_rows(book.log.lines)
    assert (long.reason, long.rows, long.fields, long.at) == ("long", 5, ("score",), march(21, 2))
    assert (short.reason, short.rows, short.fields) == ("short", 1, ())


def test_invalid_rows_of_a_repeated_window_are_not_counted_twice(book):
    """What did not fit the first time and does the second is not counted."""
    checked(book, 1, long=2)
    checked(book, 2, long=4)
    checked(book, 1)

    (long,) = invalid_rows(book.log.lines)
    assert long.rows == 4


def test_drift_is_listed_once_for_the_same_columns(book):
    """Columns that every run meets again are one entry with how often; the last seen first."""
    book.write("schema_changed", window(1), columns=["a", "b"])
    book.later(days=1)
    book.write("schema_changed", window(2), columns=["c"])
    book.later(days=1)
    book.write("schema_changed", window(3), columns=["a", "b"])

    both, one = schema_changes(book.log.lines)
    assert (both.columns, both.times, both.first, both.last) == (
        ("a", "b"),
        2,
        march(20, 2),
        march(22, 2),
    )
    assert one.columns == ("c",)

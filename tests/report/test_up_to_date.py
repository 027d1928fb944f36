"""Whether each stream is up to date."""

from __future__ import annotations

import pytest

from tap_cxone.report.page import page
from tap_cxone.report.streams import streams
from tests.report.logbook import STREAM, march, window

UNTIL = march(21, 12)


def write_run(book, outcome: str = "complete", run: str = "r1", **fields: object) -> None:
    """Write a run of one stream that extracts 1 March and ends so."""
    book.run = run
    book.begin(STREAM)
    book.commit(window(1))
    book.write("stream_ended", outcome=outcome, **fields)
    book.end()
    book.later(days=1)


def only_stream(book):
    """Return the only stream of the log."""
    (stream,) = streams(book.log.lines)
    return stream


def summary_of(book) -> str:
    """Return the text of the summary of the page, with its markup."""
    text = " ".join(page(book.log).split())
    return text.split('<section id="summary"')[1].split("</section>")[0]


def test_stream_of_a_complete_run_is_up_to_date(book):
    """The last run read all that it could."""
    write_run(book)

    assert only_stream(book).is_up_to_date


@pytest.mark.parametrize("outcome", ["stopped", "failed", "interrupted", "not begun", "of later"])
def test_stream_of_another_outcome_is_not_up_to_date(book, outcome):
    """Only `complete` means that everything was read."""
    write_run(book, outcome)

    assert not only_stream(book).is_up_to_date


def test_stream_is_judged_by_its_last_run(book):
    """A failure that a later run made good does not count, nor an earlier success."""
    write_run(book, "failed", run="r1")
    write_run(book, "complete", run="r2")
    assert only_stream(book).is_up_to_date

    write_run(book, "stopped", run="r3")
    assert not only_stream(book).is_up_to_date


def test_stream_that_the_last_run_did_not_select_keeps_its_status(book):
    """A run of other streams says nothing of it."""
    write_run(book)
    book.run = "r2"
    book.begin("other")
    book.write("stream_ended", stream="other", outcome="failed")

    by_name = {stream.name: stream for stream in streams(book.log.lines)}
    assert by_name[STREAM].is_up_to_date
    assert not by_name["other"].is_up_to_date


def test_stream_of_a_killed_run_is_not_up_to_date(book):
    """A run that selected it and has no end counts, even without another line of the stream."""
    write_run(book)
    book.run = "r2"
    book.begin(STREAM)

    stream = only_stream(book)
    assert not stream.is_up_to_date
    assert (stream.end.outcome, stream.end.at) == ("", march(21, 2))


def test_stream_without_any_line_is_listed(book):
    """A run selected it, and ended before it began with it."""
    book.begin("a", "b")

    assert [stream.name for stream in streams(book.log.lines)] == ["a", "b"]


def test_stream_with_a_failed_day_is_not_up_to_date(book):
    """Its last run was complete, but no run has extracted a day that was requested."""
    book.write("job_created", window(2), "j", latency_ms=0)
    write_run(book)

    assert not only_stream(book).is_up_to_date


def test_stream_with_partial_and_skipped_days_is_up_to_date(book):
    """Today is partial in each complete run, and `skip_windows` skips days as intended."""
    book.commit(window(3, 0.5))
    book.write("window_skipped", window(2), reason="gone")
    write_run(book)

    assert only_stream(book).is_up_to_date


def test_stream_end_has_reason_and_time_of_the_next_attempt(book):
    """Those of its last run, as logged."""
    book.begin(STREAM)
    book.write("stream_stopped", reason="quota used", until=UNTIL.isoformat())
    book.write("stream_ended", outcome="stopped", until=UNTIL.isoformat())

    end = only_stream(book).end
    assert (end.outcome, end.until, end.reason) == ("stopped", UNTIL, "quota used")


def test_stream_end_omits_the_reason_of_an_earlier_run(book):
    """A failure that is over is no reason of the present status."""
    book.write("stream_failed", reason="over")
    write_run(book, "interrupted", run="r2")

    assert only_stream(book).end.reason == ""


def test_newest_data_is_the_end_of_the_last_window(book):
    """Of a table it is the time of its last read."""
    book.commit(window(3))
    book.commit(window(1))
    book.commit(None, stream="table")

    windowed, table = streams(book.log.lines)
    assert windowed.newest_data == march(4)
    assert table.newest_data == march(20, 2)


def test_stream_without_data_has_no_newest_data(book):
    """Nothing was extracted."""
    book.begin(STREAM)

    assert only_stream(book).newest_data is None


def test_summary_of_complete_streams_answers_yes(book):
    """It has the answer, and up to when the data reaches."""
    write_run(book)

    text = summary_of(book)
    assert "Is everything up to date?" in text
    assert "Yes." in text
    assert "2026-03-02 00:00:00" in text


def test_summary_of_incomplete_streams_names_each_with_its_cause(book):
    """A stream that stopped has its reason, and when a run continues; one with failed days them."""
    book.write("job_created", window(2, 2), "j", stream="a", latency_ms=0)
    book.begin("a", "b", "c")
    book.write("stream_stopped", stream="b", reason="quota used", until=UNTIL.isoformat())
    for name, outcome in (("a", "complete"), ("b", "stopped"), ("c", "complete")):
        until = UNTIL.isoformat() if outcome == "stopped" else None
        book.write("stream_ended", stream=name, outcome=outcome, until=until)
    book.end("stopped")

    text = summary_of(book)
    assert "No: 2 of 3 streams are not." in text
    assert "2 failed days, the last one 2026-03-03" in text
    assert "quota used" in text
    assert "2026-03-21 12:00:00" in text


def test_streams_with_one_cause_are_one_entry_of_the_summary(book):
    """A quota that stops many streams is named once; another cause is another entry."""
    book.begin("a", "b", "c")
    for name, reason in (("a", "quota used"), ("b", "quota used"), ("c", "other quota")):
        book.write("stream_stopped", stream=name, reason=reason, until=UNTIL.isoformat())
        book.write("stream_ended", stream=name, outcome="stopped", until=UNTIL.isoformat())

    text = summary_of(book)
    assert text.count("quota used") == 1
    assert "<strong>a, b</strong>" in text


def test_summary_counts_failed_streams_without_data(book):
    """Of these there is no instant that the data reaches."""
    book.commit(window(1), stream="a")
    book.begin("a", "b")

    text = summary_of(book)
    assert "data of each stream until at least" not in text
    assert "streams without data</dt><dd>1" in text


def test_postponed_stream_is_an_early_end_and_no_commit(book):
    """The page calls it what it is."""
    book.begin(STREAM)
    book.write("stream_postponed", reason="before 22:00", until=UNTIL.isoformat())

    text = page(book.log)
    assert "outside its hours" in text
    assert "before 22:00" in text.split('<section id="failures"')[1]

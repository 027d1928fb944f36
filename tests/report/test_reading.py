"""Lines of audit logs, and what is none."""

from __future__ import annotations

import json

import pytest

from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS
from tap_cxone.report.log_parser import Line, Log, NotAnAuditLog, merge_logs, parse_log
from tests.report.logbook import march, window
from tests.support.ids import readable

GOOD = b'{"at": "2026-03-20T02:00:00+00:00", "run": "r1", "event": "run_started"}\n'
TORN = GOOD[:40]


def test_every_fact_that_the_page_shows_is_one_that_the_tap_writes():
    """A line has no field that the audit log does not document."""
    written = {*COMMON_FIELDS, *(fact for _, facts in EVENTS.values() for fact in facts)}

    assert set(Line.__struct_fields__) <= written


def test_log_line_is_read_with_its_types(book):
    """Instants, numbers and lists come as what they are."""
    book.write("window_committed", window(3), "j1", rows=7, quarantined=1, seconds=2.5)
    book.write("schema_changed", window(3), columns=["a", "b"])

    committed, drift = book.log.lines
    assert committed.at == march(20, 2)
    assert committed.window == window(3)
    assert (committed.stream, committed.job_id) == ("qm_workflows", "j1")
    assert (committed.rows, committed.quarantined, committed.seconds) == (7, 1, 2.5)
    assert drift.columns == ("a", "b")


@pytest.mark.parametrize(
    "bad",
    [
        TORN,
        b"\x00\xff\xfe\n",
        b"[]\n",
        b"{}\n",
        b'{"at": ' + b"[" * 100_000 + b"\n",
        GOOD.replace(b'"r1"', b'"r1", "new": ' + b"[" * 100_000 + b"]" * 100_000),
        GOOD.replace(b"2026-03-20T02", b"2026-13-20T02"),
        GOOD.replace(b"+00:00", b""),
        GOOD.replace(b"2026-", b"9999-"),
        GOOD.replace(b'"r1"', b"1"),
        GOOD.replace(b'"r1"', b'"r1", "streams": "all"'),
        GOOD.replace(
            b'"r1"',
            b'"r1", "window_start": "2026-03-02T00:00:00Z", "window_end": "2026-03-01T00:00:00Z"',
        ),
        GOOD.replace(b'"r1"', b'"\xff"'),
    ],
    ids=readable,
)
def test_what_cannot_be_read_is_counted(bad):
    """A torn line, another program's, or one with an impossible fact is omitted and counted."""
    log = parse_log("log", [GOOD, bad, b"\n"])

    assert len(log.lines) == 1
    assert log.unreadable == 1
    assert log.total == 2


def test_unknown_events_are_counted_by_name():
    """An event of a later version is omitted and counted, whatever its facts are."""
    coming = GOOD.replace(b'"run_started"', b'"stream_dreamt", "rows": "many", "failed": true')

    log = parse_log("log", [GOOD, coming, coming])

    assert log.unknown == {"stream_dreamt": 2}
    assert (len(log.lines), log.unreadable) == (1, 0)


def test_known_event_with_new_fields_is_read():
    """A fact of a later version changes nothing."""
    (line,) = parse_log("log", [GOOD.replace(b'"r1"', b'"r1", "summary": {"rows": 1}')]).lines

    assert line.event == "run_started"


@pytest.mark.parametrize("raw", [[], [b"\n", b"  \n"]], ids=readable)
def test_empty_file_is_a_log_without_lines(raw):
    """A log that the tap has not written yet is no mistake."""
    assert parse_log("log", raw) == Log()


def test_parser_refuses_another_file():
    """Another file is refused with its name and the setting that names the right one."""
    lines = [json.dumps({"type": "STATE", "value": {}}).encode()] * 2

    with pytest.raises(
        NotAnAuditLog,
        match=r"^here\.jsonl is not an audit log: tap-cxone wrote none of its 2 lines",
    ):
        parse_log("here.jsonl", lines)


def test_several_logs_are_one_in_the_order_of_time(book):
    """The lines of several files are put in order; what could not be read is added up."""
    book.commit(window(2))
    newer = book.log
    older = parse_log("old", [GOOD.replace(b"03-20", b"03-19"), TORN])

    both = merge_logs([newer, older])

    assert [line.event for line in both.lines] == ["run_started", "window_committed"]
    assert both.unreadable == 1

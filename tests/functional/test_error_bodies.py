"""What messages show of a response that is no result: the API's words, and no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.streams import run_stream, stream_settings

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {
    "page": '{"rows": [{"name": "Ada Invented"}], "total": 1}',
    "half of a page": '{"rows": [{"name": "Ada Invented"',
    "list": '[{"name": "Ada Invented"}]',
    "lists": '{"columns": ["name"], "data": [["Ada Invented"]]}',
    "deep": '{"result": {"set": {"rows": [{"name": "Ada Invented"}]}}}',
    "one row": '{"name": "Ada Invented", "age": 7}',
    "lines": '{"name": "Ada Invented"}\n{"name": "Bob Invented"}',
    "table": "name,age\nAda Invented,7\n",
    "row with semicolons": "Ada Invented;7;2",
    "row with commas": "007,Ada Invented,q1,5,3",
    "row with tabs": "7\tAda Invented\t2",
    "page with a message": '{"message": "ok", "rows": [{"name": "Ada Invented"}]}',
}
WORDS = {
    "text": ("upstream is gone", "upstream is gone"),
    "lines of text": ("upstream, as it seems,\nis gone", "upstream, as it seems, is gone"),
    "sentence": ("too busy, as it seems, or gone", "too busy, as it seems, or gone"),
    "numbers": ("1,234,567 rows, at most 1,000,000", "1,234,567 rows, at most 1,000,000"),
    "pairs": ("code=5;reason=busy;wait=7", "code=5;reason=busy;wait=7"),
    "HTML": ("<html>Bad gateway</html>", "Bad gateway"),
    "JSON text": ('"upstream is gone"', "upstream is gone"),
    "error": ('{"error": "down", "status": 7}', '"error": "down"'),
    "errors": ('{"errors": [{"code": 7, "message": "down"}]}', '"message": "down"'),
    "list of errors": ('[{"errorCode": 7, "message": "down"}]', '"errorCode": 7'),
    "fault": ('{"fault": {"faultstring": "down", "detail": {"n": 7}}}', '"faultstring": "down"'),
}


NOT_JSON = {
    name: ROWS[name] for name in ("half of a page", "lines", "table", "row with semicolons")
}


def error_of_polls(sim, clock, audit_log: Path, **response):
    """Return the error of a stream whose polls all have one response."""
    sim.faults.add(Fault("poll", "status", times=99, **response))
    config = stream_settings(sim, max_retries=0, audit_log_path=str(audit_log))
    return str(failure(run_stream(config, clock)))


@pytest.mark.parametrize("body", ROWS.values(), ids=ROWS)
def test_error_status_with_rows_shows_their_size(sim, clock, caplog, audit_log, body):
    """No text of rows is in the error, the log or the audit log."""
    error = error_of_polls(sim, clock, audit_log, status=500, body=body)

    assert f"{len(body)} bytes" in error
    assert "Ada" not in error + caplog.text + audit_log.read_text()


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_page_that_is_not_json_shows_its_size(sim, clock, caplog, audit_log, body):
    """A page of rows that cannot be parsed leaves none of its text in error, log and audit log."""
    error = error_of_polls(sim, clock, audit_log, status=200, body=body)

    assert f"{len(body)} bytes" in error
    assert "Ada" not in error + caplog.text + audit_log.read_text()


@pytest.mark.parametrize(("body", "shown"), WORDS.values(), ids=WORDS)
def test_response_with_the_words_of_an_error_is_shown(sim, clock, audit_log, body, shown):
    """A page, a text and an object with an error or a message are shown."""
    error = error_of_polls(sim, clock, audit_log, status=500, body=body)

    assert shown in error

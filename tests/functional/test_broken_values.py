"""Values of a file that are no JSON cost their row, and numbers keep their text."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tap_cxone.simulator import Fault
from tests.support.audit_log import audit_lines
from tests.support.examples import json_jobs, paged_rows, report_runs
from tests.support.room import QUARANTINE

NUMBERS = [float("nan"), float("inf"), float("-inf")]
NO_NUMBER = "holds NaN, infinity or a number out of range"


def conversation_text(number: int, **changes: object) -> str:
    """Return a conversation as JSON; changed values are texts of JSON."""
    when = {"dateFrom": "2026-03-15T01:00:00Z", "dateTo": "2026-03-15T01:01:00Z"}
    whole = {"id": f"c{number}", "type": "bot", **when, "botId": "b", "agentId": None}
    pairs = {n: json.dumps(v) for n, v in whole.items()} | {"duration": "1"} | changes
    return "{" + ",".join(f'"{name}":{text}' for name, text in pairs.items()) + "}"


@pytest.mark.parametrize("layout", ["array", "lines"])
@pytest.mark.parametrize("odd", ["NaN", "-Infinity", "tru"])
def test_broken_object_of_an_export_goes_to_the_quarantine(sim, clock, audit_log, layout, odd):
    """The object is kept to the letter with its place; no log has a word of it."""
    texts = [conversation_text(number) for number in range(5)]
    texts[2] = conversation_text(2, note='"SECRET"', duration=odd)
    body = f"[{','.join(texts)}]" if layout == "array" else "\n".join([*texts, ""])
    sim.faults.add(Fault("download", "bytes", body=body))

    out = json_jobs.run_exports(
        json_jobs.export_settings(sim, audit_log_path=str(audit_log)), clock
    )

    (record,) = out.records(QUARANTINE)
    (event,) = (line for line in audit_lines(audit_log) if line["event"] == "record_invalid")
    reason = "is not JSON" if odd == "tru" else NO_NUMBER
    assert out.error is None
    assert [row["id"] for row in out.records(json_jobs.STREAM)] == ["c0", "c1", "c3", "c4"]
    assert (record["record"], record["location"]) == (texts[2], "record 3")
    assert (event["reason"], event["location"]) == (reason, "record 3")
    assert "SECRET" not in audit_log.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_not_finite_number_of_a_page_goes_to_the_quarantine(sim, clock, number):
    """A page with such a number loses that row only."""
    rows = [paged_rows.interaction(n, duration=number if n == 1 else n) for n in range(3)]
    paged_rows.serve_pages(sim, paged_rows.page(*rows))

    out = paged_rows.run_downloads(paged_rows.download_settings(sim), clock)

    assert out.error is None
    assert sorted(r["interaction_id"] for r in out.records(paged_rows.STREAM)) == ["i0", "i2"]
    assert [r["reason"] for r in out.records(QUARANTINE)] == [NO_NUMBER]


@pytest.mark.parametrize("number", NUMBERS, ids=str)
def test_not_finite_number_of_a_result_goes_to_the_quarantine(sim, clock, number):
    """A result of a report with such a number loses that row only."""
    rows = [report_runs.report_row(agentId=f"00{n}") for n in range(3)]
    rows[1]["talkTime"] = number
    report_runs.answer(sim, "poll", report_runs.done(*rows))

    out = report_runs.run_reports(report_runs.report_settings(sim), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(report_runs.STREAM)] == ["000", "002"]
    assert [r["reason"] for r in out.records(QUARANTINE)] == [NO_NUMBER]


TEXTS = ["0.00000010", "1e5", "1.50", "-0.0", "-0", "12345678901234567890.10"]


def test_number_of_an_undeclared_column_keeps_its_text(sim, clock):
    """A number is the text of the file in a column of texts, and nested in an object."""
    texts = [
        conversation_text(n, score=text, more=f'{{"a":[{text}]}}') for n, text in enumerate(TEXTS)
    ]
    sim.faults.add(Fault("download", "bytes", body=f"[{','.join(texts)}]"))

    out = json_jobs.run_exports(json_jobs.export_settings(sim), clock)

    records = out.records(json_jobs.STREAM)
    assert [record["score"] for record in records] == TEXTS
    nested = [json.loads(record["more"], parse_float=Decimal)["a"] for record in records]
    assert nested == [[Decimal(text)] for text in TEXTS]
    assert [record["more"] for record in records][:2] == [
        '{"a":[0.00000010]}',
        '{"a":[1e5]}',
    ]

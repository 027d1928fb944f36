"""Scheduled reports: records, their columns and their order."""

from __future__ import annotations

import contextlib
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from tap_cxone.errors import CXoneError, DriftError
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.run import FakeClock, select
from tests.support.scheduled_reports import (
    DAY,
    QUARANTINE,
    START,
    STREAM,
    answer,
    done,
    emitted_bookmarks,
    figures,
    report_row,
    report_settings,
    run_reports,
    set_time,
    strip,
    sums,
    whole,
)


def test_report_values_keep_zeros_and_names(simulate, clock):
    """Dimensions are texts with their leading zeros, metrics numbers, names what they belong to."""
    sim = simulate()

    out = run_reports(report_settings(sim), clock)

    names = {
        (r["agentId"], r["agentName"])
        for r in sim.expected_rows("report:agent", START, START + DAY)
    }
    records = out.records(STREAM)
    assert whole(out, sim)
    assert any(r["agent_id"].startswith("00") for r in records)
    assert {(r["agent_id"], r["agent_name"]) for r in records} <= names
    assert {r["_window_end"] for r in records} == {(START + DAY).isoformat()}
    assert all(isinstance(r["handle_time"], int | float) for r in records)


EXACT = ["0.1", "3.141592653589793238462643", "1e21", "100", "-0.5", "12345678901234567890123"]


@pytest.mark.some(5)
@pytest.mark.parametrize("text", EXACT)
@pytest.mark.parametrize("quoted", [False, True])
def test_report_metrics_keep_every_digit(sim, clock, text, quoted):
    """A metric is emitted with the value that the API gave, to the last digit."""
    given = f'"{text}"' if quoted else text
    text_of = json.dumps(done(report_row()))
    answer(sim, "poll", text_of.replace('"handleTime": 3', f'"handleTime": {given}'))

    (record,) = exact_records(report_settings(sim), clock)

    assert Decimal(record["handle_time"]) == Decimal(text)


@pytest.mark.parametrize("text", ["0042", "4.20", "Zoë 😀", " a ", "null", "2026-03-15"])
def test_texts_stay_texts(sim, clock, text):
    """A dimension is emitted unchanged."""
    answer(sim, "poll", done(report_row(agentId=text)))

    out = run_reports(report_settings(sim), clock)

    assert [r["agent_id"] for r in out.records(STREAM)] == [text]


def exact_records(config: dict[str, Any], clock: FakeClock) -> list[dict[str, Any]]:
    """Return the records of a run, their fractions as they were written."""
    written = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(written)) as out:
        TapCXone(config=config, clock=clock, catalog=select(config, STREAM)).sync_all()
        out.flush()
    lines = [json.loads(line, parse_float=Decimal) for line in written.getvalue().splitlines()]
    return [line["record"] for line in lines if line["type"] == "RECORD"]


def test_rows_that_are_none(sim, clock):
    """What is no row, or has a metric that is no number, goes to the quarantine."""
    answer(
        sim,
        "poll",
        done(
            report_row(), report_row(agentId="008", talkTime="many"), 5, report_row(agentId="009")
        ),
    )

    out = run_reports(report_settings(sim, max_invalid_ratio=0.9), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(STREAM)] == ["007", "009"]
    assert len(out.records(QUARANTINE)) == 2


def test_lone_surrogate_is_quarantined(sim, clock):
    """A text that is no Unicode is a matter of its row, no fault of the tap."""
    answer(sim, "poll", json.dumps(done(report_row(), report_row(agentId="x\ud800"))), times=3)

    out = run_reports(report_settings(sim, max_invalid_ratio=0.9), clock)

    assert "Unexpected error" not in str(out.error)
    assert out.error is None or "row" in str(out.error)
    assert out.error is not None or out.records(STREAM)[0]["agent_id"] == "007"


def test_first_row_that_is_none_loses_no_other(sim, clock, hasty):
    """A result whose first row is none loses no other row without a word."""
    answer(sim, "poll", done(5, report_row(), report_row(agentId="008")), times=2)

    out = run_reports(report_settings(sim, max_invalid_ratio=0.9), clock)

    if out.error is None:
        assert [r["agent_id"] for r in out.records(STREAM)] == ["007", "008"]
        assert len(out.records(QUARANTINE)) == 1
    else:
        assert isinstance(failure(out), CXoneError)
        assert out.bookmark(STREAM) is None


@pytest.mark.parametrize("result", ["inline", "csv"])
def test_unknown_columns(simulate, clock, result):
    """An undeclared column becomes a text, in a SCHEMA before its rows."""
    sim = simulate(extra_report_columns=("teamName", "Site"), report_result=result)

    out = run_reports(report_settings(sim), clock)

    first, second = out.of("SCHEMA", STREAM)
    new = second["schema"]["properties"].keys() - first["schema"]["properties"].keys()
    assert whole(out, sim)
    assert new == {"team_name", "site"}
    assert all("team_name" in r for r in out.records(STREAM))


@pytest.mark.parametrize("drift", ["ignore", "fail"])
def test_report_schema_drift_is_ignored_or_fails(simulate, clock, drift):
    """`ignore` omits such columns, `fail` fails the window before a record of it is emitted."""
    sim = simulate(extra_report_columns=("teamName",))

    out = run_reports(report_settings(sim, schema_drift=drift), clock)

    if drift == "ignore":
        assert whole(out, sim)
        assert not any("team_name" in r for r in out.records(STREAM))
    else:
        assert isinstance(failure(out), DriftError)
        assert "team_name" in str(failure(out))
        assert out.records(STREAM) == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        *({"report_result": "csv", "empty": e} for e in ("header", "zero-bytes", "204")),
        {"report_result": "csv", "content_length": False},
    ],
    ids=readable,
)
def test_empty_days(simulate, clock, options):
    """Days without rows are committed like others."""
    sim = simulate(rows_per_day=0, **options)

    out = run_reports(report_settings(sim, 3), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == (START + 3 * DAY).isoformat()
    assert len(sim.report_runs) == 3


@pytest.mark.ci
def test_report_windows_are_emitted_in_order(simulate, clock):
    """Rows are emitted by window; a bookmark is the end of the last emitted window."""
    sim = simulate(page_size_reports=3)

    out = run_reports(report_settings(sim, 4), clock)

    ends: list[str] = []
    for message in out.messages:
        if message["type"] == "RECORD":
            ends.append(message["record"]["_window_end"])
        if message["type"] == "STATE":
            mark = message["value"]["bookmarks"].get(STREAM, {}).get("replication_key_value", "")
            assert len(ends) == sum(key[-1] < mark for key in sums(sim, 4))
    assert ends == sorted(ends)
    assert list(dict.fromkeys(emitted_bookmarks(out))) == [
        (START + n * DAY).isoformat() for n in range(1, 5)
    ]


def test_read_twice(sim, clock):
    """The same days read a second time, without a state, emit the same rows by their key."""
    first, second = (
        run_reports(report_settings(sim, 3), clock),
        run_reports(report_settings(sim, 3), clock),
    )

    assert whole(first, sim, 3)
    assert [strip(r) for r in first.records(STREAM)] == [strip(r) for r in second.records(STREAM)]


def test_read_twice_in_long_windows(simulate, clock):
    """The same days in windows of several days emit the same rows, also some days later."""
    sim = simulate()
    config = report_settings(sim, own={"window_days": 3}, end_date=None)
    set_time(clock, "06:00:00")
    clock.instant -= DAY
    first = run_reports(config, clock)
    clock.instant += DAY
    second = run_reports(config, clock, state=first.state)
    again = run_reports(config, clock)

    kept = figures([r for out in (first, second, again) for r in out.records(STREAM)])
    total = sum(one["callsHandled"] for one in kept.values())
    assert total == sum(one["callsHandled"] for one in sums(sim, 5).values())


def test_report_filters_choose_the_rows(sim, clock):
    """Filters choose the rows."""
    (agent, *_), *_ = sums(sim)
    entry = {"filters": [{"dimension": "agentId", "values": [agent], "operator": "notIn"}]}

    out = run_reports(report_settings(sim, entry=entry), clock)

    assert figures(out.records(STREAM)) == {k: v for k, v in sums(sim).items() if k[0] != agent}


@pytest.mark.parametrize(
    "dimensions", [["agentId", "channel", "status"], ["date"], []], ids=readable
)
def test_without_grouping(sim, clock, dimensions):
    """Without grouping a row is a group of all dimensions; without these it is the window."""
    out = run_reports(
        report_settings(sim, 2, entry={"dimensions": dimensions, "grouping": []}), clock
    )

    by = [{"agentId": "agent_id"}.get(name, name) for name in dimensions]
    assert out.error is None
    assert figures(out.records(STREAM), by=by) == sums(sim, 2, by=dimensions)


def test_dimensions_that_are_not_grouped(sim, clock):
    """A dimension that a group has many values of is null; its column is there all the same."""
    entry = {"dimensions": ["agentId", "status"], "grouping": ["agentId"]}

    out = run_reports(report_settings(sim, entry=entry), clock)

    assert out.error is None
    assert {r["status"] for r in out.records(STREAM)} == {None}
    assert figures(out.records(STREAM), by=["agent_id"]) == sums(sim, by=["agentId"])


@pytest.mark.parametrize("kind", ["queue", "skill"])
def test_report_of_any_type_is_read(sim, clock, kind):
    """Reports of other types are read the same way."""
    entry = {"type": kind, "metrics": ["callsHandled", "handleTime", "wrapUpTime"]}

    out = run_reports(report_settings(sim, 2, entry=entry), clock)

    found = figures(
        out.records(STREAM),
        metrics=entry["metrics"],
        columns=("calls_handled", "handle_time", "wrap_up_time"),
    )
    assert out.error is None
    assert found == sums(sim, 2, kind=kind, metrics=entry["metrics"])


def test_averages(sim, clock):
    """An average is what the API says it is."""
    entry = {"type": "ic", "metrics": ["messageCount", "avgResponseTime"]}

    out = run_reports(report_settings(sim, entry=entry), clock)

    given = sums(sim, kind="ic", metrics=["messageCount", "_responseTime"])
    means = {
        key: (one["_responseTime"] / one["messageCount"]).quantize(Decimal("0.001"))
        for key, one in given.items()
    }
    found = figures(out.records(STREAM), metrics=["avgResponseTime"], columns=["avg_response_time"])
    assert {key: one["avgResponseTime"] for key, one in found.items()} == means

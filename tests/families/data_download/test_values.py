"""Data download: values of rows, and rows that are invalid."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from tap_cxone.errors import InvalidRecords
from tap_cxone.simulator import Fault
from tests.support.data_download import (
    ALL,
    BASKET,
    CALLBACK,
    DOWNLOAD,
    FLAG,
    IDS,
    ORDER,
    QUARANTINE,
    SCORE,
    STREAM,
    SURVEY,
    download_settings,
    exact_value,
    expected_interactions,
    interaction,
    page,
    properties,
    run_downloads,
    serve_pages,
    sorted_ids,
)
from tests.support.expectations import failure
from tests.support.requests import requests_to

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def serve_bytes(sim: Simulator, *bodies: bytes) -> None:
    """Make these the next answers to a download."""
    headers = (("Content-Type", "application/json"),)
    for body in bodies:
        sim.faults.add(Fault("page", "status", status=200, headers=headers, body=body))


@pytest.mark.ci
@pytest.mark.parametrize("size", [7, 10_000])
def test_download_values_keep_digits_and_types(simulate, clock, size):
    """Every value is what it was: numbers to the last digit, texts and booleans as they are."""
    sim = simulate(rows_per_day=120)

    out = run_downloads(download_settings(sim, 2, own={"page_size": size}), clock)

    rows = {one["interactionId"]: one for one in expected_interactions(sim, 2)}
    records = out.records(STREAM)
    assert out.error is None
    assert sorted_ids(records) == sorted(rows)
    for record in records:
        wanted = rows[record["interaction_id"]]
        custom = wanted["customMetrics"]
        assert record["agent_id"] == wanted["agentId"]
        assert record["duration"] == exact_value(wanted["duration"])
        assert record["talk_time"] == exact_value(wanted["talkTime"])
        for name in (SCORE, BASKET, SURVEY):
            assert record[name] == exact_value(custom.get(name))
        for name in (ORDER, FLAG, CALLBACK):
            assert record[name] == custom.get(name)
            assert type(record[name]) is type(custom.get(name))
    baskets = [r[BASKET] for r in records if r[BASKET] is not None]
    assert any(len(Decimal(value).as_tuple().digits) > 17 for value in baskets)
    assert any((r[ORDER] or "").startswith("0") for r in records)
    assert {r[CALLBACK] for r in records} == {True, False, None}


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"1234567890123456.789"', "1234567890123456.789"),
        ('"0.1"', "0.1"),
        ('"-12"', "-12"),
        ('"1e3"', "1000"),
        ('" 12.50 "', "12.5"),
        ("1234567890123456.789", "1234567890123456.789"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ('"123456789012345678901234567890"', "123456789012345678901234567890"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("1.10", "1.1"),
        ("-0.5", "-0.5"),
        ("1E+2", "100"),
        ("0", "0"),
    ],
)
@pytest.mark.parametrize("column", [BASKET, "duration"])
def test_numbers(sim, clock, written, value, column):
    """A number is exact, whether it comes as one or as a text."""
    text = json.dumps(page(interaction(0, duration=1, customMetrics={BASKET: 1})))
    name = f'"{column}": '
    serve_pages(sim, text.replace(f"{name}1", f"{name}{written}"))

    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    (record,) = out.records(STREAM)
    assert Decimal(record[column]) == Decimal(value)


@pytest.mark.some(4)
@pytest.mark.parametrize(
    "text", ["004210", " 7 ", "", "1e5", "NaN", "true", "null", "Ü, \u2028", "1.50"]
)
def test_texts(sim, clock, text):
    """A text stays as it is, to the blank, also if it looks like something else."""
    serve_pages(sim, page(interaction(0, customMetrics={ORDER: text})))

    out = run_downloads(download_settings(sim), clock)

    assert [record[ORDER] for record in out.records(STREAM)] == [text]


@pytest.mark.parametrize(
    "custom", [{}, None, dict.fromkeys(IDS), "absent"], ids=["{}", "null", "nulls", "-"]
)
def test_nothing(sim, clock, custom):
    """Null is fine everywhere but in keys, and so is what is not there; neither is drift."""
    empty = interaction(1, duration=None, talkTime=None, customMetrics=custom)
    if custom == "absent":
        del empty["customMetrics"], empty["duration"]
    serve_pages(sim, page(interaction(0), empty))

    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    assert out.records(QUARANTINE) == []
    assert properties(out).keys() == {
        "interaction_id", "agent_id", "duration", "talk_time", *IDS, "_window_start", "_window_end",
    }  # fmt: skip
    record = out.records(STREAM)[1]
    assert {record.get(name) for name in (*IDS, "duration", "talk_time")} == {None}


def test_null_in_a_key_becomes_an_empty_text(sim, clock):
    """A key is never null: a row without an agent has an empty one, and is no other's repeat."""
    serve_pages(sim, page(interaction(0, agentId=None), interaction(1)))

    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    assert [record["agent_id"] for record in out.records(STREAM)] == ["", "007"]


def test_row_without_a_key_field_is_quarantined(sim, clock):
    """A row without a field of its key goes to the quarantine."""
    lacking = interaction(1)
    del lacking["agentId"]
    serve_pages(sim, page(interaction(0), lacking))

    out = run_downloads(download_settings(sim, **ALL), clock)

    (found,) = out.records(QUARANTINE)
    assert found["field"] in {"agent_id", "agentId"}
    assert "required" in found["reason"]
    assert sorted_ids(out.records(STREAM)) == ["i0"]


def test_row_that_repeats_on_a_page_fails_the_window(sim, clock):
    """Two equal rows of a group are an error: either of them may be the group or half of it."""
    repeated = page(interaction(0), interaction(1), interaction(0))
    serve_pages(sim, repeated, repeated)

    out = run_downloads(download_settings(sim), clock)

    assert "rows 1 and 3 have the same key (interaction_id" in str(failure(out))
    assert out.records(STREAM) == []


def test_keys_as_texts(sim, clock):
    """What rows are grouped by is text, also an hour that is a number."""
    entry = {"group_by": ["date", "hour"], "custom_metrics": [], "metrics": ["interactions"]}

    out = run_downloads(download_settings(sim, entry=entry), clock)

    assert out.error is None
    assert out.records(STREAM)
    assert all(isinstance(record["hour"], str) for record in out.records(STREAM))
    assert sum(record["interactions"] for record in out.records(STREAM)) == len(
        expected_interactions(sim)
    )


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        (SCORE, 0),
        (SCORE, 1),
        (SCORE, "1"),
        (SCORE, "0.5"),
        (SURVEY, 0),
        (SURVEY, 100),
        (SURVEY, "100"),
        (SURVEY, 7.0),
        (FLAG, "UNDETERMINED"),
        (CALLBACK, False),
    ],
)
def test_values_that_just_fit(sim, clock, name, value):
    """The ends of a range belong to it."""
    serve_pages(sim, page(interaction(0, customMetrics={name: value})))

    out = run_downloads(download_settings(sim), clock)

    (record,) = out.records(STREAM)
    assert record[name] == (Decimal(value) if isinstance(value, str) and name != FLAG else value)


@pytest.mark.some(4)
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        (SCORE, 1.7, "maximum 1"),
        (SCORE, 1.0000000000000000001, None),
        (SCORE, -0.1, "minimum 0"),
        (SCORE, "1.7", "maximum 1"),
        (SCORE, "1.00000000000000000001", "maximum 1"),
        (SCORE, "high", "number"),
        (SCORE, True, "number"),
        (SCORE, [], "number"),
        (SCORE, {}, "number"),
        (FLAG, "MAYBE", "COMPLIANCE_PASS, COMPLIANCE_FAIL, UNDETERMINED"),
        (FLAG, "compliance_pass", "COMPLIANCE_PASS"),
        (FLAG, "", "COMPLIANCE_PASS"),
        (FLAG, 5, "string"),
        (ORDER, 4210, "string"),
        (ORDER, 42.5, "string"),
        (ORDER, True, "string"),
        (ORDER, ["004210"], "string"),
        (CALLBACK, "yes", "boolean"),
        (CALLBACK, "true", "boolean"),
        (CALLBACK, 1, "boolean"),
        (CALLBACK, 0, "boolean"),
        (BASKET, "12abc", "number"),
        (BASKET, "NaN", "number"),
        (BASKET, "Infinity", "number"),
        (BASKET, "1,5", "number"),
        (BASKET, "١٢", "number"),
        (BASKET, False, "number"),
        (SURVEY, 101, "maximum 100"),
        (SURVEY, -1, "minimum 0"),
        (SURVEY, 1.5, "integer"),
        (SURVEY, "1.5", "integer"),
        (SURVEY, True, "integer"),
    ],
    ids=str,
)
def test_values_that_do_not_fit(sim, clock, name, value, rule):
    """A value that breaks its metric's rule sends its row to the quarantine, as it came."""
    odd = interaction(1, agentId="0012", customMetrics={ORDER: "0042", name: value})
    serve_pages(sim, page(interaction(0), odd, interaction(2)))

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert out.error is None
    if rule is None:  # a float is what it is: this one is 1
        assert out.records(QUARANTINE) == []
        return
    (found,) = out.records(QUARANTINE)
    assert sorted_ids(out.records(STREAM)) == ["i0", "i2"]
    assert found["stream"] == STREAM
    assert found["field"] == name
    assert rule in found["reason"]
    assert json.loads(found["record"]) == odd
    assert found["window_start"] == "2026-03-15T04:00:00+00:00"
    assert found["window_end"] == "2026-03-16T04:00:00+00:00"


@pytest.mark.promise("no-secrets")
def test_no_value_in_a_reason(sim, clock, caplog):
    """The reason names the rule and not the value, which may be personal data."""
    serve_pages(sim, page(interaction(0, customMetrics={FLAG: "SECRETVALUE"})))

    out = run_downloads(download_settings(sim, **ALL), clock)

    (found,) = out.records(QUARANTINE)
    assert "SECRETVALUE" in found["record"]
    assert "SECRETVALUE" not in found["reason"]
    assert "SECRETVALUE" not in caplog.text


def test_bad_values(simulate, clock):
    """Rows with a bad value are quarantined, and the others of the day are emitted."""
    sim = simulate(rows_per_day=100, bad_values=10, tenant_zone="UTC")
    zone = ZoneInfo("UTC")

    out = run_downloads(download_settings(sim, zone=zone, **ALL), clock)

    rows = expected_interactions(sim, zone=zone)
    bad = {one["interactionId"] for one in rows if one.get("_bad")}
    aside = [json.loads(found["record"], parse_float=Decimal) for found in out.records(QUARANTINE)]
    assert len(bad) == 10
    assert {one["interactionId"] for one in aside} == bad
    assert set(sorted_ids(out.records(STREAM))) == {one["interactionId"] for one in rows} - bad
    assert {found["field"] for found in out.records(QUARANTINE)} == {*IDS} - {ORDER}
    customs = {one["interactionId"]: one["customMetrics"] for one in rows}
    assert all(one["customMetrics"] == customs[one["interactionId"]] for one in aside)


@pytest.mark.parametrize(
    "changes",
    [
        {"invalid_records": "fail", **ALL},
        {"max_invalid_ratio": 0.3, "max_invalid_rows_free": 0},
    ],
    ids=["fail", "ratio"],
)
def test_bad_values_that_fail_the_window(sim, clock, changes):
    """If bad values may not be quarantined, or are too many, the window emits no record."""
    serve_pages(sim, page(interaction(0), interaction(1), interaction(2, customMetrics={SCORE: 2})))

    out = run_downloads(download_settings(sim, **changes), clock)

    assert isinstance(failure(out), InvalidRecords)
    assert SCORE in str(failure(out))
    assert out.counts() == {}
    assert len(requests_to(sim, DOWNLOAD)) == 1


def test_bad_values_without_quarantine_fail_the_window(sim, clock):
    """Without the quarantine the window fails: nothing disappears."""
    serve_pages(sim, page(interaction(0), interaction(1, customMetrics={SCORE: 2})))

    out = run_downloads(download_settings(sim, **ALL), clock, STREAM)

    assert isinstance(failure(out), InvalidRecords)
    assert out.records(STREAM) == []


@pytest.mark.some(5)
@pytest.mark.parametrize("odd", [5, "text", None, [1], [], True], ids=str)
@pytest.mark.parametrize("place", [0, 1])
def test_element_that_is_no_object_is_quarantined(sim, clock, odd, place):
    """An element that is no object goes to the quarantine, wherever it stands."""
    rows = [interaction(0), interaction(1)]
    rows.insert(place, odd)
    serve_pages(sim, page(*rows))

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == ["i0", "i1"]
    assert [json.loads(found["record"]) for found in out.records(QUARANTINE)] == [odd]


def test_download_lone_surrogate_goes_to_the_quarantine(sim, clock):
    """A row with lone surrogate goes to the quarantine; nothing else can be written of it."""
    serve_pages(sim, page(interaction(0), interaction(1, agentId="x\ud800"), interaction(2)))

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == ["i0", "i2"]
    (found,) = out.records(QUARANTINE)
    assert "lone surrogate" in found["reason"]
    assert "\\ud800" in found["record"]


@pytest.mark.parametrize("name", ["agentId", "duration"])
def test_metric_named_like_a_column_does_not_replace_it(sim, clock, name):
    """A custom metric never takes the place of a row's own column."""
    serve_pages(sim, page(interaction(0), interaction(1, customMetrics={name: "other"})))

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert out.error is None
    for record in out.records(STREAM):
        assert record["agent_id"] == "007"
        assert record["duration"] == 10
    assert len(out.records(STREAM)) + len(out.records(QUARANTINE)) == 2


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "ascii"])
def test_texts_of_every_coding(sim, clock, coding):
    """However a page is encoded, its texts are what they say, and its numbers stay exact."""
    number = "123456789.123456789123456789"
    text = json.dumps(
        page(interaction(0, agentId="ümlaut \U0001f600", talkTime=1)),
        ensure_ascii=coding == "ascii",
    )
    text = text.replace('"talkTime": 1', f'"talkTime": {number}')
    serve_bytes(sim, text.encode(coding))

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert out.error is None
    (record,) = out.records(STREAM)
    assert record["agent_id"] == "ümlaut \U0001f600"
    assert str(record["talk_time"]) == number


def test_bytes_that_are_no_text(sim, clock):
    """A page with a byte that is no text is requested again, and never guessed at."""
    whole = json.dumps(page(interaction(0, agentId="Z"))).encode()
    serve_bytes(sim, whole.replace(b"Z", b"\xff"), whole)

    out = run_downloads(download_settings(sim, **ALL), clock)

    assert out.error is None
    assert [record["agent_id"] for record in out.records(STREAM)] == ["Z"]
    assert len(requests_to(sim, DOWNLOAD)) == 2

"""Data downloads: presets, requests, local times, empty responses, errors and overlaps."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.reporting import (
    CALLS,
    DOWNLOAD_PATH,
    call_records,
    reporting_settings,
    run_reporting,
)
from tests.support.requests import requests_to

DAY = timedelta(days=1)
FIRST = datetime(2026, 3, 16, 5, tzinfo=UTC)  # midnight in the zone of the user
SPAN = {"start_date": "2026-03-16T05:00:00Z", "end_date": "2026-03-18T05:00:00Z"}
NEW_YORK = {"timezone": "America/New_York"}


def download_config(sim, own: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return settings for one data download over two days of the user's zone."""
    entry = {"name": CALLS, **NEW_YORK, **(own or {})}
    return reporting_settings(sim, {"data_downloads": [entry]}, **{**SPAN, **changes})


def download_queries(sim, report_id: int = 524):
    """Return the queries of the requests for a report."""
    return [seen.query for seen in requests_to(sim, f"{DOWNLOAD_PATH}/{report_id}")]


def test_call_details_have_every_contact_with_typed_columns(sim, clock):
    """Numbers lose their separators, and `Y` and `N` become booleans."""
    out = run_reporting(download_config(sim), clock, CALLS)

    wanted = call_records(sim.expected_rows("data-download/524", FIRST, FIRST + 2 * DAY))
    found = {record["contact_id"]: record for record in out.records(CALLS)}
    assert out.error is None
    assert sorted(found) == sorted(int(row["contact_id"]) for row in wanted)
    for row in wanted:
        record = found[int(row["contact_id"])]
        assert record["total_time"] == int(row["total_time"])
        assert record["abandon"] is row["abandon"]
        assert record["start_date"] == row["start_date"]
        assert record["agent_name"] == row["agent_name"]


def test_local_times_of_a_download_become_utc(sim, clock):
    """A time without an offset is in the time zone of the user, without daylight saving."""
    config = download_config(sim, {"name": "states", "report_id": 544})

    records = run_reporting(config, clock, "states").records("states")

    contacts = sim.expected_rows("contacts_completed", FIRST, FIRST + 2 * DAY)
    starts = {row["contactId"]: row["contactStartDate"][:19] for row in contacts}
    assert len(records) == len(starts)
    assert {r["agent_session_id"]: r["start_date"][:19] for r in records} == starts


def test_agent_days_are_keyed_by_day_and_state(sim, clock):
    """The preset 500 has one record per agent, day and state."""
    config = download_config(sim, {"name": "agent_by_day"})

    records = run_reporting(config, clock, "agent_by_day").records("agent_by_day")

    keys = {(r["agent_no"], r["start_date"], r["agent_state_code"]) for r in records}
    assert len(keys) == len(records) > 2
    assert {r["start_date"] for r in records} == {
        "2026-03-16T05:00:00+00:00",
        "2026-03-17T05:00:00+00:00",
    }


def test_download_of_a_tenant_has_configured_keys_and_types(sim, clock):
    """A report without a preset has text columns, except for those that the user declares."""
    own = {
        "name": "cdr",
        "report_id": 350047,
        "primary_keys": ["contact_id"],
        "columns": {"Total_Time": "number", "Agent_Working_Time": "number"},
    }

    (record, *_) = run_reporting(download_config(sim, own), clock, "cdr").records("cdr")

    assert isinstance(record["contact_id"], str)
    assert isinstance(record["total_time"], int | float)
    assert record["abandon"] in {"Y", "N"}


def test_download_requests_local_days_with_headers(sim, clock):
    """A request names the user's midnights, and asks for the file in the response."""
    run_reporting(download_config(sim), clock, CALLS)

    assert download_queries(sim) == [
        {
            "startDate": f"2026-03-{day}T00:00:00",
            "endDate": f"2026-03-{day + 1}T00:00:00",
            "saveAsFile": "false",
            "includeHeaders": "true",
        }
        for day in (16, 17)
    ]


def test_download_in_utc_requests_dates_with_z(sim, clock):
    """In UTC a date has its offset, as the documents of the API say."""
    run_reporting(download_config(sim, {"timezone": "UTC"}), clock, CALLS)

    assert download_queries(sim)[0]["startDate"] == "2026-03-16T00:00:00Z"


def test_download_ignores_daylight_saving(sim, clock):
    """In summer the days begin at the same UTC hour as in winter."""
    clock.instant = datetime(2026, 7, 10, 12, tzinfo=UTC)
    span: dict[str, Any] = {
        "start_date": "2026-07-01T05:00:00Z",
        "end_date": "2026-07-02T05:00:00Z",
    }

    out = run_reporting(download_config(sim, **span), clock, CALLS)

    (query,) = download_queries(sim)
    assert query["startDate"] == "2026-07-01T00:00:00"
    began = datetime(2026, 7, 1, 5, tzinfo=UTC)
    contacts = sim.expected_rows("contacts_completed", began, began + DAY)
    assert out.counts()[CALLS] == len(contacts)


@pytest.mark.parametrize("month", [1, 7], ids=["winter", "summer"])
@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Dublin", "T00:00:00Z"),
        ("Australia/Sydney", "T00:00:00"),
        ("Africa/Casablanca", "T00:00:00"),
    ],
    ids=lambda value: str(value).rpartition("/")[2],
)
def test_download_uses_the_winter_time_of_its_zone(sim, clock, month, zone, start):
    """The offset of winter counts all year, also where the law calls that of summer standard."""
    offset = {"Europe/Dublin": 0, "Australia/Sydney": 10, "Africa/Casablanca": 1}[zone]
    clock.instant = datetime(2026, month, 20, 12, tzinfo=UTC)
    began = datetime(2026, month, 11, tzinfo=UTC) - timedelta(hours=offset)
    span = {"start_date": began.isoformat(), "end_date": (began + DAY).isoformat()}

    run_reporting(download_config(sim, {"timezone": zone}, **span), clock, CALLS)

    assert [q["startDate"] for q in download_queries(sim)] == [f"2026-{month:02d}-11{start}"]


@pytest.mark.parametrize("empty", ["204", "zero-bytes", "header"])
def test_download_without_rows_is_committed_at_once(simulate, clock, empty):
    """No body, no file and a header alone mean no rows, and are not requested again."""
    sim = simulate(rows_of={"contacts_completed": 0}, empty=empty)

    out = run_reporting(download_config(sim), clock, CALLS)

    assert out.error is None
    assert out.counts() == {}
    assert out.bookmark(CALLS) == "2026-03-18T05:00:00+00:00"
    assert len(download_queries(sim)) == 2


def test_download_with_commas_and_blank_lines_has_its_rows_only(sim, clock):
    """A name with a comma is one cell, and a blank line at the end is no row."""
    text = 'Contact_ID,Skill_Name\r\n1,"Sales, EMEA"\r\n2,Service\r\n\r\n'
    body = json.dumps({"fileName": "a.csv", "file": b64encode(text.encode()).decode()})
    sim.faults.add(Fault("download", "status", status=200, body=body, times=9))
    own = {"name": "cdr", "report_id": 350047, "primary_keys": ["Contact_ID"]}

    out = run_reporting(download_config(sim, own, end_date=(FIRST + DAY).isoformat()), clock, "cdr")

    records = [(r["contact_id"], r["skill_name"]) for r in out.records("cdr")]
    assert out.error is None
    assert records == [("1", "Sales, EMEA"), ("2", "Service")]


def test_download_with_an_error_text_fails(simulate, clock):
    """A response with status 200 and an error text is no empty table."""
    sim = simulate(download_error='The "template" is in use')

    out = run_reporting(download_config(sim), clock, CALLS)

    assert 'the report failed: The "template" is in use' in str(out.error)
    assert out.bookmark(CALLS) is None


@pytest.mark.parametrize(
    "spelling", ['{"file": null}', '{"errorMessage":null,"file" :null}'], ids=len
)
def test_download_whose_file_is_null_has_no_rows(sim, clock, spelling):
    """Null in place of the file, without an error text or a link, means no rows."""
    sim.faults.add(Fault("download", "status", status=200, body=spelling, times=2))

    out = run_reporting(download_config(sim), clock, CALLS)

    assert out.error is None
    assert out.bookmark(CALLS) == "2026-03-18T05:00:00+00:00"
    assert len(download_queries(sim)) == 2


@pytest.mark.parametrize("file", ["", None], ids=["empty", "null"])
def test_download_with_a_link_in_place_of_its_file_fails(sim, clock, file):
    """If the API stored the file, its rows are not there, and the window is not committed."""
    body = json.dumps({"fileName": "a.csv", "file": file, "URI": "https://api.invalid/files"})
    sim.faults.add(Fault("download", "status", status=200, body=body, times=99))

    out = run_reporting(download_config(sim), clock, CALLS)

    assert "the response has a link in place of the file" in str(out.error)
    assert out.bookmark(CALLS) is None


@pytest.mark.ci
@pytest.mark.parametrize(
    ("own", "days"),
    [({}, [17, 18, 19, 20]), ({"lookback_days": 0}, [18, 19, 20])],
    ids=["one window", "none"],
)
def test_next_download_overlaps_the_last_one(sim, clock, own, days):
    """A run reads one window before its bookmark again, unless the setting says otherwise."""
    first = run_reporting(download_config(sim, own), clock, CALLS)

    config = download_config(sim, own, end_date=None)
    run_reporting(config, clock, CALLS, state=first.state)

    starts = [query["startDate"] for query in download_queries(sim)[2:]]
    assert starts == [f"2026-03-{day}T00:00:00" for day in days]


@pytest.mark.ci
def test_download_starts_within_the_history_of_the_api(simulate, clock):
    """No request is older than two years, and none is longer than the API allows."""
    sim = simulate(rows_per_day=1)
    config = download_config(sim, {"window_days": 30}, start_date="2020-01-01", end_date=None)

    out = run_reporting(config, clock, CALLS)

    queries = download_queries(sim)
    assert out.error is None
    assert queries[0]["startDate"] == "2024-03-21T00:00:00"
    assert len(queries) == 25


@pytest.mark.parametrize("kind", ["truncated", "malformed-csv", "status"])
def test_download_that_broke_off_is_requested_again(sim, clock, kind):
    """A response that ends early, an incomplete file and an error are followed by another try."""
    sim.faults.add(Fault("download", kind))

    out = run_reporting(download_config(sim), clock, CALLS)

    assert out.error is None
    contacts = sim.expected_rows("contacts_completed", FIRST, FIRST + 2 * DAY)
    assert out.counts()[CALLS] == len(contacts)
    assert len(download_queries(sim)) == 3


def test_download_is_waited_for_at_least_ten_minutes(sim, clock, monkeypatch):
    """A month of call details took minutes, so the server may be silent for that long."""
    timeouts, send = {}, HTTPAdapter.send

    def observed(self, request, *args, **kwargs):
        timeouts[request.path_url.partition("?")[0]] = kwargs["timeout"]
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", observed)

    run_reporting(download_config(sim), clock, CALLS)

    _, read_seconds = timeouts[f"{DOWNLOAD_PATH}/524"]
    assert read_seconds >= 600


def test_downloads_are_requested_one_after_the_other(sim, clock):
    """Two reports are read by one thread, each window after the response to the one before."""
    entries = [{"name": CALLS}, {"name": "agent_by_day"}]
    config = reporting_settings(sim, {"data_downloads": entries}, **SPAN)
    config["parallel_families"] = True

    out = run_reporting(config, clock, CALLS, "agent_by_day")

    served = [seen.path[-3:] for seen in sim.requests if DOWNLOAD_PATH in seen.path]
    assert out.error is None
    assert served == sorted(served)
    assert len(served) == 6


def test_download_without_permission_names_it(simulate, clock):
    """A refusal names the permission in CXone."""
    sim = simulate(forbidden=frozenset({"data-download"}))

    out = run_reporting(download_config(sim), clock, CALLS)

    assert "Data Download > View" in str(out.error)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "mine"}, "'mine' has no report_id"),
        ({"name": CALLS, "timezone": "Mars/Base"}, "entry 'call_detail', timezone is 'Mars/Base'"),
        ({"name": CALLS, "window_days": 31}, "reporting.data_downloads"),
    ],
    ids=["report", "zone", "window"],
)
def test_invalid_download_is_named(sim, entry, words):
    """A download without a report, with an unknown zone or too long windows is an error."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=reporting_settings(sim, {"data_downloads": [entry]}))

    assert words in str(raised.value)
    assert sim.requests == []


@pytest.mark.parametrize("status", [413, 408], ids=["too large", "too slow"])
def test_data_download_that_cannot_be_read_is_halved(sim, clock, status):
    """An API without jobs requests fewer days too."""
    sim.faults.add(Fault("download", "status", status=status))
    entry = {"name": CALLS, "window_days": 4}
    days = {"start_date": "2026-03-15", "end_date": "2026-03-19"}
    config = reporting_settings(sim, {"data_downloads": [entry]}, max_retries=0, **days)

    out = run_reporting(config, clock, CALLS)

    windows = {(r["_window_start"][8:10], r["_window_end"][8:10]) for r in out.records(CALLS)}
    assert out.error is None
    assert windows == {("15", "17"), ("17", "19")}

"""The Observability Dashboard's exports: what is asked, what the answers mean, what rows become."""

from __future__ import annotations

import base64
import functools
import json
import logging
import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from tap_cxone.errors import (
    ApiError,
    AuthError,
    ConfigError,
    DecodeError,
    DriftError,
    JobFailed,
    JobTimeout,
    NotFound,
    StreamsFailed,
)
from tap_cxone.simulator import Credentials, Fault, Simulator
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.support.observability import AQ, AS, BASE, FAMILY, GR, KB, OFFLINE, PATHS
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from click.testing import Result

    from tap_cxone.simulator import RecordedRequest
    from tests.support.run import FakeClock, Output

OTHER_GR = "autopilot/GRTable"
TOKEN = "/auth/token"

DAYS = date(2026, 3, 16), date(2026, 3, 18)
DATES = {"startDate": "2026-03-16T00:00:00.000Z", "endDate": "2026-03-17T23:59:59.999Z"}
WINDOW = {
    "_window_start": "2026-03-16T00:00:00+00:00",
    "_window_end": "2026-03-18T00:00:00+00:00",
}
METADATA = {"_row_hash", "_window_start", "_window_end"}


@pytest.fixture
def simulate(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return the shared function; exports are done when they are first asked for."""
    return functools.partial(simulate, job_seconds=3)


def two_days(sim: Simulator, **family: Any) -> dict[str, Any]:
    """Return settings for one window of two whole days."""
    return {
        **tap_settings(sim.url, families=FAMILY),
        "start_date": "2026-03-16T00:00:00Z",
        "end_date": "2026-03-18T00:00:00Z",
        "observability": family,
    }


@functools.cache
def catalog(*streams: str) -> dict[str, Any]:
    """Return a catalog with some streams selected, nothing being declared of them."""
    return select(OFFLINE, *streams)


def run(config: dict[str, Any], clock: FakeClock, *streams: str, **how: Any) -> Output:
    """Run some streams, the knowledge suggestions if none is named."""
    own = config["observability"]
    selected = streams or (KB,)
    declared = "columns" in own or "primary_keys" in own
    found = select(config, *selected) if declared else catalog(*selected)
    return run_tap(config, clock=clock, catalog=found, **how)


def submits(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits so far."""
    return [seen for seen in sim.requests if seen.path.endswith("/export-data")]


def tables(sim: Simulator) -> list[str]:
    """Return the table of each submit so far."""
    return [re.sub(rf"{BASE}/(.*)/export-data", r"\1", seen.path) for seen in submits(sim)]


def polls(sim: Simulator) -> list[RecordedRequest]:
    """Return the polls so far."""
    return [seen for seen in sim.requests if seen.path.endswith("/status")]


def logins(sim: Simulator) -> list[RecordedRequest]:
    """Return the logins so far."""
    return [seen for seen in sim.requests if seen.path == TOKEN]


def downloads(sim: Simulator) -> list[RecordedRequest]:
    """Return the downloads so far."""
    return [seen for seen in sim.requests if seen.path.startswith("/files/")]


def body(seen: RecordedRequest) -> dict[str, Any]:
    """Return the JSON body of a request."""
    found: dict[str, Any] = json.loads(seen.body)
    return found


def form(seen: RecordedRequest) -> dict[str, list[str]]:
    """Return the form in the body of a request."""
    return parse_qs(seen.body.decode(), strict_parsing=True)


def failure(out: Output, stream: str = KB) -> Exception:
    """Return why a stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[stream]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings logged."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def named(row: dict[str, str]) -> dict[str, str | None]:
    """Return a row of the truth under the names of its columns, blank as null."""
    return {
        re.sub(r"\W+", "_", title).strip("_").lower(): cell if cell.strip() else None
        for title, cell in row.items()
    }


def cells(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without what the tap adds to them."""
    return [{k: v for k, v in record.items() if k not in METADATA} for record in records]


def learned(config: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Return the catalog that discovery gives with a state, the suggestions selected."""
    found = TapCXone(config=dict(config), state=state).catalog_dict
    for entry in found["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["tap_stream_id"] == KB
    return found


def discovered(
    config: dict[str, Any], stream: str, state: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a stream's properties as discovery gives them."""
    found = TapCXone(config=dict(config), state=state).catalog_dict
    (entry,) = (entry for entry in found["streams"] if entry["tap_stream_id"] == stream)
    properties: dict[str, Any] = entry["schema"]["properties"]
    return properties


# The login


def test_login_form(sim, clock):
    """The login is a form: the application, and the access key as user name and password."""
    out = run(two_days(sim), clock)

    (login,) = logins(sim)
    assert out.error is None
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in login.headers
    assert form(login) == {
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
        "grant_type": ["password"],
        "username": [Credentials.ACCESS_KEY_ID],
        "password": [Credentials.ACCESS_KEY_SECRET],
    }


def test_login_with_basic(simulate, clock):
    """With client_secret_basic the application is named in the header, and only there."""
    sim = simulate(client_auth="basic")

    out = run(two_days(sim) | {"client_auth_method": "client_secret_basic"}, clock)

    (login,) = logins(sim)
    scheme, _, encoded = login.headers["authorization"].partition(" ")
    application = base64.b64decode(encoded).decode()
    plain = f"{Credentials.CLIENT_ID}:{Credentials.CLIENT_SECRET}"
    assert out.error is None
    assert scheme == "Basic"
    assert application in {plain, f"{Credentials.CLIENT_ID}:{quote(Credentials.CLIENT_SECRET, '')}"}
    assert form(login).keys() == {"grant_type", "username", "password"}


def test_client_secret_post_is_the_default(simulate, clock):
    """An application that may name itself in the form only is served without a setting."""
    sim = simulate(client_auth="post")

    assert run(two_days(sim), clock).error is None


@pytest.mark.parametrize("name", ["access_key_id", "access_key_secret"])
def test_a_url_encoded_key(sim, clock, caplog, name):
    """A key copied URL-encoded is decoded, with one warning that names the setting."""
    config = two_days(sim)
    config[name] = quote(config[name])

    out = run_tap(config, clock=clock, catalog=catalog(KB))

    (warning,) = (w for w in warnings(caplog) if "encoded" in w)
    assert out.error is None
    assert "%3D%3D%3D%3D" in config[name]
    assert name in warning
    assert config[name] not in warning


def test_a_key_is_decoded_once(sim, clock):
    """A key that was encoded twice is decoded once: nothing is guessed."""
    config = two_days(sim)
    config["access_key_id"] = quote(quote("KEY=="))

    run(config, clock)

    assert form(logins(sim)[0])["username"] == ["KEY%3D%3D"]


def test_a_plain_key(sim, clock, caplog):
    """A key as it is shown causes no warning."""
    run(two_days(sim), clock)

    assert not any("encoded" in warning for warning in warnings(caplog))


@pytest.mark.parametrize(
    "name", ["client_id", "client_secret", "access_key_id", "access_key_secret"]
)
def test_wrong_credentials(sim, clock, name):
    """A refused login fails the stream, names the settings to check and exports nothing."""
    out = run(two_days(sim) | {name: "wrong-one"}, clock)

    assert isinstance(failure(out), AuthError)
    assert name in str(failure(out))
    assert "client_auth_method" in str(failure(out))
    assert "wrong-one" not in str(failure(out))
    assert submits(sim) == []


def test_without_an_application(sim):
    """An access key alone is not enough to select a table: the error names what is missing."""
    config = two_days(sim)
    del config["client_id"], config["client_secret"]

    with pytest.raises(ConfigError, match="client_id, client_secret"):
        TapCXone(config=config, catalog=catalog(KB))

    assert sim.requests == []


def test_hosts():
    """Without `base_url` the login is at the OIDC host, the tables at the region's."""
    tap = TapCXone(config={**OFFLINE, "region": "eu1"})
    stream: Any = tap.streams[KB]

    assert stream.family.grant.url == "https://cxone.niceincontact.com/auth/token"
    assert stream.family.base_url == "https://api-eu1.niceincontact.com"


def test_one_login_for_all_tables(sim, clock):
    """The tables share a token."""
    run(two_days(sim), clock, KB, AS, AQ)

    assert len(logins(sim)) == 1


# What is asked


@pytest.mark.parametrize(
    ("stream", "rest"),
    [
        (
            KB,
            {
                "channels": [],
                "filters": {"Team": [], "Skill": [], "CopilotProfileId": [], "AgentNumber": []},
            },
        ),
        (
            AS,
            {
                "channels": [],
                "filters": {"Team": [], "Skill": [], "CopilotProfileId": [], "AgentNumber": []},
            },
        ),
        (AQ, {"filters": {"CopilotProfileId": [], "AgentNumber": []}}),
        (GR, {}),
    ],
)
def test_request(sim, clock, stream, rest):
    """A submit holds the dates, the zone, and of channels and filters what the table takes."""
    run(two_days(sim), clock, stream)

    (post,) = submits(sim)
    assert post.method == "POST"
    assert post.path == f"{BASE}/{PATHS[stream]}/export-data"
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"].startswith("Bearer sim-access-token-")
    assert body(post) == {"dateRange": DATES, "timeZone": "UTC", **rest}


@pytest.mark.parametrize("stream", [KB, AS])
def test_channels_and_filters(sim, clock, stream):
    """Channels and the four filters are sent as they are set."""
    wanted = {
        "channels": ["digital", "voice"],
        "filters": {
            "Team": ["Support Team A"],
            "Skill": ["Technical Support", "Billing"],
            "CopilotProfileId": ["profile-abc123"],
            "AgentNumber": ["12345"],
        },
    }

    run(two_days(sim, tables=[PATHS[stream]], **wanted), clock, stream)

    assert body(submits(sim)[0]) == {"dateRange": DATES, "timeZone": "UTC", **wanted}


def test_filters_of_questions(sim, clock):
    """The table of questions takes a profile and an agent."""
    wanted = {"CopilotProfileId": ["profile-abc123"], "AgentNumber": ["12345"]}

    run(two_days(sim, tables=[PATHS[AQ]], filters=wanted), clock, AQ)

    assert body(submits(sim)[0]) == {"dateRange": DATES, "timeZone": "UTC", "filters": wanted}


@pytest.mark.parametrize(
    ("narrowed", "column", "value"),
    [
        ({"channels": ["voice"]}, "Channel", "voice"),
        ({"filters": {"Team": ["Billing, Night"]}}, "Team", "Billing, Night"),
        ({"filters": {"CopilotProfileId": ["profile-0b42"]}}, "Copilot Profile ID", "profile-0b42"),
    ],
)
def test_narrowed_rows(simulate, clock, narrowed, column, value):
    """A channel or a filter gives its rows and no others."""
    sim = simulate(rows_per_day=40)

    out = run(two_days(sim, tables=[PATHS[KB]], **narrowed), clock)

    rows = [row for row in sim.expected_rows(PATHS[KB], *DAYS) if row[column] == value]
    assert 0 < len(rows) < 80
    assert cells(out.records(KB)) == [named(row) for row in rows]


def test_end_inside_a_day(sim, clock):
    """The last window ends half an hour ago; the last millisecond before that is asked for."""
    config = two_days(sim) | {"start_date": "2026-03-19T00:00:00Z", "end_date": None}

    out = run(config, clock)

    assert body(submits(sim)[0])["dateRange"] == {
        "startDate": "2026-03-19T00:00:00.000Z",
        "endDate": "2026-03-20T11:29:59.999Z",
    }
    assert out.bookmark(KB) == "2026-03-20T11:30:00+00:00"


def test_start_inside_a_day(sim, clock):
    """Windows begin at midnight, whatever the time in `start_date`."""
    run(two_days(sim) | {"start_date": "2026-03-16T17:45:00+02:00"}, clock)

    assert body(submits(sim)[0])["dateRange"] == DATES


def test_windows_of_a_month(sim, clock):
    """A window has 31 days by default, and none overlaps with another or leaves a gap."""
    config = two_days(sim) | {"start_date": "2026-01-01T00:00:00Z"}

    run(config, clock)

    assert [body(post)["dateRange"] for post in submits(sim)] == [
        {"startDate": "2026-01-01T00:00:00.000Z", "endDate": "2026-01-31T23:59:59.999Z"},
        {"startDate": "2026-02-01T00:00:00.000Z", "endDate": "2026-03-03T23:59:59.999Z"},
        {"startDate": "2026-03-04T00:00:00.000Z", "endDate": "2026-03-17T23:59:59.999Z"},
    ]


def test_window_days(sim, clock):
    """`window_days` sets the days of a window."""
    out = run(two_days(sim, window_days=1), clock)

    assert [body(post)["dateRange"]["startDate"] for post in submits(sim)] == [
        "2026-03-16T00:00:00.000Z",
        "2026-03-17T00:00:00.000Z",
    ]
    assert Counter(record["_window_end"] for record in out.records(KB)) == {
        "2026-03-17T00:00:00+00:00": 12,
        "2026-03-18T00:00:00+00:00": 12,
    }


def test_time_zone(sim, clock):
    """`timezone` is sent; dates of rows are shown in it, the window stays in UTC."""
    out = run(two_days(sim) | {"timezone": "America/New_York"}, clock)

    rows = sim.expected_rows(PATHS[KB], *DAYS, zone=ZoneInfo("America/New_York"))
    assert body(submits(sim)[0])["timeZone"] == "America/New_York"
    assert body(submits(sim)[0])["dateRange"] == DATES
    assert [record["date"] for record in out.records(KB)] == [row["Date"] for row in rows]


# Settings that do not fit


@pytest.mark.parametrize(
    ("family", "setting", "takers", "others"),
    [
        ({"filters": {"Team": ["A"]}}, "filters.Team", [KB, AS], [AQ, GR]),
        ({"filters": {"Skill": ["A"]}}, "filters.Skill", [KB, AS], [AQ, GR]),
        (
            {"filters": {"CopilotProfileId": ["A"]}},
            "filters.CopilotProfileId",
            [KB, AS, AQ],
            [GR],
        ),
        ({"filters": {"AgentNumber": ["A"]}}, "filters.AgentNumber", [KB, AS, AQ], [GR]),
        ({"channels": ["voice"]}, "channels", [KB, AS], [AQ, GR]),
        (
            {"filters": {"Team": ["A"]}, "tables": ["Copilot/KBTable", "Copilot/AQTable"]},
            "filters.Team",
            [KB, AS],
            [AQ],
        ),
        (
            {"channels": ["digital"], "tables": ["Copilot/AQTable"]},
            "channels",
            [KB, AS],
            [AQ],
        ),
    ],
)
def test_what_a_table_does_not_take(sim, family, setting, takers, others):
    """A filter or channel for a table without it is an error that names the tables with it."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=two_days(sim, **family))

    (problem,) = raised.value.problems
    refused, _, taken = problem.partition("only by")
    assert f"observability.{setting}" in refused
    assert [stream for stream in PATHS if PATHS[stream] in refused] == others
    assert [stream for stream in PATHS if PATHS[stream] in taken.partition(";")[0]] == takers
    assert sim.requests == []


def test_the_other_name_of_a_table_takes_no_filter_either(sim):
    """A table under its second name takes what it takes under its first: nothing."""
    with pytest.raises(ConfigError, match=r"filters\.AgentNumber"):
        TapCXone(config=two_days(sim, tables=[OTHER_GR], filters={"AgentNumber": ["1"]}))


def test_every_such_problem_at_once(sim):
    """Each filter and channel that does not fit is a problem of its own, all told at once."""
    family = {"channels": ["voice"], "filters": {"Team": ["A"], "AgentNumber": ["1"]}}

    with pytest.raises(ConfigError) as raised:
        TapCXone(config=two_days(sim, **family))

    assert len(raised.value.problems) == 3


def test_filters_that_filter_nothing(sim, clock):
    """Empty filters and channels concern every table."""
    family = {"channels": [], "filters": {"Team": [], "AgentNumber": []}}

    out = run(two_days(sim, **family), clock, AQ, GR)

    assert out.error is None
    assert body(submits(sim)[0]).keys() <= {"dateRange", "timeZone", "filters"}


@pytest.mark.parametrize(
    "family",
    [
        {"tables": ["Copilot/KBTabel"]},
        {"channels": ["fax"]},
        {"filters": {"Colour": ["red"]}},
        {"filters": {"Team": "A"}},
        {"window_days": 0},
        {"exports_per_day": 0},
        {"columns": {KB: {"Date": "datum"}}},
        {"settle_minutes": 30},
    ],
)
def test_settings_out_of_range(sim, family):
    """What the family's settings cannot be is an error before any call."""
    with pytest.raises(ConfigError, match="observability"):
        TapCXone(config=two_days(sim, **family))

    assert sim.requests == []


@pytest.mark.parametrize("setting", ["primary_keys", "columns"])
def test_a_misspelt_stream(sim, setting):
    """Keys or columns of a stream that is none: the error names the one that was meant."""
    value: Any = ["Date"] if setting == "primary_keys" else {"Date": "string"}

    with pytest.raises(ConfigError) as raised:
        TapCXone(config=two_days(sim, **{setting: {"copilot_autosummaries": value}}))

    (problem,) = raised.value.problems
    assert f"observability.{setting}" in problem
    assert "'copilot_autosummaries'" in problem
    assert AS in problem


# Which tables


def by_default(config: dict[str, Any]) -> set[str]:
    """Return the tables that are selected by default."""
    streams = TapCXone(config=config).streams
    return {name for name in PATHS if streams[name].selected}


def test_all_tables_by_default():
    """Without `tables` all four are selected."""
    assert by_default(OFFLINE) == {KB, AS, AQ, GR}


@pytest.mark.parametrize(
    ("paths", "streams"),
    [
        (["Copilot/KBTable"], {KB}),
        (["Copilot/AQTable", "Copilot/ASTable"], {AQ, AS}),
        (["AutopilotKnowledge/GRTable"], {GR}),
        (["autopilot/GRTable"], {GR}),
        (["autopilot/GRTable", "AutopilotKnowledge/GRTable"], {GR}),
    ],
)
def test_tables_limit_what_is_selected(paths, streams):
    """`tables` says which are selected by default; the others stay in the catalog."""
    config = {**OFFLINE, "observability": {"tables": paths}}

    assert by_default(config) == streams
    assert TapCXone(config=config).streams.keys() >= PATHS.keys()


def test_no_tables_without_an_application():
    """Without an application the tables are in the catalog, but not selected."""
    config = {name: OFFLINE[name] for name in ("access_key_id", "access_key_secret")}

    assert by_default(config) == set()


def test_a_catalog_goes_before_tables(sim, clock):
    """A table that a catalog selects is read although `tables` leaves it out."""
    out = run(two_days(sim, tables=["Copilot/KBTable"]), clock, AQ)

    assert out.counts().keys() == {AQ}


def test_the_other_name_on_404(simulate, clock):
    """Where the first name of the table is not found the second is tried, once in a run."""
    sim = simulate(gr_namespace="autopilot")

    out = run(two_days(sim, window_days=1), clock, GR)

    assert out.error is None
    assert cells(out.records(GR)) == [named(row) for row in sim.expected_rows(PATHS[GR], *DAYS)]
    assert tables(sim) == [PATHS[GR], OTHER_GR, OTHER_GR]


def test_the_first_name_is_tried_first(sim, clock):
    """Where both names are found the first is used."""
    run(two_days(sim, window_days=1), clock, GR)

    assert tables(sim) == [PATHS[GR], PATHS[GR]]


def test_a_name_not_found_costs_no_export(simulate, clock):
    """The submit that was answered 404 does not count: three exports are left."""
    sim = simulate(gr_namespace="autopilot")

    out = run(two_days(sim, window_days=1) | {"start_date": "2026-03-15T00:00:00Z"}, clock, GR)

    assert sim.exports == 3
    assert out.bookmark(GR) == "2026-03-18T00:00:00+00:00"


def test_the_name_found_is_remembered(simulate, clock):
    """The next run begins with the name that was found."""
    sim = simulate(gr_namespace="autopilot")
    first = run(two_days(sim), clock, GR)

    run(two_days(sim) | {"end_date": "2026-03-19T00:00:00Z"}, clock, GR, state=first.state)

    assert tables(sim) == [PATHS[GR], OTHER_GR, OTHER_GR]


def test_a_name_that_moved(simulate, clock):
    """Where the name of earlier runs is not found any more the other is tried."""
    first = run(two_days(simulate(gr_namespace="autopilot")), clock, GR)
    sim = simulate(gr_namespace="AutopilotKnowledge")

    out = run(two_days(sim) | {"end_date": "2026-03-19T00:00:00Z"}, clock, GR, state=first.state)

    assert out.error is None
    assert tables(sim) == [OTHER_GR, PATHS[GR]]
    assert len(out.records(GR)) == 12


@pytest.mark.parametrize("path", [PATHS[GR], OTHER_GR])
def test_either_name_in_tables(sim, clock, path):
    """`tables` may name either; the one it names is tried first."""
    out = run(two_days(sim, tables=[path]), clock, GR)

    assert out.error is None
    assert len(out.records(GR)) == 24
    assert tables(sim) == [path]


@pytest.mark.parametrize(
    ("path", "other"), [(PATHS[GR], OTHER_GR), (OTHER_GR, PATHS[GR])], ids=["first", "second"]
)
def test_the_other_of_two_names(simulate, clock, path, other):
    """Where the name that `tables` gives is not found the other is tried, either way."""
    sim = simulate(gr_namespace=other.partition("/")[0])

    out = run(two_days(sim, tables=[path], window_days=1), clock, GR)

    assert out.error is None
    assert len(out.records(GR)) == 24
    assert tables(sim) == [path, other, other]


def test_no_such_table(sim, clock):
    """Where no name of a table is found its stream fails and names it; the others go on."""
    answer = Fault("submit", "status", status=404, times=2)
    sim.faults.add(answer)

    out = run(two_days(sim), clock, GR, KB)

    assert isinstance(failure(out, GR), NotFound)
    assert "GRTable" in str(failure(out, GR))
    assert len(out.records(KB)) == 24


# What is answered


@pytest.mark.some(3)
@pytest.mark.parametrize("answer", ["empty", "json"])
@pytest.mark.parametrize("location", ["absolute", "relative", "absolute-status", "relative-status"])
def test_locations(simulate, clock, location, answer):
    """The Location may be absolute or relative, with or without `/status`, with a body or none."""
    sim = simulate(location=location, export_body=answer)

    out = run(two_days(sim), clock)

    (export,) = sim.table_exports
    assert out.error is None
    assert len(out.records(KB)) == 24
    assert {poll.path for poll in polls(sim)} == {f"{BASE}/export-data/{export.id}/status"}


@pytest.mark.some(4)
@pytest.mark.parametrize(
    ("status", "location"),
    [
        (202, "{base}/export-data/ID-7/"),
        (202, "{base}/export-data/ID-7/status/"),
        (202, "{base}/export-data/ID-7/status?fileName=theirs"),
        (202, "{base}/export-data/ID-7?a=/b#c"),
        (202, "https://elsewhere.example{base}/export-data/ID-7"),
        (202, "/export-data/ID-7"),
        (202, "ID-7"),
        (200, "{base}/export-data/ID-7/status"),
        (201, "{base}/export-data/ID-7/status"),
    ],
)
def test_more_locations(sim, clock, status, location):
    """The last part of the path that can be an id is it; the tap asks its own host for it."""
    headers = (("Location", location.format(base=BASE)),)
    sim.faults.add(
        Fault("submit", "status", status=status, headers=headers, body=""),
        Fault("poll", "status", status=200, body='{"status": "Failed"}'),
    )

    out = run(two_days(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert [poll.path for poll in polls(sim)] == [f"{BASE}/export-data/ID-7/status"]


def test_an_encoded_location(sim, clock):
    """An id that the Location shows encoded is asked for as it is, not encoded again."""
    headers = (("Location", f"{BASE}/export-data/ID%3A7%3D/status"),)
    sim.faults.add(
        Fault("submit", "status", status=202, headers=headers, body=""),
        Fault("poll", "status", status=200, body='{"status": "Failed"}'),
    )

    run(two_days(sim), clock)

    assert [poll.path for poll in polls(sim)] == [f"{BASE}/export-data/ID:7=/status"]


@pytest.mark.parametrize("key", ["status", "state", "exportStatus"])
def test_status_keys(simulate, clock, key):
    """The word for the status stands under one of three keys."""
    sim = simulate(export_status_key=key, job_polls=2)

    out = run(two_days(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(polls(sim)) == 3


@pytest.mark.some(3)
@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("key", ["downloadUrl", "url", "presignedUrl", "fileUrl", "location"])
def test_link_keys(simulate, clock, key, only):
    """The link stands under one of five keys, with a word for the status or without."""
    sim = simulate(export_link_key=key, export_link_only=only)

    out = run(two_days(sim), clock)

    assert len(out.records(KB)) == 24


WORDS = [
    ("InProgress", "Completed", "Failed"),
    ("IN_PROGRESS", "COMPLETED", "FAILED"),
    ("in progress", "Success", "Error"),
    ("pending", "succeeded", "error"),
    ("In-Progress", "SUCCESS", "failure"),
    ("RUNNING", "Done", "ERROR"),
    ("Queued", "complete", "failed"),
]


@pytest.mark.parametrize("words", WORDS)
def test_words(simulate, clock, words):
    """A running and a completed export may be called so, in any case and spelling."""
    sim = simulate(export_status_names=words, job_polls=2)

    out = run(two_days(sim), clock)

    assert out.error is None
    assert len(out.records(KB)) == 24
    assert len(polls(sim)) == 3


@pytest.mark.parametrize("words", WORDS)
def test_words_for_failed(simulate, clock, words):
    """So may a failed one; its reason ends the stream."""
    sim = simulate(export_status_names=words)
    sim.faults.add(Fault("submit", "job-failed", body="The warehouse is on fire"))

    out = run(two_days(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "The warehouse is on fire" in str(failure(out))


@pytest.mark.parametrize("answer", [{"downloadUrl": None}, {"url": ""}, {"message": "wait a bit"}])
def test_a_running_export_without_a_link(sim, clock, answer):
    """A running export's link may be there and empty."""
    said = json.dumps({"status": "InProgress", **answer})
    sim.faults.add(Fault("poll", "status", status=200, body=said))

    assert len(run(two_days(sim), clock).records(KB)) == 24


def test_a_link_means_done(simulate, clock):
    """A link is followed although the word still says running."""
    sim = simulate(export_status_names=("InProgress", "InProgress", "Failed"))

    assert len(run(two_days(sim), clock).records(KB)) == 24


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ('{"status": "Hibernating"}', "Hibernating"),
        ('{"status": "Hibernating", "downloadUrl": "https://files.example/x"}', "Hibernating"),
        ('{"phase": "done"}', "phase"),
        ("[]", ""),
    ],
)
def test_an_unknown_word(sim, clock, answer, shown):
    """A status that is not known fails the stream and is named; no further export is spent."""
    sim.faults.add(Fault("poll", "status", status=200, body=answer, times=99))

    out = run(two_days(sim, window_days=1), clock)

    assert isinstance(failure(out), ApiError)
    assert shown in str(failure(out))
    assert out.records(KB) == []
    assert len(submits(sim)) == 1


# The file's name


def names(sim: Simulator) -> set[str]:
    """Return the names that the tap gave to files so far."""
    return {poll.query["fileName"] for poll in polls(sim)}


def test_file_names_are_safe(sim, clock):
    """A name may stand in an address as it is; the API adds `.csv` itself."""
    run(two_days(sim), clock, KB, AS, GR)

    assert len(names(sim)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name) for name in names(sim))


def test_one_name_an_export(simulate, clock):
    """Each poll of an export names the same file."""
    sim = simulate(job_polls=4)

    run(two_days(sim), clock)

    assert len(polls(sim)) == 5
    assert len(names(sim)) == 1


def test_names_of_windows(sim, clock):
    """Each window has a name of its own, also two that begin together."""
    run(two_days(sim, window_days=1), clock)
    run(two_days(sim) | {"end_date": "2026-03-16T09:00:00Z"}, clock)

    assert len(names(sim)) == 3


def test_names_of_tables(simulate, clock):
    """Each table has a name of its own for the same window."""
    sim = simulate(exports_per_day=4)

    run(two_days(sim, exports_per_day=4), clock, *PATHS)

    assert len(names(sim)) == 4


@pytest.mark.parametrize("name", ["access_key_id", "client_id"])
def test_names_of_tenants(sim, clock, name):
    """Two tenants at one host, who differ in their credentials, use different names."""
    tenants = ("alpha", "beta")
    for tenant in tenants:
        sim.faults.add(
            Fault("token", "status", status=200, body='{"access_token": "t", "expires_in": 60}'),
            Fault("submit", "status", status=202, headers=(("Location", "/x/1"),), body=""),
            Fault("poll", "status", status=200, body='{"status": "Failed"}'),
        )
        run(two_days(sim) | {name: tenant}, clock)

    assert len(polls(sim)) == 2
    assert len(names(sim)) == 2
    assert not any(tenant in file for file in names(sim) for tenant in tenants)


# Rows and their schema


@pytest.mark.parametrize("stream", PATHS)
def test_rows(simulate, clock, stream):
    """Rows come to the letter: commas, quotes, line breaks, every script, zeros in front."""
    sim = simulate(rows_per_day=60)

    out = run(two_days(sim), clock, stream)

    rows = sim.expected_rows(PATHS[stream], *DAYS)
    assert all(any(sign in cell for row in rows for cell in row.values()) for sign in ',"\n試л')
    assert out.error is None
    assert cells(out.records(stream)) == [named(row) for row in rows]
    assert all(WINDOW.items() <= record.items() for record in out.records(stream))


@pytest.mark.parametrize("compression", ["gzip-encoding", "gzip-type", "gzip-bare"])
def test_gzip(simulate, clock, compression):
    """A file may be compressed, however that shows."""
    sim = simulate(compression=compression)

    assert len(run(two_days(sim), clock).records(KB)) == 24


@pytest.mark.parametrize("empty", ["header", "zero-bytes", "204"])
def test_files_without_rows(simulate, clock, empty):
    """An empty file is an empty window, which is committed."""
    sim = simulate(empty=empty, rows_per_day=0)

    out = run(two_days(sim), clock)

    assert out.error is None
    assert out.records(KB) == []
    assert out.bookmark(KB) == "2026-03-18T00:00:00+00:00"


@pytest.mark.parametrize("stream", PATHS)
def test_discovery(sim, stream):
    """Discovery gives what the tap adds and nothing else, and asks nobody."""
    assert discovered(two_days(sim), stream).keys() == METADATA
    assert sim.requests == []


@pytest.mark.parametrize("stream", PATHS)
def test_schema_of_the_header(sim, clock, stream):
    """The header makes the schema: nullable strings, announced before the first row."""
    out = run(two_days(sim), clock, stream)

    first, second = out.of("SCHEMA")
    kinds = [message["type"] for message in out.messages]
    columns = set(named(sim.expected_rows(PATHS[stream], *DAYS)[0]))
    assert first["schema"]["properties"].keys() == METADATA
    assert second["schema"]["properties"].keys() == columns | METADATA
    assert {
        tuple(definition["type"])
        for name, definition in second["schema"]["properties"].items()
        if name in columns
    } == {("string", "null")}
    assert kinds.index("RECORD") > len(kinds) - 1 - kinds[::-1].index("SCHEMA")


@pytest.mark.parametrize("drift", ["evolve", "ignore", "fail"])
def test_the_first_header_is_no_drift(sim, clock, caplog, drift):
    """Nobody declared the columns of the first file, and nobody could: they make the schema."""
    out = run(two_days(sim, window_days=1) | {"schema_drift": drift}, clock)

    assert out.error is None
    assert cells(out.records(KB)) == [named(row) for row in sim.expected_rows(PATHS[KB], *DAYS)]
    assert not any("columns" in warning for warning in warnings(caplog))


@pytest.mark.parametrize("drift", ["ignore", "fail"])
def test_drift_after_the_first_header(simulate, clock, drift):
    """A column that a later run finds is drift: left out, or the end of the stream."""
    first = run(two_days(simulate()) | {"schema_drift": drift}, clock)
    sim = simulate(extra_columns={PATHS[KB]: ("Mood of the Day",)})
    config = two_days(sim) | {"end_date": "2026-03-19T00:00:00Z", "schema_drift": drift}

    out = run(config, clock, state=first.state)

    assert all("mood_of_the_day" not in m["schema"]["properties"] for m in out.of("SCHEMA"))
    if drift == "fail":
        assert isinstance(failure(out), DriftError)
        assert "mood_of_the_day" in str(failure(out))
        assert out.records(KB) == []
    else:
        assert out.error is None
        assert len(out.records(KB)) == 12


def test_columns_that_come_later(simulate, clock):
    """A column that a later file has is announced before the first row with it."""
    first = run(two_days(simulate()), clock)
    sim = simulate(extra_columns={PATHS[KB]: ("Mood of the Day", "Date.")})
    config = two_days(sim) | {"end_date": "2026-03-19T00:00:00Z"}

    out = run(config, clock, state=first.state)

    (row, *_) = sim.expected_rows(PATHS[KB], date(2026, 3, 18), date(2026, 3, 19))
    kinds = [message["type"] for message in out.messages]
    latest = out.of("SCHEMA")[-1]["schema"]["properties"]
    assert {"mood_of_the_day", "date_2"} <= latest.keys()
    assert kinds.index("RECORD") > len(kinds) - 1 - kinds[::-1].index("SCHEMA")
    assert out.records(KB)[0]["mood_of_the_day"] == (row["Mood of the Day"] or None)
    assert out.records(KB)[0]["date_2"] == (row["Date."] or None)
    assert out.records(KB)[0]["date"] == row["Date"]


def test_learned_columns_in_state(sim, clock):
    """State holds what was learned as `columns`, each once."""
    out = run(two_days(sim, window_days=1), clock)

    columns = out.state["bookmarks"][KB]["columns"]
    assert [column["name"] for column in columns] == list(
        named(sim.expected_rows(PATHS[KB], *DAYS)[0])
    )


def test_learned_columns_in_discovery(sim, clock):
    """Discovery with a state gives the columns that were learned, of this table only."""
    out = run(two_days(sim), clock, KB, AS)

    found = discovered(two_days(sim), KB, out.state)
    assert found.keys() == set(named(sim.expected_rows(PATHS[KB], *DAYS)[0])) | METADATA
    assert found["confidence"]["type"] == ["string", "null"]


def test_learned_columns_in_the_next_run(sim, clock):
    """The first SCHEMA of the next run has them; there is no other."""
    first = run(two_days(sim), clock)
    config = two_days(sim) | {"end_date": "2026-03-19T00:00:00Z"}

    second = run_tap(config, clock=clock, catalog=learned(config, first.state), state=first.state)

    (schema,) = second.of("SCHEMA", KB)
    assert (
        set(named(sim.expected_rows(PATHS[KB], *DAYS)[0])) <= schema["schema"]["properties"].keys()
    )
    assert len(second.records(KB)) == 12


def test_columns_that_vanish(simulate, clock):
    """A learned column that a file lacks is null."""
    first = run(two_days(simulate()), clock)
    sim = simulate(missing_columns={PATHS[KB]: ("Rating",)})
    config = two_days(sim) | {"end_date": "2026-03-19T00:00:00Z"}

    out = run_tap(config, clock=clock, catalog=learned(config, first.state), state=first.state)

    assert out.error is None
    assert {record["rating"] for record in out.records(KB)} == {None}


TYPES = {"Confidence": "number", "question": "string", "Suggestion ID": "string"}


def test_declared_columns(sim, clock):
    """A declared column has its type, from the first SCHEMA on; the others are strings."""
    out = run(two_days(sim, columns={KB: TYPES, AS: {"Words": "integer"}}), clock, KB, AS)

    first = out.of("SCHEMA", KB)[0]["schema"]["properties"]
    rows = sim.expected_rows(PATHS[KB], *DAYS)
    summaries = sim.expected_rows(PATHS[AS], *DAYS)
    assert first["confidence"]["type"] == ["number", "null"]
    assert [r["confidence"] for r in out.records(KB)] == [float(row["Confidence"]) for row in rows]
    assert [r["suggestion_id"] for r in out.records(KB)] == [row["Suggestion ID"] for row in rows]
    assert [r["words"] for r in out.records(AS)] == [int(row["Words"]) for row in summaries]
    assert out.records(AS)[0]["summary"] == (summaries[0]["Summary"] or None)


@pytest.mark.parametrize(
    ("kind", "title", "expected"),
    [
        ("date-time", "Date", lambda text: datetime.fromisoformat(f"{text}+00:00").isoformat()),
        ("boolean", "Edited", lambda text: text == "true"),
    ],
)
def test_other_types(sim, clock, kind, title, expected):
    """A declared date is an instant in UTC, a declared boolean is one."""
    out = run(two_days(sim, columns={AS: {title: kind}}), clock, AS)

    rows = sim.expected_rows(PATHS[AS], *DAYS)
    assert [r[title.lower()] for r in out.records(AS)] == [expected(row[title]) for row in rows]


def test_a_value_of_another_type(sim, clock):
    """A value that is none of the declared type fails its window and names the setting."""
    out = run(two_days(sim, columns={KB: {"Channel": "integer"}}), clock)

    assert "channel" in str(failure(out))
    assert f"observability.columns, '{KB}'" in str(failure(out))
    assert out.records(KB) == []


def test_no_type_is_guessed(sim, clock):
    """What looks like a number stays text: zeros in front, twenty digits."""
    out = run(two_days(sim), clock)

    for record in out.records(KB):
        assert isinstance(record["agent_number"], str)
        assert len(record["agent_number"]) == 6
        assert len(record["contact_id"]) == 20


def test_no_keys(sim, clock):
    """Without configured keys the key is `_row_hash`, another for another row."""
    out = run(two_days(sim), clock, AQ)

    hashes = [record["_row_hash"] for record in out.records(AQ)]
    assert {tuple(message["key_properties"]) for message in out.of("SCHEMA")} == {("_row_hash",)}
    assert len(set(hashes)) == len(hashes) == 24


@pytest.mark.parametrize("key", ["Interaction ID", "interaction_id", "interactionId"])
def test_keys(sim, clock, key):
    """Configured keys are the key, in the source's spelling or ours; there is no hash then."""
    keys = {AQ: [key, "Question Number"]}

    out = run(two_days(sim, primary_keys=keys), clock, AQ)

    pairs = {(r["interaction_id"], r["question_number"]) for r in out.records(AQ)}
    assert {tuple(m["key_properties"]) for m in out.of("SCHEMA")} == {
        ("interaction_id", "question_number")
    }
    assert len(pairs) == 24
    assert all("_row_hash" not in record for record in out.records(AQ))


def test_keys_of_one_table(sim, clock):
    """The keys of one table are not those of another."""
    out = run(two_days(sim, primary_keys={KB: ["Suggestion ID"]}), clock, KB, AS)

    assert out.of("SCHEMA", KB)[0]["key_properties"] == ["suggestion_id"]
    assert out.of("SCHEMA", AS)[0]["key_properties"] == ["_row_hash"]


def test_a_key_that_is_no_column(sim, clock):
    """A file without a key column fails its window: header found, setting to change, no row."""
    out = run(two_days(sim, primary_keys={KB: ["Ticket"]}), clock)

    assert isinstance(failure(out), DriftError)
    assert "ticket" in str(failure(out))
    assert "Interaction ID, Contact ID" in str(failure(out))
    assert f"observability.primary_keys, '{KB}'" in str(failure(out))
    assert out.records(KB) == []
    assert out.bookmark(KB) is None


@pytest.mark.parametrize("stream", PATHS)
def test_a_day_read_again(sim, clock, stream):
    """A day that is read again gives the same keys: the union by key is what there is."""
    config = two_days(sim) | {"end_date": None}
    first = run(config, clock, stream)
    clock.sleep(timedelta(hours=6))

    second = run(config, clock, stream, state=first.state)

    records = [*first.records(stream), *second.records(stream)]
    union = {record["_row_hash"]: record for record in records}
    truth = sim.expected_rows(PATHS[stream], DAYS[0], clock.now() - timedelta(minutes=30))
    assert len(records) > len(union)
    assert sorted(cells(union.values()), key=str) == sorted(map(named, truth), key=str)


# How an export ends


def test_a_failed_export(sim, clock):
    """A failed export ends the stream in the API's words; the next run exports again."""
    sim.faults.add(Fault("submit", "job-failed", body="Out of paper"))
    first = run(two_days(sim), clock)

    second = run(two_days(sim), clock, state=first.state)

    assert isinstance(failure(first), JobFailed)
    assert "Out of paper" in str(failure(first))
    assert "Copilot/KBTable" in str(failure(first))
    assert first.bookmark(KB) is None
    assert second.error is None
    assert len(second.records(KB)) == 24
    assert len(submits(sim)) == 2


@pytest.mark.parametrize(
    ("fate", "word"),
    [("job-cancelled", "CANCELLED"), ("job-expired", "EXPIRED"), ("job-lost", "EXPIRED")],
)
def test_exports_without_a_file(sim, clock, fate, word):
    """An export of this run that is cancelled, expired or lost is not repeated in it."""
    sim.faults.add(Fault("submit", fate))

    out = run(two_days(sim, window_days=1), clock)

    assert isinstance(failure(out), JobFailed)
    assert word in str(failure(out)).upper()
    assert len(submits(sim)) == 1
    assert out.records(KB) == []


def test_completed_without_a_link(sim, clock):
    """An export that is done and has no link fails its stream."""
    sim.faults.add(Fault("poll", "status", status=200, body='{"status": "Completed"}'))

    out = run(two_days(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "no download link" in str(failure(out))


def test_a_stuck_export(sim, clock):
    """An export that never ends is given up after a while, and stays for the next run."""
    sim.faults.add(Fault("submit", "job-stuck"))

    out = run(two_days(sim) | {"job_timeout_minutes": 10}, clock)

    (export,) = sim.table_exports
    assert isinstance(failure(out), JobTimeout)
    assert "job_timeout_minutes" in str(failure(out))
    assert [job["id"] for job in out.state["bookmarks"][KB]["pending_jobs"]] == [export.id]


def test_a_failed_table_does_not_stop_the_others(sim, clock):
    """The streams of the other tables go on."""
    sim.faults.add(Fault("submit", "job-failed", times=1))

    out = run(two_days(sim), clock, KB, AS, AQ)

    assert isinstance(out.error, StreamsFailed)
    assert len(out.error.failures) == 1
    assert len(out.counts()) == 2


@pytest.mark.parametrize("kind", ["truncated", "reset", "expired-link"])
def test_a_broken_download(sim, clock, kind):
    """A file that did not come whole is fetched with a fresh link, not exported again."""
    sim.faults.add(Fault("download", kind, times=2))

    out = run(two_days(sim), clock)

    links = {seen.query["X-Amz-Signature"] for seen in downloads(sim)}
    assert out.error is None
    assert len(out.records(KB)) == 24
    assert len(links) == 3
    assert len(submits(sim)) == 1


def test_links_are_followed_without_credentials(sim, clock):
    """A download carries neither the token nor a cookie."""
    run(two_days(sim), clock)

    (download,) = downloads(sim)
    assert not {"authorization", "cookie"} & download.headers.keys()
    assert download.path.endswith(".csv")


def test_polls_are_authorised(sim, clock):
    """A poll carries the token of the login."""
    run(two_days(sim), clock)

    (token,) = {poll.headers["authorization"] for poll in polls(sim)}
    assert token == submits(sim)[0].headers["authorization"]


def test_a_token_that_ended(sim, clock):
    """A token that the API takes no more is renewed once; no further export is spent."""
    sim.faults.add(Fault("poll", "status", status=401))

    out = run(two_days(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(logins(sim)) == 2
    assert len(submits(sim)) == 1


# `--test`


def run_test(sim: Simulator, folder: Path, **changes: Any) -> Result:
    """Run `tap-cxone --test` with the settings of every family."""
    file = folder / "config.json"
    file.write_text(json.dumps(tap_settings(sim.url, families=ALL_FAMILIES) | changes))
    return CliRunner().invoke(TapCXone.cli, ["--config", str(file), "--test"])


def test_the_test_spends_no_export(tmp_path):
    """`--test` logs in and asks for no export; the command has the machine's clock."""
    with Simulator() as sim:
        result = run_test(sim, tmp_path)

    assert result.exit_code == 0
    assert any(line.startswith("ok   observability login") for line in result.stdout.splitlines())
    assert len(logins(sim)) == 1
    assert submits(sim) == polls(sim) == []
    assert sim.exports == 0
    assert sim.jobs == []


def test_the_test_of_a_wrong_secret(tmp_path):
    """A refused login is a line with the remedy and without the secret; exit code 1."""
    with Simulator() as sim:
        result = run_test(sim, tmp_path, client_secret="not-the-secret")

    line, evidence = (line for line in result.stdout.splitlines() if " observability " in line)
    assert result.exit_code == 1
    assert evidence.startswith("-    observability evidence: ")
    assert line.startswith("FAIL observability login:")
    assert "client_secret" in line
    assert "not-the-secret" not in result.output


# Secrets


def secrets(sim: Simulator) -> list[str]:
    """Return what no message may hold."""
    pair = f"{Credentials.CLIENT_ID}:{Credentials.CLIENT_SECRET}"
    plain = [
        Credentials.CLIENT_SECRET,
        Credentials.ACCESS_KEY_ID,
        Credentials.ACCESS_KEY_SECRET,
    ]
    links = [seen.query["X-Amz-Signature"] for seen in downloads(sim)]
    encoded = [quote(secret, safe="") for secret in plain]
    tokens = "sim-access-token-", "sim-refresh-token-", "sim-id-token-"
    return [*plain, *encoded, base64.b64encode(pair.encode()).decode(), *tokens, *links]


def said(out: Output, caplog: pytest.LogCaptureFixture) -> str:
    """Return everything that a run wrote or logged."""
    return "\n".join([str(out.error), caplog.text, *map(json.dumps, out.messages)])


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_secrets_of_a_good_run(sim, clock, caplog, method):
    """No secret shows in what a run writes or logs, not even when it tells everything."""
    caplog.set_level(logging.DEBUG)

    out = run(two_days(sim) | {"client_auth_method": method}, clock)

    assert len(out.records(KB)) == 24
    assert [secret for secret in secrets(sim) if secret in said(out, caplog)] == []


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
@pytest.mark.parametrize("place", ["token", "submit", "poll"])
def test_an_echo_of_secrets(sim, clock, caplog, place, method):
    """No secret shows in an error, not even where the API repeats what it was sent."""
    caplog.set_level(logging.INFO)
    pair = base64.b64encode(f"{Credentials.CLIENT_ID}:{Credentials.CLIENT_SECRET}".encode())
    echo = {
        "message": f"Wrong secret {Credentials.CLIENT_SECRET} {Credentials.ACCESS_KEY_SECRET}",
        "headers": f"Authorization: Basic {pair.decode()}",
        "form": f"username={quote(Credentials.ACCESS_KEY_ID, safe='')}&password=x",
    }
    sim.faults.add(Fault(place, "status", status=400, body=json.dumps(echo), times=9))

    out = run(two_days(sim) | {"client_auth_method": method}, clock)

    assert "Wrong secret" in str(failure(out))
    assert [secret for secret in secrets(sim) if secret in said(out, caplog)] == []


@pytest.mark.parametrize("text", ['{"message": "not found"}', "Internal error", "<html></html>"])
def test_a_text_that_is_no_table(sim, clock, text):
    """What came in the file's place is no empty table: the window fails and is not committed."""
    sim.faults.add(Fault("download", "bytes", body=text, times=2))

    out = run(two_days(sim), clock, KB)

    assert isinstance(failure(out), DecodeError)
    assert out.bookmark(KB) is None


def test_a_missing_permission_is_named(sim, clock):
    """A table that may not be exported says what to give to whom."""
    sim.faults.add(Fault("submit", "status", status=403, body="Forbidden"))
    config = tap_settings(sim.url, families=FAMILY)

    out = run_tap(config, clock=clock, only=KB)

    assert "403 Forbidden" in str(out.error)
    assert "the permission to see the Observability Dashboard" in str(out.error)

"""Data download: the login and where it leads, what is asked, windows, pages, limits, settings."""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_cxone.errors import (
    ApiError,
    AuthError,
    ConfigError,
    DownloadError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    Throttled,
    Unavailable,
)
from tap_cxone.families.data_download.token_region import base_url_from_token, region_claim
from tap_cxone.simulator import Credentials, Fault, Simulator
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tap_cxone.windows import daily_windows, midnight
from tests.support.data_download import (
    BASKET,
    CATALOGUE,
    DAY,
    DOWNLOAD,
    FIRST,
    IDS,
    ME,
    METRICS,
    NEW_YORK,
    QUARANTINE,
    QUOTA,
    SCORE,
    STREAM,
    TOKEN,
    Wire,
    asked,
    bodies,
    days,
    exactly,
    failure,
    ids,
    local,
    page,
    row,
    run,
    serve,
    served,
    truth,
)
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.windows import Window

UTC_ZONE = ZoneInfo("UTC")
ZONES = sorted(available_timezones())
SCOPES = ("api:reporting:read", "api:data-download:read", "api:custom-metrics:read")
HOME = "https://acme.nicecxone.com"
PLANE = "https://api-na1.niceincontact.com"
HOSTILE: list[Any] = [
    "na1.evil.example",
    "na1/../x",
    "na1/",
    "na1@evil.example",
    "na1:8443",
    "na1#",
    "na1\n",
    " na1",
    "NA1",
    "na",
    "1",
    "n1",
    "abcde1",
    "na123",
    "na\u0661",
    "",
    1,
    1.5,
    True,
    None,
    ["na1"],
    {"na1": "na1"},
]


class Turning(FakeClock):
    """A clock that does something the first time it is slept on."""

    action: Callable[[], None] | None = None

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if duration > timedelta(0) and self.action is not None:
            action, self.action = self.action, None
            action()


@pytest.fixture
def clock() -> Turning:
    """Return a clock at noon, 08:00 in New York."""
    return Turning()


def token(claims: Any) -> str:
    """Return a token with these claims."""
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return f"e30.{base64.urlsafe_b64encode(text).decode().rstrip('=')}.c2ln"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings so far."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def statuses(sim: Simulator) -> Counter[int | None]:
    """Count the answers so far by their status."""
    return Counter(seen.status for seen in sim.requests)


def hosted(sim: Simulator, **changes: Any) -> dict[str, Any]:
    """Return settings with a tenant in place of a host, and whatever else is to be changed."""
    config = days(sim, tenant="acme")
    del config["base_url"]
    return config | changes


def wait(seconds: int, after: int = 1) -> Fault:
    """Return the request to wait before a page is answered."""
    headers = (("Retry-After", str(seconds)),)
    return Fault("page", "status", status=429, headers=headers, after=after)


# The login


def test_login(sim, clock):
    """The login is a form with the application's credentials and the three scopes."""
    out = run(days(sim), clock)

    (login,) = asked(sim, TOKEN)
    assert out.error is None
    assert parse_qs(login.body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
        "scope": [" ".join(SCOPES)],
    }


@pytest.mark.parametrize(("given_scopes", "wanted"), [([SCOPES[1]], SCOPES[1]), ([], None)])
def test_scopes_that_are_set(sim, clock, given_scopes, wanted):
    """Scopes that are set are asked for and no others; an empty list asks for none."""
    run(days(sim, own={"scopes": given_scopes}), clock)

    form = parse_qs(asked(sim, TOKEN)[0].body.decode())
    assert form.get("scope") == (None if wanted is None else [wanted])


def test_login_with_basic(simulate, clock):
    """With client_secret_basic the secret is in the header, and only there."""
    sim = simulate(client_auth="basic")

    out = run(days(sim, client_auth_method="client_secret_basic"), clock)

    (login,) = asked(sim, TOKEN)
    assert out.error is None
    assert login.headers["authorization"].startswith("Basic ")
    assert b"client_secret" not in login.body


@pytest.mark.parametrize("missing", SCOPES[1:])
def test_a_scope_that_was_not_given(simulate, clock, missing):
    """Where a scope is missing the error names the scopes."""
    sim = simulate(reporting_scopes=tuple(scope for scope in SCOPES if scope != missing))

    out = run(days(sim, own={"scopes": []}), clock)

    assert isinstance(failure(out), PermissionDenied)
    assert all(scope in str(failure(out)).partition("give")[2] for scope in SCOPES)
    assert out.records(STREAM) == []


def test_wrong_client(sim, clock):
    """A refused application fails the stream and names the settings, not the secret."""
    out = run(days(sim, client_secret="wrong-one"), clock)

    assert isinstance(failure(out), AuthError)
    assert "client_secret" in str(failure(out))
    assert "wrong-one" not in str(failure(out))


@pytest.mark.parametrize(("seconds", "logins"), [(799, 1), (800, 2), (999, 2)])
def test_renewed_at_80_percent(simulate, clock, seconds, logins):
    """A token of 1000 s is renewed after 800, in the middle of paging; nothing is refused."""
    sim = simulate(token_seconds=1000)
    sim.faults.add(wait(seconds))

    out = run(days(sim, own={"page_size": 4}), clock)

    assert out.error is None
    assert len(asked(sim, TOKEN)) == logins
    assert statuses(sim)[401] == 0
    assert ids(out.records(STREAM)) == ids(truth(sim), "interactionId")


def test_a_token_that_ended_while_waiting(simulate, clock):
    """A token that ends between two attempts at a page is replaced, and the page asked again."""
    sim = simulate(token_seconds=1000)
    sim.faults.add(wait(1200))

    out = run(days(sim, own={"page_size": 4}), clock)

    assert out.error is None
    assert (statuses(sim)[401], len(asked(sim, TOKEN))) == (1, 2)
    assert ids(out.records(STREAM)) == ids(truth(sim), "interactionId")


def test_a_token_that_was_revoked(sim, clock):
    """A token that is revoked in the middle of paging is replaced once."""
    sim.faults.add(wait(1))
    clock.action = sim.revoke_tokens

    out = run(days(sim, own={"page_size": 4}), clock)

    assert out.error is None
    assert (statuses(sim)[401], len(asked(sim, TOKEN))) == (1, 2)
    assert ids(out.records(STREAM)) == ids(truth(sim), "interactionId")


def test_refused_with_a_new_token_too(sim, clock):
    """A second 401 in a row is an error: there is one more login, not one after the other."""
    sim.faults.add(Fault("page", "status", status=401, times=9))

    out = run(days(sim), clock)

    assert isinstance(failure(out), AuthError)
    assert len(asked(sim, TOKEN)) == 2
    assert len(asked(sim, DOWNLOAD)) == 2


# Where the token leads


@pytest.mark.parametrize("region", ["na1", "eu1", "au10", "usw2"])
def test_the_claim_names_the_data_plane(simulate, clock, region):
    """Everything but the login is asked at the host of the region in the token."""
    sim = simulate(token_region=region)
    wire = Wire(sim)

    out = run(hosted(sim, region=region), clock, wire=wire)

    assert out.error is None
    assert (f"{HOME}", TOKEN) in wire.asked
    assert wire.hosts == {f"https://api-{region}.niceincontact.com"}
    assert {path for _, path in wire.asked} == {TOKEN, ME, METRICS, DOWNLOAD}


def test_no_claim(simulate, clock):
    """Without a claim everything is asked at the tenant's host."""
    sim = simulate(token_region=None)
    wire = Wire(sim)

    out = run(hosted(sim), clock, wire=wire)

    assert out.error is None
    assert wire.hosts == {HOME}


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "https://proxy.example"},
        {"endpoints": {"data_download": "https://proxy.example"}},
        {"base_url": "https://x.example", "endpoints": {"data_download": "https://proxy.example/"}},
    ],
)
def test_settings_decide(sim, clock, changes):
    """Whoever names the host decides, not a claim."""
    wire = Wire(sim)

    out = run(hosted(sim, **changes), clock, wire=wire)

    assert out.error is None
    assert wire.hosts == {"https://proxy.example"}


def test_the_token_url_alone_does_not_decide(sim, clock):
    """A token URL of its own names where to log in, and leaves the data where they are."""
    wire = Wire(sim)
    own = {"data_download_token": f"https://login.example{TOKEN}"}

    run(hosted(sim, endpoints=own), clock, wire=wire)

    assert ("https://login.example", TOKEN) in wire.asked
    assert wire.hosts == {PLANE}


@pytest.mark.some(3)
@pytest.mark.parametrize("claim", HOSTILE)
def test_a_hostile_claim(sim, clock, claim):
    """A claim that is no region receives no request: the tenant's host does."""
    answer: dict[str, Any] = {"access_token": token({"region": claim}), "expires_in": 3600}
    sim.faults.add(Fault("token", "status", status=200, body=json.dumps(answer), times=9))
    wire = Wire(sim)

    out = run(hosted(sim), clock, wire=wire)

    assert out.error is not None  # the simulator did not give out this token
    assert wire.hosts == {HOME}
    assert base_url_from_token(answer["access_token"]) is None


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "opaque",
        "a.b",
        "a..c",
        "a.b.c.d",
        "a.%%%.c",
        "a.é.c",
        "a.====.c",
        "\N{SNOWMAN}.\N{SNOWMAN}.\N{SNOWMAN}",
        token(b""),
        token(b"\xff\xfe"),
        token(b"{"),
        token(b"5" * 5_000_000),
        token(b'"na1"'),
        token(b'["region"]'),
        token({"Region": "na1"}),
        token({"region": "n" * 5_000_000}),
        "x" * 5_000_000,
        pytest.param(token(b"[" * 200_000), id="nested"),
        token({"a": {"region": "na1"}}),
        token({"region": "na1"}) + ".more",
        token({"region": "na1"}).rpartition(".")[0],
    ],
    ids=range(22),
)
def test_junk(junk):
    """A token without a readable claim names no region, whatever it is."""
    assert region_claim(junk) is None
    assert base_url_from_token(junk) is None


@given(st.one_of(st.text(), st.from_regex(r"[a-zA-Z0-9./:@#-]{0,8}", fullmatch=True)))
@example("na1")
def test_the_host_is_always_the_vendors(region):
    """Whatever the claim, the host is one of the vendor's planes or none."""
    found = base_url_from_token(token({"region": region}))

    if found is not None:
        name = found.removeprefix("https://api-").removesuffix(".niceincontact.com")
        assert name == region
        assert name.isascii()
        assert name.isalnum()
        assert name.islower()


def test_404_names_the_region(simulate, clock):
    """A 404 says that the region is likely wrong, and names both."""
    sim = simulate(data_region="eu1")

    out = run(days(sim, region="eu1"), clock)

    assert isinstance(failure(out), NotFound)
    assert all(word in str(failure(out)) for word in ("wrong region", "na1", "eu1"))
    assert out.records(STREAM) == []


@pytest.mark.parametrize("quirk", ["none", "no-total"])
def test_a_window_without_rows_names_the_region(simulate, clock, caplog, quirk):
    """A window without rows is suspicious if the token names another region than the settings."""
    sim = simulate(data_region="eu1", wrong_region="empty", page_quirk=quirk)

    out = run(days(sim, region="eu1"), clock)

    assert out.error is None
    (warning,) = (w for w in warnings(caplog) if "no rows" in w)
    assert "na1" in warning
    assert "eu1" in warning


@pytest.mark.parametrize(
    ("options", "region"),
    [({"rows_of": {"Interaction/Call": 0}}, "na1"), ({}, "eu1"), ({"token_region": None}, "eu1")],
)
def test_no_suspicion(simulate, clock, caplog, options, region):
    """Rows, or the region of the settings, are no reason for suspicion."""
    sim = simulate(**options)

    out = run(days(sim, region=region), clock)

    assert out.error is None
    assert not any("region" in warning for warning in warnings(caplog))


# Settings


def test_without_a_host(sim, clock):
    """Without tenant and host the family is not configured, and the message says what to set."""
    config = hosted(sim)
    del config["tenant"]

    out = run(config, clock, STREAM)

    assert isinstance(out.error, ConfigError)
    assert "tenant" in str(out.error)
    assert "TAP_CXONE_TENANT" in str(out.error)


def test_without_credentials(sim, clock):
    """Without an application the message says so, and nothing is asked."""
    config = days(sim)
    del config["client_id"], config["client_secret"]

    out = run(config, clock, STREAM)

    assert isinstance(out.error, ConfigError)
    assert "client_id" in str(out.error)
    assert sim.requests == []


@pytest.mark.parametrize("own", [{}, {"downloads": []}])
def test_without_downloads(sim, clock, own):
    """Without downloads the catalogue of metrics is read, and no data."""
    config = {**days(sim), "data_download": own}

    out = run(config, clock, CATALOGUE)

    assert out.error is None
    assert len(out.records(CATALOGUE)) > 1
    assert bodies(sim) == []


@pytest.mark.parametrize("left_out", ["null", "missing"])
def test_without_an_object(sim, caplog, left_out):
    """Without its settings the family is left out quietly when everything is selected."""
    caplog.set_level(logging.INFO)
    config = {**days(sim), **tap_settings(sim.url), "data_download": None}
    if left_out == "missing":
        del config["data_download"]
    catalog = TapCXone(config=config).catalog_dict
    for stream in catalog["streams"]:
        stream["metadata"][-1]["metadata"]["selected"] = True

    TapCXone(config=config, catalog=catalog)

    said = [r for r in caplog.records if "data_download" in r.getMessage()]
    assert said
    assert {r.levelno for r in said} == {logging.INFO}
    assert any("set data_download: {}, or" in r.getMessage() for r in said)


DOWNLOADS = [{"name": "a", "report": "Interaction/Call", "metrics": ["duration"]}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data_download": {"downloads": DOWNLOADS * 2}}, ("'a'", "twice")),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "name": "A b"}]}}, ("A b", "small")),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "name": "_a"}]}}, ("_a", "small")),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "name": CATALOGUE}]}}, (CATALOGUE,)),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "groupBy": []}]}}, ("groupBy",)),
        ({"data_download": {"downloads": [{"name": "a", "metrics": ["b"]}]}}, ("report",)),
        ({"data_download": {"downloads": [{"report": "r", "metrics": ["b"]}]}}, ("name",)),
        ({"data_download": {"downloads": DOWNLOADS, "pagesize": 1}}, ("page_size",)),
        ({"data_download": {"downloads": DOWNLOADS, "page_size": 0}}, ("page_size", "at least 1")),
        ({"data_download": {"downloads": DOWNLOADS, "page_size": 10_001}}, ("at most 10000",)),
        ({"data_download": {"downloads": DOWNLOADS, "window_days": 0}}, ("window_days",)),
        (
            {"data_download": {"downloads": DOWNLOADS, "window_days": 7}, "lookback_days": 3},
            ("window_days", "lookback_days"),
        ),
        (
            {"data_download": {"downloads": [{"name": "a", "report": "r"}]}},
            ("'a'", "asks for nothing", "custom_metrics"),
        ),
        (
            {"data_download": {"downloads": [{"name": "a", "report": "r", "metrics": []}]}},
            ("asks for nothing",),
        ),
        (
            {"data_download": {"downloads": [{**DOWNLOADS[0], "group": {"type": "queue"}}]}},
            ("id",),
        ),
        ({"tenant": "acme.evil.example"}, ("sub-domain",)),
        ({"tenant": "https://acme.nicecxone.com"}, ("sub-domain",)),
        ({"tenant": "acme.nicecxone.com/"}, ("sub-domain",)),
        ({"tenant": "acme/../x"}, ("sub-domain",)),
        ({"tenant": "acme@evil"}, ("sub-domain",)),
        ({"tenant": "-acme"}, ("sub-domain",)),
        ({"tenant": "acme\n"}, ("sub-domain",)),
        ({"timezone": "America/NewYork"}, ("America/New_York",)),
    ],
)
def test_refused_settings(sim, changes, words):
    """Settings that make no sense are refused before anything is asked, with a remedy."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config=days(sim) | changes)

    assert all(word in str(caught.value) for word in words), caught.value
    assert sim.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"data_download": {"downloads": DOWNLOADS, "window_days": 1}, "lookback_days": 3},
        {"data_download": {"downloads": DOWNLOADS, "window_days": None}, "lookback_days": 3},
        {"data_download": {"downloads": DOWNLOADS, "window_days": 7}, "lookback_days": 0},
        {"tenant": "acme-2"},
        {"tenant": "a"},
    ],
)
def test_accepted_settings(sim, changes):
    """Settings that make sense are taken."""
    assert TapCXone(config=days(sim) | changes).streams


# What is asked


def test_the_body(sim, clock):
    """A page is asked for with exactly what the API knows, the last second included."""
    out = run(days(sim), clock)

    assert out.error is None
    assert bodies(sim) == [
        {
            "report": "Interaction/Call",
            "metrics": ["duration", "talkTime"],
            "customMetrics": list(IDS),
            "filter": {
                "date": {"from": "2026-03-15T04:00:00Z", "to": "2026-03-16T03:59:59Z"},
                "timeZone": "America/New_York",
            },
            "groupBy": ["interactionId", "agentId"],
            "limit": 10_000,
            "offset": 0,
        }
    ]


def test_the_body_of_a_group(sim, clock):
    """A group narrows the download down, and only its rows come."""
    group = {"type": "agent", "id": "004210"}
    entry = {"group": group, "custom_metrics": ["Basket Value"], "metrics": []}

    out = run(days(sim, 3, entry=entry), clock)

    assert out.error is None
    for body in bodies(sim):
        assert body["filter"]["group"] == group
        assert body["customMetrics"] == [BASKET]
        assert body["metrics"] == []
    wanted = [r["interactionId"] for r in truth(sim, 3) if r["agentId"] == "004210"]
    assert wanted
    assert ids(out.records(STREAM)) == sorted(wanted)


def test_an_unknown_report(sim, clock):
    """A report that is not there fails the stream; the region is not suspected before it."""
    out = run(days(sim, entry={"report": "Interaction/Fax"}), clock)

    assert isinstance(failure(out), NotFound)
    assert "report" in str(failure(out))
    assert "likely the wrong region" not in str(failure(out))


def test_an_unknown_metric(sim, clock):
    """What the API says of a metric it does not know reaches the user."""
    out = run(days(sim, entry={"metrics": ["durations"]}), clock)

    assert isinstance(failure(out), ApiError)
    assert "durations" in str(failure(out))


@pytest.mark.parametrize("shape", ["timeZone", "timezone", "tenant"])
def test_the_tenants_zone(simulate, clock, shape):
    """Without a setting the days are those of the tenant, wherever the API tells its zone."""
    sim = simulate(zone_shape=shape, tenant_zone="Asia/Kolkata")
    zone = ZoneInfo("Asia/Kolkata")

    out = run(days(sim, zone=zone), clock)

    (body,) = bodies(sim)
    assert body["filter"]["timeZone"] == "Asia/Kolkata"
    assert body["filter"]["date"] == {"from": "2026-03-14T18:30:00Z", "to": "2026-03-15T18:29:59Z"}
    assert ids(out.records(STREAM)) == ids(truth(sim, zone=zone), "interactionId")


@pytest.mark.parametrize("key", ["timeZone", "timezone"])
def test_the_zone_under_the_tenant(sim, clock, key):
    """Under `tenant` it may be spelled in either way too."""
    me = json.dumps({"id": "u", "tenant": {key: "Asia/Kolkata"}})
    sim.faults.add(Fault("me", "status", status=200, body=me))

    run(days(sim, zone=ZoneInfo("Asia/Kolkata")), clock)

    assert [body["filter"]["timeZone"] for body in bodies(sim)] == ["Asia/Kolkata"]


def test_a_zone_that_is_set(sim, clock, caplog):
    """A zone in the settings wins, and that it is not the tenant's is said once."""
    zone = ZoneInfo("Europe/Berlin")
    twice = {"downloads": [{**DOWNLOADS[0], "name": name} for name in "ab"]}

    out = run(days(sim, zone=zone, own=twice, timezone="Europe/Berlin"), clock, "a", "b")

    assert out.error is None
    for body in bodies(sim):
        assert body["filter"]["timeZone"] == "Europe/Berlin"
        assert body["filter"]["date"]["from"] == "2026-03-14T23:00:00Z"
    (warning,) = (w for w in warnings(caplog) if "timezone" in w)
    assert "Europe/Berlin" in warning
    assert "America/New_York" in warning


@pytest.mark.parametrize("shape", ["timeZone", "absent"])
def test_a_zone_that_is_no_other(simulate, clock, caplog, shape):
    """A zone in the settings that is the tenant's, or cannot be compared, is no warning."""
    sim = simulate(zone_shape=shape)

    out = run(days(sim, timezone="America/New_York"), clock)

    assert out.error is None
    assert not any("timezone" in warning for warning in warnings(caplog))


@pytest.mark.parametrize("status", [403, 404])
def test_a_zone_that_may_not_be_asked(sim, clock, status):
    """Where the API does not tell the zone, the setting is enough."""
    sim.faults.add(Fault("me", "status", status=status))

    out = run(days(sim, timezone="America/New_York"), clock)

    assert out.error is None
    assert out.counts()[STREAM] == len(truth(sim))


@pytest.mark.parametrize(
    "options", [{"zone_shape": "absent"}, {"tenant_zone": "Eastern Standard Time"}]
)
def test_no_zone(simulate, clock, options):
    """Without a zone that is one nothing is read, and the error says what to set."""
    sim = simulate(**options)

    out = run(days(sim), clock)

    assert isinstance(failure(out), ConfigError)
    assert "set timezone" in str(failure(out))
    assert asked(sim, DOWNLOAD) == []


def test_asked_once_a_run(sim, clock):
    """Zone and catalogue are asked for once, however many downloads there are."""
    twice = {"downloads": [{**DOWNLOADS[0], "name": name} for name in "ab"]}

    out = run(days(sim, 3, own=twice), clock, CATALOGUE, "a", "b")

    assert out.error is None
    assert len(asked(sim, ME)) == 1
    assert len(asked(sim, METRICS)) == 1
    assert len(asked(sim, DOWNLOAD)) == 6


# Windows


def is_midnight(instant: datetime, zone: ZoneInfo) -> bool:
    """Tell whether a local day begins at an instant: no part of it was before."""
    before = (instant - timedelta(seconds=1)).astimezone(zone).date()
    return before < instant.astimezone(zone).date()


def within(window: Window, zone: ZoneInfo) -> set[date]:
    """Return the local days that a window touches."""
    step, found, instant = timedelta(minutes=15), set(), window.start
    while instant < window.end:
        found.add(instant.astimezone(zone).date())
        instant += step
    found.add((window.end - timedelta(seconds=1)).astimezone(zone).date())
    return found


def planner(zone: ZoneInfo, most: int = 1) -> Callable[[datetime, datetime], list[Window]]:
    """Return the function that gives the windows the stream plans."""
    config = {
        "client_id": "any",
        "client_secret": "any",
        "tenant": "acme",
        "timezone": zone.key,
        "data_download": {"downloads": DOWNLOADS, "window_days": most},
    }
    stream = TapCXone(config=config).streams["a"]
    return lambda start, horizon: list(stream.windows(start, horizon, ()))  # type: ignore[attr-defined]


@settings(max_examples=100)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=12)),
    st.integers(1, 9),
)
@example("Pacific/Apia", datetime(2026, 4, 4, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("America/Sao_Paulo", datetime(2018, 11, 2, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("America/Sao_Paulo", datetime(2018, 2, 16, 1), timedelta(days=4), 2)  # noqa: DTZ001
@example("Africa/Cairo", datetime(2026, 4, 22, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("Africa/Cairo", datetime(2026, 10, 28, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("America/Havana", datetime(2025, 11, 1, 1), timedelta(days=4), 1)  # noqa: DTZ001
def test_whole_local_days(name, began, length, most):
    """Windows are whole days of the zone that are over, without a gap and without overlap.

    They are cut the same wherever one begins to read.
    """
    zone = ZoneInfo(name)
    start = began.replace(tzinfo=UTC)
    horizon = start + length
    first, today = start.astimezone(zone).date(), horizon.astimezone(zone).date()

    plan = planner(zone, most)
    found = plan(start, horizon)

    reached = found[-1].end.astimezone(zone).date() if found else first
    assert found or (today - first).days < most
    assert (today - reached).days < most
    assert not found or found[0].start <= start
    assert not found or found[0].start.astimezone(zone).date() == first
    assert not found or found[-1].end <= horizon
    assert {*plan(start + DAY, horizon)[1:]} <= {*found}
    for place, window in enumerate(found):
        assert plan(window.start, horizon) == found[place:]
        assert is_midnight(window.start, zone)
        assert is_midnight(window.end, zone)
        assert len(within(window, zone)) <= most
    assert all(one.end == two.start for one, two in pairwise(found))
    assert set().union(*(within(window, zone) for window in found)) <= {
        first + n * DAY for n in range((today - first).days)
    }


def test_no_day_that_is_not_over():
    """There is no window as long as the first day lasts, to its last second."""
    start = local(FIRST)
    almost = start + DAY - timedelta(seconds=1)

    assert planner(NEW_YORK)(start, almost) == []
    assert len(planner(NEW_YORK)(start, start + DAY)) == 1


@pytest.mark.slow
def test_both_changes_of_all_zones():
    """In every zone a day with a change of clocks is as long as it is, and its neighbours too."""
    for name in ZONES:
        zone = ZoneInfo(name)
        offsets = {
            n: (datetime(2026, 1, 1, 12, tzinfo=UTC) + n * DAY).astimezone(zone).utcoffset()
            for n in range(366)
        }
        for n in (n for n in range(1, 366) if offsets[n] != offsets[n - 1]):
            changed = datetime(2026, 1, 1, 12, tzinfo=UTC) + n * DAY
            horizon = midnight(changed + 2 * DAY, zone=zone)
            found = list(daily_windows(changed - 2 * DAY, horizon, max_days=1, zone=zone))
            assert all(is_midnight(window.start, zone) for window in found), name
            assert all(len(within(window, zone)) == 1 for window in found), name
            odd = [w.end - w.start for w in found if w.end - w.start != DAY]
            before, after = offsets[n - 1], offsets[n]
            assert before is not None
            assert after is not None
            assert sum(odd, timedelta(0)) == len(odd) * DAY - (after - before), name


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 3, 9), 24)]
)
def test_hours_of_a_day(simulate, clock, day, hours):
    """The day of a change is asked for as one window of 23 or 25 hours."""
    clock.instant = datetime(2026, 11, 20, 12, tzinfo=UTC)
    sim = simulate()

    out = run(days(sim, first=day), clock)

    (body,) = bodies(sim)
    dates = body["filter"]["date"]
    length = datetime.fromisoformat(dates["to"]) - datetime.fromisoformat(dates["from"])
    assert length + timedelta(seconds=1) == timedelta(hours=hours)
    assert out.bookmark(STREAM) == local(day + DAY).isoformat()


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("America/New_York", date(2026, 3, 6)),
        ("America/New_York", date(2026, 10, 30)),
        ("Europe/Berlin", date(2026, 3, 27)),
        ("Europe/London", date(2026, 10, 23)),
        ("America/Sao_Paulo", date(2018, 11, 2)),
        ("America/Sao_Paulo", date(2018, 2, 16)),
        ("Africa/Cairo", date(2026, 4, 22)),
        ("Africa/Cairo", date(2026, 10, 28)),
        ("Asia/Kolkata", date(2026, 3, 15)),
        ("Australia/Lord_Howe", date(2026, 4, 3)),
        ("Pacific/Kiritimati", date(2026, 3, 15)),
    ],
)
def test_sums_of_local_days(simulate, clock, name, first):
    """What a row sums up is what happened on that day of the zone, to the last digit."""
    zone = ZoneInfo(name)
    start, end = (midnight(datetime(d.year, d.month, d.day, 12, tzinfo=zone), zone=zone)
                  for d in (first, first + 5 * DAY))  # fmt: skip
    clock.instant = end + DAY
    sim = simulate(tenant_zone=name, rows_per_day=96)
    entry = {"group_by": ["date"], "metrics": ["duration", "interactions"]}
    config = days(sim, entry={**entry, "custom_metrics": ["Basket Value"]})
    config |= {"start_date": start.isoformat(), "end_date": end.isoformat()}

    out = run(config, clock)

    wanted: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for one in sim.expected_rows("Interaction/Call", start, end):
        day = datetime.fromisoformat(one["at"]).astimezone(zone).date().isoformat()
        basket = exactly(one["customMetrics"].get(BASKET)) or Decimal(0)
        values = exactly(one["duration"]), Decimal(1), basket
        wanted[day] = [a + b for a, b in zip(wanted[day], values, strict=True)]
    records = out.records(STREAM)
    assert out.error is None
    assert [record["date"] for record in records] == [f"{first + n * DAY}" for n in range(5)]
    for record in records:
        found = [record["duration"], record["interactions"], record[BASKET]]
        assert found == wanted[record["date"]]
        assert datetime.fromisoformat(record["_window_start"]).astimezone(zone).date() == (
            date.fromisoformat(record["date"])
        )


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-20T12:00:00Z", "2026-03-20T04:00:00+00:00"),
        ("2026-03-20T04:30:00Z", "2026-03-20T04:00:00+00:00"),
        ("2026-03-20T04:29:59Z", "2026-03-19T04:00:00+00:00"),
        ("2026-03-20T03:00:00Z", "2026-03-19T04:00:00+00:00"),
    ],
)
def test_the_newest_day(sim, clock, now, end):
    """The newest day read is the last that has been over for half an hour."""
    clock.instant = datetime.fromisoformat(now)
    config = days(sim)
    del config["end_date"]

    out = run(config, clock)

    assert out.bookmark(STREAM) == end
    assert max(r["_window_end"] for r in out.records(STREAM)) == end


def test_end_date_inside_a_day(sim, clock):
    """An end date inside a day leaves that day out: half a day's sum would be wrong."""
    config = days(sim) | {"end_date": "2026-03-17T12:00:00Z"}

    out = run(config, clock)

    assert out.bookmark(STREAM) == "2026-03-17T04:00:00+00:00"


def test_start_date_inside_a_day(sim, clock):
    """A start date inside a day reads that day from its midnight."""
    config = days(sim) | {"start_date": "2026-03-15T20:00:00Z"}

    out = run(config, clock)

    assert bodies(sim)[0]["filter"]["date"]["from"] == "2026-03-15T04:00:00Z"
    assert ids(out.records(STREAM)) == ids(truth(sim), "interactionId")


@pytest.mark.parametrize(("most", "days_read"), [(1, 18), (7, 14)])
def test_two_runs(sim, clock, most, days_read):
    """A second run goes on where the first ended: nothing twice, nothing left out."""
    config = days(sim, 0, own={"window_days": most})
    del config["end_date"]
    clock.instant = datetime(2026, 3, 25, 12, tzinfo=UTC)
    first = run(config, clock)
    clock.instant += 8 * DAY

    second = run(config, clock, state=first.state)

    assert first.records(STREAM)
    assert second.records(STREAM)
    records = first.records(STREAM) + second.records(STREAM)
    assert ids(records) == ids(truth(sim, days_read), "interactionId")
    assert second.bookmark(STREAM) == local(FIRST + days_read * DAY).isoformat()


def test_nothing_new(sim, clock):
    """A second run on the same day asks for no page."""
    config = days(sim, 2)
    first = run(config, clock)
    pages = len(asked(sim, DOWNLOAD))

    second = run(config, clock, state=first.state)

    assert second.error is None
    assert second.records(STREAM) == []
    assert len(asked(sim, DOWNLOAD)) == pages == 2
    assert second.bookmark(STREAM) == first.bookmark(STREAM)


def test_lookback(sim, clock):
    """Days that are read again are the same windows: their rows have the same keys."""
    first = run(days(sim, 3), clock)

    second = run(days(sim, 3, lookback_days=2), clock, state=first.state)

    def keys(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(r["interaction_id"], r["_window_start"]) for r in rows}

    again = keys(second.records(STREAM))
    assert again < keys(first.records(STREAM))
    assert {start for _, start in again} == {local(FIRST + n * DAY).isoformat() for n in (1, 2)}
    assert second.bookmark(STREAM) == first.bookmark(STREAM)


def test_windows_of_a_week(sim, clock):
    """With window_days 7 windows are weeks of the calendar; the first may begin inside of one."""
    clock.instant = datetime(2026, 3, 30, 12, tzinfo=UTC)

    out = run(days(sim, 10, first=date(2026, 3, 5), own={"window_days": 7}), clock)

    dates = [body["filter"]["date"] for body in bodies(sim)]
    assert dates == [
        {"from": "2026-03-05T05:00:00Z", "to": "2026-03-08T04:59:59Z"},
        {"from": "2026-03-08T05:00:00Z", "to": "2026-03-15T03:59:59Z"},
    ]
    assert out.bookmark(STREAM) == "2026-03-15T04:00:00+00:00"
    assert ids(out.records(STREAM)) == ids(truth(sim, 10, first=date(2026, 3, 5)), "interactionId")


@pytest.mark.parametrize(
    ("end_date", "reached"),
    [
        (None, "2026-03-15T04:00:00+00:00"),
        ("2026-03-18T04:00:00Z", "2026-03-18T04:00:00+00:00"),
        ("2026-03-18T20:00:00Z", "2026-03-18T04:00:00+00:00"),
        ("2026-04-18T04:00:00Z", "2026-03-15T04:00:00+00:00"),
    ],
)
def test_a_week_that_is_not_over(sim, clock, end_date, reached):
    """A window that is not over is left for later, unless a backfill ends inside of it."""
    config = days(sim, first=date(2026, 3, 8), own={"window_days": 7}) | {"end_date": end_date}

    out = run(config, clock)

    assert out.error is None
    assert out.bookmark(STREAM) == reached
    assert max(record["_window_end"] for record in out.records(STREAM)) == reached


# Pages


@pytest.fixture
def utc(simulate: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Return a function that starts a simulator whose tenant keeps UTC: twelve rows a day."""
    return lambda **options: simulate(**{"tenant_zone": "UTC", **options})


def one_day(sim: Simulator, size: int, **changes: Any) -> dict[str, Any]:
    """Return settings for a day of UTC in pages of so many rows."""
    return days(sim, zone=UTC_ZONE, own={"page_size": size}, **changes)


def expected(sim: Simulator, number: int = 1) -> list[str]:
    """Return the identities of so many days' rows."""
    return ids(truth(sim, number, zone=UTC_ZONE), "interactionId")


@pytest.mark.parametrize("size", [1, 5, 6, 11, 12, 13, 10_000])
def test_any_page_size(utc, clock, size):
    """Whatever the size of a page, all rows come once, and no page is asked for in vain."""
    sim = utc()

    out = run(one_day(sim, size), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)
    assert [body["offset"] for body in bodies(sim)] == list(range(0, 12, size))
    assert {body["limit"] for body in bodies(sim)} == {size}


def test_no_rows(utc, clock):
    """A window without rows is committed."""
    sim = utc(rows_per_day=0)

    out = run(one_day(sim, 5), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_short_pages(utc, clock, size):
    """A page with fewer rows than asked for is not the last one: the next begins after it."""
    sim = utc(page_quirk="short")

    out = run(one_day(sim, size), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)


@pytest.mark.parametrize("size", [5, 6, 12, 13])
def test_no_total(utc, clock, size):
    """Without a total, paging ends with a page that has no rows."""
    sim = utc(page_quirk="no-total")

    out = run(one_day(sim, size), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)


def test_the_same_page_again(utc, clock):
    """An API that gives the same page for ever is an error that says so."""
    sim = utc(page_quirk="repeat")

    out = run(one_day(sim, 5), clock)

    assert isinstance(failure(out), DownloadError)
    assert "came before" in str(failure(out))
    assert "window_days" in str(failure(out))
    assert len(asked(sim, DOWNLOAD)) == 2
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_returned_records_that_are_wrong(utc, clock):
    """A page that does not hold what it says is an error."""
    sim = utc(page_quirk="wrong-returned")

    out = run(one_day(sim, 5), clock)

    assert isinstance(failure(out), ApiError)
    assert "6" in str(failure(out))
    assert "5" in str(failure(out))
    assert out.records(STREAM) == []


def test_fewer_than_announced(utc, clock):
    """Pages that end before the total are an error: rows are missing."""
    sim = utc()
    serve(sim, page(row(0), row(1), total=5), page(total=5))

    out = run(one_day(sim, 2), clock)

    assert isinstance(failure(out), DownloadError)
    assert "5" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.parametrize("answer", [{}, [], {"data": None}, {"data": {}}, "null", '"data"'])
def test_no_page(utc, clock, answer):
    """An answer without rows is no page without rows: it is an error."""
    sim = utc()
    serve(sim, *[answer] * 3)

    out = run(one_day(sim, 5, max_retries=1), clock)

    assert isinstance(failure(out), ApiError)
    assert out.records(STREAM) == []


@pytest.mark.parametrize("growing", [1, 3, 7])
def test_rows_that_are_added(utc, clock, growing):
    """Rows that are added at the end while pages are read are read too."""
    sim = utc(late_rows=growing)

    out = run(one_day(sim, 4), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)


@pytest.mark.parametrize("shrinking", [1, 2, 4, 9])
def test_rows_that_vanish(utc, clock, caplog, shrinking):
    """If rows vanish while pages are read the window is read again, and is exact."""
    sim = utc(vanishing_rows=shrinking)

    out = run(one_day(sim, 5), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)
    assert any("again" in warning for warning in warnings(caplog))
    assert [body["offset"] for body in bodies(sim)] == [0, 5, 0, 5, 10]


def test_rows_that_never_stand_still(utc, clock):
    """A window that changes whenever it is read is given up after max_retries."""
    sim = utc()
    serve(sim, *[page(row(0), total=3), page(row(1), total=2)] * 9)

    out = run(one_day(sim, 1, max_retries=2), clock)

    assert isinstance(failure(out), DownloadError)
    assert len(asked(sim, DOWNLOAD)) == 3 * 2
    assert out.records(STREAM) == []


@pytest.mark.parametrize("added", [1, 2, 3])
def test_rows_that_are_added_in_front(utc, clock, added):
    """Rows that are added before the place reached move the others: the window is read again."""
    sim = utc()
    before = [row(number) for number in range(10, 18)]
    after = [*(row(number) for number in range(added)), *before]
    serve(sim, page(*before[:3], total=len(before)))
    for start in (3, *range(0, len(after), 3)):
        serve(sim, page(*after[start : start + 3], total=len(after)))

    out = run(one_day(sim, 3), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == ids(after, "interactionId")


def test_rows_that_are_added_in_front_of_nobody_knows_how_many(utc, clock):
    """Without a total a page with a row that came before shows that rows have moved."""
    sim = utc()
    before = [row(number) for number in range(10, 16)]
    after = [row(0), *before]
    serve(sim, page(*before[:3], totalRecords=None))
    for start in (3, 0, 3, 6, 9):
        serve(sim, page(*after[start : start + 3], totalRecords=None))

    out = run(one_day(sim, 3), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == ids(after, "interactionId")


FAULTS = [
    Fault("page", "status", status=429, headers=(("Retry-After", "7"),), after=1),
    Fault("page", "status", status=429, after=1, times=2),
    Fault("page", "status", status=500, after=1),
    Fault("page", "status", status=503, after=1, times=3),
    Fault("page", "reset", after=1),
    Fault("page", "reply-lost", after=1),
    Fault("page", "malformed-json", after=1),
    Fault("page", "truncated", after=1),
    Fault("page", "empty", after=1),
    Fault("page", "html", after=2),
]


@pytest.mark.some(3)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_a_fault_in_the_middle(utc, clock, fault):
    """A page that fails for the moment is asked again from where it was, and nothing is lost."""
    sim = utc()
    sim.faults.add(fault)

    out = run(one_day(sim, 5), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)
    assert sorted({body["offset"] for body in bodies(sim)}) == [0, 5, 10]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("page", "status", status=500, after=4, times=99), Unavailable),
        (Fault("page", "status", status=403, after=4, times=99), PermissionDenied),
        (Fault("page", "status", status=400, after=4, times=99), ApiError),
    ],
)
def test_a_window_that_fails(utc, clock, fault, kind):
    """Nothing leaves of a window that failed; those before it are kept, and read only once."""
    sim = utc()
    sim.faults.add(fault)
    config = days(sim, 3, zone=UTC_ZONE, own={"page_size": 5}, max_retries=1)

    first = run(config, clock)
    sim.faults.clear()
    second = run(config, clock, state=first.state)

    assert isinstance(failure(first), kind)
    assert ids(first.records(STREAM)) == expected(sim)
    assert first.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"
    assert second.error is None
    assert ids([*first.records(STREAM), *second.records(STREAM)]) == expected(sim, 3)


# Limits


def test_no_hurry_to_wait(simulate, clock):
    """As long as a fifth of the rate limit is left, nobody waits."""
    sim = simulate(rate_limit=50, tenant_zone="UTC", rows_per_day=30)

    out = run(one_day(sim, 1), clock)

    assert out.error is None
    assert clock.slept == []
    assert len(asked(sim, DOWNLOAD)) == 30


def test_slower_below_a_fifth(simulate, clock):
    """Below a fifth of the rate limit requests slow down, the more so the less is left."""
    sim = simulate(rate_limit=50, tenant_zone="UTC", rows_per_day=45)

    out = run(one_day(sim, 1), clock)

    end = sim.requests[0].at + timedelta(minutes=1)  # then all of it is there again
    times = [seen.at for seen in sim.requests if seen.path != TOKEN and seen.at < end]
    gaps = [two - one for one, two in pairwise(times)]
    assert out.error is None
    assert not any(gaps[:40])
    assert len(gaps) > 42
    assert all(one < two for one, two in pairwise(gaps[40:]))


@pytest.mark.parametrize("limit", [10, 100])
def test_no_refusal(simulate, clock, limit):
    """Requests slow down so much that none is refused."""
    sim = simulate(rate_limit=limit, tenant_zone="UTC", rows_per_day=150)

    out = run(one_day(sim, 1), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)
    assert sim.limit_violations == 0


def test_the_rate_limit_of_others(utc, clock):
    """A refusal all the same is waited out as long as the API asks, and then nothing is lost."""
    sim = utc()
    sim.faults.add(wait(37))

    out = run(one_day(sim, 5), clock)

    times = [seen.at for seen in asked(sim, DOWNLOAD)]
    assert out.error is None
    assert times[2] - times[1] == timedelta(seconds=37)
    assert ids(out.records(STREAM)) == expected(sim)


@pytest.mark.parametrize(("number", "questions"), [(9, 0), (10, 1), (14, 1)])
def test_the_quota_before_many_windows(sim, clock, caplog, number, questions):
    """Before ten windows or more the quota is asked, once, and what is left is said."""
    caplog.set_level(logging.INFO)

    out = run(days(sim, number, first=date(2026, 3, 2)), clock)

    said = [r for r in caplog.records if "quota" in r.getMessage()]
    assert out.error is None
    assert len(asked(sim, QUOTA)) == questions
    assert len(said) == questions
    for record in said:
        assert record.levelno == logging.INFO
        assert f"{number} calls" in record.getMessage()
        assert "1000 of 1000" in record.getMessage()


@pytest.mark.parametrize(("rows", "questions"), [(10, 0), (11, 1), (30, 1)])
def test_the_quota_before_many_pages(utc, clock, rows, questions):
    """Before more than ten pages the quota is asked, once."""
    sim = utc(rows_per_day=rows)

    out = run(one_day(sim, 1), clock)

    assert out.error is None
    assert len(asked(sim, QUOTA)) == questions
    assert out.counts()[STREAM] == rows


def test_a_quota_that_will_not_do(sim, clock, caplog):
    """A quota that is smaller than what is to come is a warning, with when there is more."""
    sim.downloads.quota.limit = 12

    run(days(sim, 14, first=date(2026, 3, 2)), clock)

    (warning,) = (w for w in warnings(caplog) if "calls to come" in w)
    assert all(part in warning for part in ("14", "12", "2026-03-20 13:00 UTC"))


def test_no_quota_left(simulate, clock, caplog):
    """With no call left the stream stops before the first page, cleanly and with a warning."""
    sim = simulate(download_quota=0)

    out = run(days(sim, 10, first=date(2026, 3, 2)), clock)

    assert out.error is None
    assert asked(sim, DOWNLOAD) == []
    assert out.bookmark(STREAM) is None
    (warning,) = warnings(caplog)
    assert "quota" in warning
    assert "2026-03-20 13:00 UTC" in warning


@pytest.mark.parametrize("more", [{"limit": 1000}, {}])
def test_a_quota_without_the_time_of_its_end(sim, clock, caplog, more):
    """When there is more need not be told, nor how much there ever is: what is left counts."""
    body = json.dumps({"remaining": 0, **more})
    sim.faults.add(Fault("quota", "status", status=200, body=body))

    out = run(days(sim, 10, first=date(2026, 3, 2)), clock)

    assert out.error is None
    assert asked(sim, DOWNLOAD) == []
    assert len([w for w in warnings(caplog) if "quota" in w]) == 1


def test_no_quota_left_is_a_failure(simulate, clock):
    """With on_quota_exhausted fail it is a failure."""
    sim = simulate(download_quota=0)

    out = run(days(sim, 10, first=date(2026, 3, 2), on_quota_exhausted="fail"), clock)

    assert isinstance(failure(out), QuotaExhausted)


def test_no_quota_left_in_the_middle(utc, clock):
    """A window of many pages that the quota does not allow is left for the next run, whole."""
    sim = utc(download_quota=1)
    config = one_day(sim, 1)

    first = run(config, clock)
    sim.downloads.quota.limit = 1000
    clock.instant += timedelta(hours=1)
    second = run(config, clock, state=first.state)

    assert first.error is None
    assert first.records(STREAM) == []
    assert len(served(sim)) == 1 + 12
    assert ids(second.records(STREAM)) == expected(sim)


@pytest.mark.parametrize("what", ["stop", "fail"])
def test_a_quota_that_ends(simulate, clock, what):
    """A quota that ends where nobody had asked for it stops the stream too; days before stay."""
    sim = simulate(download_quota=2)
    clock.instant += timedelta(seconds=1)  # the hour has more to go than a request is waited for
    config = days(sim, 4, on_quota_exhausted=what)

    first = run(config, clock)
    clock.instant += timedelta(hours=1)
    second = run(config, clock, state=first.state)

    assert clock.slept == []
    if what == "stop":
        assert first.error is None
    else:
        assert isinstance(failure(first), QuotaExhausted)
        assert "13:00 UTC" in str(failure(first))
    assert ids(first.records(STREAM)) == ids(truth(sim, 2), "interactionId")
    assert second.error is None
    assert ids(first.records(STREAM) + second.records(STREAM)) == ids(
        truth(sim, 4), "interactionId"
    )


def test_told_to_wait_too_long(sim, clock):
    """A refusal for longer than throttle_timeout_minutes is a failure if there is quota left."""
    sim.faults.add(wait(3600, after=0))

    out = run(days(sim, throttle_timeout_minutes=30), clock)

    assert isinstance(failure(out), Throttled)
    assert clock.slept == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("quota", "status", status=404),
        Fault("quota", "status", status=403),
        Fault("quota", "status", status=200, body="{}"),
        Fault("quota", "status", status=200, body="[]"),
        Fault("quota", "status", status=200, body='{"remaining": 50, "resetAt": "soon"}'),
    ],
)
def test_a_quota_that_is_not_told(utc, clock, fault):
    """An API that does not tell the quota is read all the same."""
    sim = utc()
    sim.faults.add(fault)

    out = run(one_day(sim, 1), clock)

    assert out.error is None
    assert ids(out.records(STREAM)) == expected(sim)


def test_only_selected_streams_are_asked_for(sim, clock):
    """The catalogue alone asks for no page, a download alone shows no catalogue."""
    out = run(days(sim), clock, CATALOGUE)

    assert out.error is None
    assert asked(sim, DOWNLOAD) == []
    assert set(out.counts()) == {CATALOGUE}
    assert SCORE in {record["id"] for record in out.records(CATALOGUE)}
    assert out.records(QUARANTINE) == []

"""The analytics exports: the login, the jobs and their places, files, and what records become."""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import json
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_cxone.errors import (
    ApiError,
    AuthError,
    ConfigError,
    DecodeError,
    DownloadError,
    DriftError,
    InvalidRecords,
    JobFailed,
    JobTimeout,
    PermissionDenied,
    Throttled,
)
from tap_cxone.simulator import Credentials, Fault, Options, Simulator
from tap_cxone.tap import TapCXone
from tests.support.analytics_exports import (
    EXPORTS,
    OFFLINE,
    START,
    STREAM,
    TOKEN,
    bare,
    bodies,
    catalog,
    days,
    downloads,
    export,
    failure,
    ids,
    listings,
    logins,
    run,
    submits,
    truth,
    typed,
)
from tests.support.run import FakeClock, Killed, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.simulator import RecordedRequest

BOTH = pytest.mark.parametrize("list_queries", [True, False])
MILLISECOND = timedelta(milliseconds=1)


def form(seen: RecordedRequest) -> dict[str, list[str]]:
    """Return the form in the body of a request."""
    return parse_qs(seen.body.decode(), strict_parsing=True)


def statuses(sim: Simulator) -> Counter[int | None]:
    """Count the answers so far by their status."""
    return Counter(seen.status for seen in sim.requests)


def polls(sim: Simulator) -> list[RecordedRequest]:
    """Return the polls so far."""
    found = (s for s in sim.requests if s.method == "GET" and s.path.startswith(f"{EXPORTS}/"))
    return [seen for seen in found if not seen.path.endswith("/download")]


def ranges(sim: Simulator) -> list[tuple[datetime, datetime]]:
    """Return the ranges of dates that were asked for, in order."""
    queries = [body["query"] for body in bodies(sim)]
    return [
        (datetime.fromisoformat(q["dateFrom"]), datetime.fromisoformat(q["dateTo"]))
        for q in queries
    ]


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a conversation that is whole."""
    return {
        "id": f"c{number}",
        "type": "bot",
        "dateFrom": "2026-03-15T01:00:00.000Z",
        "dateTo": "2026-03-15T01:01:00.000Z",
        "botId": "bot",
        "agentId": None,
        "duration": 60,
        **changes,
    }


def serve(sim: Simulator, *elements: Any, times: int = 1) -> None:
    """Make these elements the file of the next download."""
    text = ",".join(e if isinstance(e, str) else json.dumps(e) for e in elements)
    sim.faults.add(Fault("download", "bytes", body=f"[{text}]", times=times))


class Turning(FakeClock):
    """A clock that does something at one of its sleeps."""

    def at(self, number: int, action: Callable[[], None]) -> None:
        """Do something when the clock is slept on for the n-th time."""
        self.number, self.action = number, action

    def sleep(self, duration: timedelta) -> None:
        super().sleep(duration)
        if duration > timedelta(0) and len(self.slept) == self.number:
            self.action()


# The login


def test_login_form(sim, clock):
    """The login is a form with the application's credentials, and asks for no scopes."""
    out = run(days(sim), clock)

    (login,) = logins(sim)
    assert out.error is None
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in login.headers
    assert form(login) == {
        "grant_type": ["client_credentials"],
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
    }


def test_login_with_basic(simulate, clock):
    """With client_secret_basic the application is named in the header, and only there."""
    sim = simulate(client_auth="basic")

    out = run(days(sim, client_auth_method="client_secret_basic"), clock)

    (login,) = logins(sim)
    scheme, _, encoded = login.headers["authorization"].partition(" ")
    assert out.error is None
    assert scheme == "Basic"
    assert base64.b64decode(encoded).decode().startswith(f"{Credentials.CLIENT_ID}:")
    assert form(login).keys() == {"grant_type"}


def test_scopes(sim, clock):
    """Scopes that are set are asked for, separated by blanks."""
    scopes = ["analytics:export:read", "analytics:export:write"]

    out = run(days(sim, analytics_exports={"scopes": scopes}), clock)

    assert out.error is None
    assert form(logins(sim)[0])["scope"] == [" ".join(scopes)]


def test_a_scope_that_is_not_granted(sim, clock):
    """A login refused for its scopes names the setting."""
    out = run(days(sim, analytics_exports={"scopes": ["analytics:export:all"]}), clock)

    assert isinstance(failure(out), AuthError)
    assert "invalid_scope" in str(failure(out))
    assert "scopes" in str(failure(out)).partition("check")[2]


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_wrong_client(sim, clock, name):
    """A refused application fails the stream and names the settings; no job is submitted."""
    out = run(days(sim) | {name: "wrong-one"}, clock)

    assert isinstance(failure(out), AuthError)
    assert all(word in str(failure(out)) for word in (name, "client_auth_method", "400"))
    assert "wrong-one" not in str(failure(out))
    assert submits(sim) == []


@pytest.mark.parametrize("granted", ["analytics:export:read", "analytics:export:write"])
def test_missing_scope(simulate, clock, granted):
    """An application without a scope is told which ones it needs."""
    sim = simulate(granted_scopes=(granted,))

    out = run(days(sim), clock)

    assert isinstance(failure(out), PermissionDenied)
    for scope in ("analytics:export:read", "analytics:export:write"):
        assert scope in str(failure(out)).partition("give")[2]
    assert sim.analytics_exports == []


def test_renewed_before_its_end(simulate, clock):
    """A token of 1200 s is renewed after 960 s: no request is ever refused."""
    sim = simulate(job_seconds=700)

    out = run(days(sim, 5, analytics_exports={"window_days": 1, "max_concurrent": 1}), clock)

    used = [seen for seen in sim.requests if seen.path != TOKEN]
    ages = [seen.at - max(t.at for t in logins(sim) if t.at <= seen.at) for seen in used]
    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 5)]
    assert len(logins(sim)) > 2
    assert max(ages) < timedelta(seconds=960)
    assert 401 not in statuses(sim)


def test_a_token_is_used_until_then(simulate, clock):
    """A run of less than 960 s needs one login."""
    sim = simulate(job_seconds=880)
    began = clock.now()

    out = run(days(sim), clock)

    assert out.error is None
    assert timedelta(seconds=880) <= sim.requests[-1].at - began < timedelta(seconds=960)
    assert len(logins(sim)) == 1


@pytest.mark.parametrize("place", ["list", "submit", "poll", "download"])
def test_refused_once(sim, clock, place):
    """A token refused at any step is renewed once, and the step is repeated."""
    sim.faults.add(Fault(place, "status", status=401))

    out = run(days(sim), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim)]
    assert len(logins(sim)) == 2
    assert len(sim.analytics_exports) == 1


@pytest.mark.parametrize("place", ["list", "submit", "poll", "download"])
def test_refused_again(sim, clock, place):
    """A new token that is refused too ends the stream, and the error names the settings."""
    sim.faults.add(Fault(place, "status", status=401, times=2))

    out = run(days(sim), clock)

    assert isinstance(failure(out), AuthError)
    assert "client_id" in str(failure(out))
    assert len(logins(sim)) == 2
    assert out.records(STREAM) == []


@pytest.mark.parametrize("number", range(1, 7))
def test_revoked_at_any_time(number):
    """Tokens that end between any two steps of a run cost a login and nothing else."""
    clock = Turning()
    with Simulator(Options(rows_per_day=12, job_seconds=35), clock=clock) as sim:
        clock.at(number, sim.revoke_tokens)

        out = run(days(sim, 4), clock)

        assert out.error is None
        assert ids(out) == [r["id"] for r in truth(sim, 4)]
        assert len(logins(sim)) == 2
        assert len(sim.analytics_exports) == 4


def test_expired_while_a_file_is_fetched(simulate, clock):
    """A token that has expired by the time of the download is renewed for it."""
    sim = simulate(client_token_seconds=30, job_seconds=100)

    out = run(days(sim, 2), clock)

    tokens = [seen.headers["authorization"] for seen in downloads(sim)]
    assert out.error is None
    assert tokens[0] != submits(sim)[0].headers["authorization"]
    assert 401 not in statuses(sim)


def test_hosts():
    """Without `base_url` everything is at the API's one host."""
    tap = TapCXone(config={**OFFLINE, "region": "eu1"})
    stream: Any = tap.streams[STREAM]

    assert stream.family.base_url == "https://api.nicecxone.com"
    assert stream.family.grant.url == "https://api.nicecxone.com/oauth/token"


def test_endpoints(sim, clock):
    """`endpoints` moves the host and the token URL."""
    config = days(sim)
    own = {"analytics_exports": config.pop("base_url")}
    own["analytics_exports_token"] = f"{own['analytics_exports']}{TOKEN}"

    assert run(config | {"endpoints": own}, clock).error is None


# What is asked


def test_body(sim, clock):
    """A submit holds exactly the range to the millisecond, the filter and the format."""
    run(days(sim), clock)

    (post,) = submits(sim)
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"].startswith("Bearer ")
    assert bodies(sim) == [
        {
            "query": {
                "dateFrom": "2026-03-15T00:00:00.000Z",
                "dateTo": "2026-03-15T23:59:59.999Z",
                "filter": "type eq 'bot'",
            },
            "exportType": "conversation",
            "format": "json",
            "compression": "gzip",
            "includeHeaders": True,
        }
    ]


def test_windows_of_thirty_days(simulate, clock):
    """By default a job asks for 30 days, which is the most that the API takes."""
    sim = simulate(rows_per_day=1)
    config = days(sim, start_date="2026-01-01", end_date="2026-03-10", analytics_exports={})

    out = run(config, clock)

    assert out.error is None
    assert [(end + MILLISECOND - start).days for start, end in ranges(sim)] == [30, 30, 8]
    assert 400 not in statuses(sim)


@pytest.fixture(scope="module")
def lasting() -> Iterator[tuple[Simulator, FakeClock]]:
    """Return a simulator for many runs, and its clock."""
    clock = FakeClock()
    with Simulator(Options(rows_per_day=7, job_seconds=3), clock=clock) as sim:
        yield sim, clock


@settings(max_examples=20, deadline=None)
@given(
    begin=st.timedeltas(timedelta(0), timedelta(days=5)),
    length=st.timedeltas(timedelta(hours=2), timedelta(days=9)),
    most=st.integers(1, 4),
    places=st.integers(1, 3),
)
@example(timedelta(0), timedelta(days=3), 1, 3)
def test_every_row_once(lasting, begin, length, most, places):
    """Whatever the dates, the ranges adjoin and share no instant, and every row leaves once."""
    sim, clock = lasting
    before = len(submits(sim))
    start = (datetime(2026, 3, 1, tzinfo=UTC) + begin).replace(microsecond=0)
    end = (start + length).replace(microsecond=0)
    config = days(
        sim,
        start_date=start.isoformat(),
        end_date=end.isoformat(),
        analytics_exports={"window_days": most, "max_concurrent": places},
    )

    out = run(config, clock)

    asked = ranges(sim)[before:]
    midnight = start.replace(hour=0, minute=0, second=0)
    assert out.error is None
    assert (asked[0][0], asked[-1][1]) == (midnight, end - MILLISECOND)
    assert all(b[0] - a[1] == MILLISECOND for a, b in itertools.pairwise(asked))
    assert all(b - a < timedelta(days=most) for a, b in asked)
    assert ids(out) == [r["id"] for r in sim.expected_rows(STREAM, midnight, end)]
    assert out.bookmark(STREAM) == end.isoformat()
    assert sim.conflicts == 0


@pytest.mark.some(4)
@pytest.mark.parametrize("place", [0, 3, -1])
@pytest.mark.parametrize(
    ("later", "inside"), [(timedelta(0), False), (MILLISECOND, True), (MILLISECOND / 2, True)]
)
def test_the_last_millisecond(sim, clock, place, later, inside):
    """The end is no part of a window, the millisecond before it is its last."""
    found = truth(sim)[place]
    instant = datetime.fromisoformat(found["dateFrom"])

    out = run(days(sim, end_date=(instant + later).isoformat()), clock)

    assert out.error is None
    assert (found["id"] in ids(out)) == inside


def test_the_first_millisecond(simulate, clock):
    """A row at the first instant of a window is in that window, and in it alone."""
    first, second = START, START + timedelta(days=1)
    sim = simulate()
    edges = [
        row(1, dateFrom="2026-03-15T23:59:59.999Z"),
        row(2, dateFrom="2026-03-16T00:00:00.000Z"),
    ]
    serve(sim, edges[0])
    serve(sim, edges[1])

    out = run(days(sim, 2), clock)

    (_, last), (begin, _) = ranges(sim)
    assert (begin, last) == (second, second - MILLISECOND)
    assert last.isoformat() == "2026-03-15T23:59:59.999000+00:00"
    assert [r["_window_start"] for r in out.records(STREAM)] == [
        first.isoformat(),
        second.isoformat(),
    ]


def test_up_to_the_present(sim, clock):
    """Without an end the last window ends half an hour ago, and the day is read again later."""
    config = days(sim)
    del config["end_date"]
    config["start_date"] = "2026-03-20T00:00:00Z"
    first = run(config, clock)
    clock.sleep(timedelta(hours=6))

    second = run(config, clock, state=first.state)

    assert first.bookmark(STREAM) == "2026-03-20T11:30:00+00:00"
    assert ranges(sim)[1][0] == datetime(2026, 3, 20, tzinfo=UTC)
    assert set(ids(first)) < set(ids(second))


# Places


def test_the_list_is_asked_before_each_submit(sim, clock):
    """Every submit follows an answer that named the active exports."""
    run(days(sim, 4), clock)

    relevant = [seen for seen in sim.requests if seen.path == EXPORTS]
    posts = [place for place, seen in enumerate(relevant) if seen.method == "POST"]
    assert len(posts) == 4
    assert all(relevant[place - 1].method == "GET" for place in posts)
    assert all(seen.query == {"status": "queued,running"} for seen in listings(sim))


@pytest.mark.parametrize("most", [2, 3])
def test_so_many_at_a_time(sim, clock, most):
    """So many jobs are started before the first is asked for, another as soon as that is done."""
    config = days(sim, 5, analytics_exports={"window_days": 1, "max_concurrent": most})

    out = run(config, clock)

    kinds = [
        "submit" if seen.method == "POST" else "download" if "download" in seen.path else "poll"
        for seen in sim.requests
        if seen.path.startswith(EXPORTS) and seen not in listings(sim)
    ]
    first_poll = kinds.index("poll")
    assert out.error is None
    assert kinds[:first_poll] == ["submit"] * most
    between = kinds[first_poll : kinds.index("download")]
    assert between == ["poll"] * (len(between) - 1) + ["submit"]
    assert kinds.count("submit") == 5
    assert (sim.conflicts, sim.limit_violations) == (0, 0)


@pytest.mark.parametrize(("most", "submitted"), [(1, 1), (2, 3), (3, 4)])
def test_what_is_asked_while_rows_leave(sim, clock, most, submitted):
    """While the rows of a window leave, the next ones have been asked for already."""
    config = days(sim, 5, analytics_exports={"window_days": 1, "max_concurrent": most})
    whole = run(config, clock)
    first_row = 1 + next(i for i, m in enumerate(whole.messages) if m["type"] == "RECORD")
    before = len(submits(sim)), len(downloads(sim))

    out = run(config, clock, cut_after=first_row)

    assert out.messages[-1]["type"] == "RECORD"
    assert len(submits(sim)) - before[0] == submitted
    assert len(downloads(sim)) - before[1] == 1


def test_in_the_order_of_time(simulate, clock):
    """Rows, bookmarks and windows leave in order, though jobs run side by side."""
    sim = simulate(job_seconds=35)

    out = run(days(sim, 5), clock)

    starts = [r["_window_start"] for r in out.records(STREAM)]
    marks = [s["bookmarks"].get(STREAM, {}).get("replication_key_value", "") for s in out.states]
    assert bare(out.records(STREAM)) == typed(truth(sim, 5))
    assert starts == sorted(starts)
    assert marks == sorted(marks)
    assert len(set(marks)) == 6


def test_no_state_before_its_rows(sim, clock):
    """A bookmark leaves only when every row before it has left."""
    out = run(days(sim, 4), clock)

    left: list[str] = []
    for message in out.messages:
        if message["type"] == "RECORD" and message["stream"] == STREAM:
            left.append(message["record"]["_window_end"])
        if message["type"] == "STATE":
            mark = message["value"]["bookmarks"].get(STREAM, {}).get("replication_key_value", "")
            expected = [r for r in truth(sim, 4) if r["dateFrom"] < mark]
            assert len(left) == len(expected)


def test_side_by_side_is_faster(simulate):
    """Six jobs of a minute take a little more than two minutes, not six."""
    took = []
    for most in (1, 3):
        clock = FakeClock()
        with Simulator(Options(rows_per_day=2, job_seconds=60), clock=clock) as sim:
            began = clock.now()
            own = {"window_days": 1, "max_concurrent": most}
            assert run(days(sim, 5, analytics_exports=own), clock).error is None
            took.append(clock.now() - began)

    assert took[0] >= timedelta(minutes=5)
    assert took[1] < timedelta(minutes=3)


def test_one_after_the_other(sim, clock):
    """With max_concurrent 1 a job is submitted when the file before it was fetched."""
    run(days(sim, 3, analytics_exports={"window_days": 1, "max_concurrent": 1}), clock)

    order = [s.method for s in sim.requests if s in submits(sim) or s in downloads(sim)]
    assert order == ["POST", "GET"] * 3


@pytest.mark.parametrize("foreign", [1, 2])
def test_places_of_others(simulate, clock, foreign):
    """Exports of others take places: no submit is refused, and all rows come."""
    sim = simulate(foreign_exports=foreign)

    out = run(days(sim, 4), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 4)]
    assert sim.conflicts == 0


def test_waiting_for_a_place(sim, clock):
    """While others hold all places, nothing is submitted; once one is free, it is taken."""
    sim.add_foreign_exports(3, 600)
    began = clock.now()

    out = run(days(sim, 2), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 2)]
    assert submits(sim)[0].at - began >= timedelta(seconds=600)
    assert submits(sim)[0].at - began < timedelta(seconds=600 + 150)
    assert sim.conflicts == 0


def test_no_place_at_all(simulate, clock):
    """Slots that never become free end the stream after throttle_timeout_minutes; it is said."""
    sim = simulate(foreign_exports=3)
    began = clock.now()

    out = run(days(sim, throttle_timeout_minutes=7), clock)

    assert isinstance(failure(out), Throttled)
    assert "throttle_timeout_minutes" in str(failure(out))
    assert "something else exporting" in str(failure(out))
    assert timedelta(minutes=4) < clock.now() - began <= timedelta(minutes=7)
    assert submits(sim) == []


def test_a_tenant_of_fewer_places(simulate, clock):
    """Where the API allows two, its refusals of a third are taken as such."""
    sim = simulate(max_analytics_exports=2)

    out = run(days(sim, 4), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 4)]
    assert len(sim.analytics_exports) == 4


@pytest.mark.parametrize("status", [409, 429])
@pytest.mark.parametrize("seconds", [1, 37, 300])
def test_retry_after(sim, clock, status, seconds):
    """A submit that is told to wait comes again after exactly that time."""
    headers = (("Retry-After", str(seconds)),)
    sim.faults.add(Fault("submit", "status", status=status, headers=headers))

    out = run(days(sim), clock)

    first, second = submits(sim)
    assert out.error is None
    assert second.at - first.at == timedelta(seconds=seconds)
    assert len(sim.analytics_exports) == 1


@pytest.mark.parametrize("status", [409, 429])
def test_growing_waits(sim, clock, status):
    """A submit that is only told 'no' comes again after waits that grow."""
    sim.faults.add(Fault("submit", "status", status=status, times=6))

    out = run(days(sim), clock)

    gaps = [b.at - a.at for a, b in itertools.pairwise(submits(sim))]
    assert out.error is None
    assert len(gaps) == 6
    assert all(gap > timedelta(seconds=2) for gap in gaps)
    assert gaps[-1] > 3 * gaps[0]


@pytest.mark.parametrize("status", [409, 429])
def test_told_to_wait_for_ever(sim, clock, status):
    """An API that always says 'wait' ends the stream when throttle_timeout_minutes are gone."""
    sim.faults.add(Fault("submit", "status", status=status, times=1000))
    began = clock.now()

    out = run(days(sim, throttle_timeout_minutes=12), clock)

    assert isinstance(failure(out), Throttled)
    assert "throttle_timeout_minutes" in str(failure(out))
    assert clock.now() - began <= timedelta(minutes=12)
    assert out.records(STREAM) == []


@pytest.mark.some(3)
@pytest.mark.parametrize("status", [409, 429, 400, 403, 503])
@pytest.mark.parametrize("after", [1, 2])
def test_a_refusal_ahead_of_its_turn(sim, clock, status, after):
    """A submit refused before its turn comes again in its turn; nothing is lost."""
    sim.faults.add(Fault("submit", "status", status=status, after=after))

    out = run(days(sim, 4), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 4)]
    assert len(sim.analytics_exports) == 4


@pytest.mark.parametrize("status", [400, 404])
def test_a_list_that_fails_ahead_of_its_turn(sim, clock, status):
    """A list that fails before its turn puts the submit off; the window at hand is not lost."""
    sim.faults.add(Fault("list", "status", status=status, after=1))

    out = run(days(sim, 3), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 3)]


@pytest.mark.parametrize("body", ["{}", "[]", "7", '{"entities":null}', '{"entities":[null,{}]}'])
def test_a_list_of_another_kind(sim, clock, body):
    """A list that cannot be read tells nothing, and stops nothing."""
    sim.faults.add(Fault("list", "status", status=200, body=body, times=9))

    out = run(days(sim, 3), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 3)]


# Submits whose answer was lost


@pytest.mark.some(7)
@BOTH
@pytest.mark.parametrize("kind", ["reply-lost", "empty", "malformed-json", "status", "reset"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_lost_answer(simulate, clock, list_queries, kind, after):
    """A submit whose answer is lost, whether it was carried out or not, makes no job twice.

    Where the list does not tell what an export asks for, one too many may be made; a row is
    neither lost nor sent twice.
    """
    sim = simulate(list_queries=list_queries, job_seconds=60)
    sim.faults.add(Fault("submit", kind, after=after))

    out = run(days(sim, 4), clock)

    carried_out = kind not in {"status", "reset"}
    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 4)]
    assert len(sim.analytics_exports) <= (5 if carried_out and not list_queries else 4)
    assert sim.conflicts == 0


def test_a_lost_answer_of_a_fast_job(simulate, clock):
    """A job that is done before anybody looks for it is made again: no row is lost or twice."""
    sim = simulate(job_seconds=2)
    sim.faults.add(Fault("submit", "reply-lost"))

    out = run(days(sim), clock)

    assert out.error is None
    assert len(sim.analytics_exports) == 2
    assert ids(out) == [r["id"] for r in truth(sim)]


@BOTH
@pytest.mark.parametrize("after", [0, 1])
def test_a_lost_answer_beside_others(list_queries, after):
    """An export of somebody else that appears meanwhile is never taken for the lost one."""
    clock = Turning()
    options = Options(rows_per_day=120, job_seconds=60, list_queries=list_queries)
    with Simulator(options, clock=clock) as sim:
        sim.faults.add(Fault("submit", "status", status=500, after=after))
        clock.at(1, lambda: sim.add_foreign_exports(1, 60))

        first = run(days(sim, 2), clock)
        later = run(days(sim, 2), clock, state=first.state)

        assert {r["type"] for r in first.records(STREAM)} <= {"bot"}
        assert later.error is None
        assert {*ids(first), *ids(later)} == {r["id"] for r in truth(sim, 2)}
        if list_queries:
            assert first.error is None


# Jobs


@pytest.mark.slow
def test_killed_after_any_line(simulate, clock):
    """Killed after any line: the next run spends no export again, and nothing is lost."""
    undisturbed = run(days(simulate(rows_per_day=2), 3), clock)
    assert undisturbed.error is None
    for lines in range(1, len(undisturbed.messages)):
        sim = simulate(rows_per_day=2)
        config = days(sim, 3)

        first = run(config, clock, cut_after=lines)
        second = run(config, clock, state=first.states[-1] if first.states else None)

        rows = {r["id"]: r for r in (*first.records(STREAM), *second.records(STREAM))}
        assert isinstance(first.error, Killed)
        assert second.error is None
        assert list(rows.values()) == undisturbed.records(STREAM)
        assert second.bookmark(STREAM) == undisturbed.bookmark(STREAM)
        windows = [body["query"]["dateFrom"] for body in bodies(sim)]
        spent_again = len(windows) - len(set(windows))
        # The day of the bookmark is read again; its export was complete and is forgotten.
        assert spent_again == 0


@pytest.mark.slow
def test_killed_while_a_day_is_read_again(simulate, clock):
    """The committed beginning of a day drops no job for all of that day, begun meanwhile."""
    killed, lines = True, 0
    while killed:
        sim, lines = simulate(rows_per_day=2), lines + 1
        morning = run(days(sim, end_date="2026-03-15T12:00:00Z"), clock, cut_after=2)
        config = days(sim, 2)

        first = run(config, clock, state=morning.state, cut_after=lines)
        second = run(config, clock, state=[morning.state, *first.states][-1])

        killed = isinstance(first.error, Killed)
        assert second.error is None
        windows = [str(body["query"]) for body in bodies(sim)]
        assert len(windows) == len(set(windows)) == 3, lines


def test_pending_jobs_are_taken_up(simulate, clock):
    """Three jobs of a killed run, done meanwhile, are fetched without a submit."""
    sim = simulate(rows_per_day=2)
    first = run(days(sim, 3), clock, cut_after=4)
    assert [len(first.state["bookmarks"][STREAM]["pending_jobs"]), len(submits(sim))] == [3, 3]
    clock.sleep(timedelta(hours=20))

    second = run(days(sim, 3), clock, state=first.state)

    assert second.error is None
    assert ids(second) == [r["id"] for r in truth(sim, 3)]
    assert len(submits(sim)) == 3


@pytest.mark.parametrize("fate", ["job-failed", "job-cancelled", "job-expired", "job-lost"])
def test_a_pending_job_that_failed(sim, clock, fate):
    """A job of a killed run that gives no file is replaced by a new one."""
    first = run(days(sim), clock, cut_after=2)
    sim.faults.add(Fault("poll", fate))

    second = run(days(sim), clock, state=first.state)

    assert second.error is None
    assert ids(second) == [r["id"] for r in truth(sim)]
    assert len(submits(sim)) == 2


def test_pending_jobs_of_another_filter(simulate, clock):
    """A job that asked for something else is not given to the changed stream."""
    sim = simulate(rows_per_day=48)
    first = run(days(sim), clock, cut_after=2)
    clock.sleep(timedelta(minutes=5))

    second = run(
        export(sim, filter="type eq 'voice'", primary_keys=["id"]), clock, state=first.state
    )

    assert second.error is None
    assert [b["query"]["filter"] for b in bodies(sim)] == ["type eq 'bot'", "type eq 'voice'"]
    assert {r["type"] for r in second.records(STREAM)} == {"voice"}


def test_a_pending_job_of_another_tenant(simulate, clock):
    """A state that came from another tenant gives none of its jobs: nobody asks for them here."""
    first = run(days(simulate()), clock, cut_after=3)
    other = simulate()

    second = run(days(other), clock, state=first.state)

    (pending,) = first.state["bookmarks"][STREAM]["pending_jobs"]
    assert ids(second) == [r["id"] for r in truth(other)]
    assert not [seen for seen in other.requests if pending["id"] in seen.path]


def test_a_job_that_only_the_list_knows(sim, clock):
    """Without a state, running exports of exactly these windows are adopted."""
    first = run(days(sim, 3), clock, cut_after=4)
    assert isinstance(first.error, Killed)
    assert len(submits(sim)) == 3

    second = run(days(sim, 3), clock)

    assert second.error is None
    assert ids(second) == [r["id"] for r in truth(sim, 3)]
    assert len(submits(sim)) == 3


def test_a_job_of_another_window_is_not_adopted(sim, clock):
    """A running export that asks for another range or filter is somebody else's."""
    run(days(sim, 1, end_date="2026-03-15T12:00:00Z"), clock, cut_after=2)
    run(export(sim, filter="type eq 'voice'"), clock, cut_after=2)
    assert len(submits(sim)) == 2

    out = run(days(sim), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim)]
    assert len(submits(sim)) == 3


@pytest.mark.parametrize("after", [0, 1])
def test_a_file_that_is_gone(sim, clock, after):
    """A job whose file the API does not give any more is asked for again."""
    sim.faults.add(Fault("download", "status", status=404, after=after))

    out = run(days(sim, 2), clock)

    assert out.error is None
    assert ids(out) == [r["id"] for r in truth(sim, 2)]
    assert len(submits(sim)) == 3


def test_a_file_that_is_gone_after_a_day(simulate, clock):
    """A pending job older than a day is replaced by a new one."""
    sim = simulate(rows_per_day=2)
    first = run(days(sim), clock, cut_after=2)
    clock.sleep(timedelta(hours=25))

    second = run(days(sim), clock, state=first.state)

    assert second.error is None
    assert ids(second) == [r["id"] for r in truth(sim)]
    assert len(submits(sim)) == 2


def test_a_file_that_is_always_gone(sim, clock):
    """A file that is never there ends the stream after max_retries."""
    sim.faults.add(Fault("download", "status", status=404, times=100))

    out = run(days(sim, max_retries=2), clock)

    assert isinstance(failure(out), DownloadError)
    assert "max_retries" in str(failure(out))
    assert len(submits(sim)) == 3


def test_a_failed_job(sim, clock):
    """A job that fails ends its stream in the API's words; other streams go on."""
    sim.faults.add(Fault("submit", "job-failed", body="The tenant's store is closed"))
    own = {"exports": [{"name": "voice_calls", "filter": "type eq 'voice'"}]}

    out = run(days(sim, analytics_exports=own), clock, STREAM, "voice_calls", "quarantine")

    assert isinstance(failure(out), JobFailed)
    assert "The tenant's store is closed" in str(failure(out))
    assert sim.analytics_exports[0].id in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark("voice_calls") == "2026-03-16T00:00:00+00:00"
    assert out.bookmark(STREAM) is None


def test_after_a_failed_job(sim, clock):
    """The run after a failed job submits it again."""
    sim.faults.add(Fault("submit", "job-failed"))
    first = run(days(sim), clock)

    second = run(days(sim), clock, state=first.state)

    assert second.error is None
    assert ids(second) == [r["id"] for r in truth(sim)]


def test_a_failed_job_ahead(sim, clock):
    """What was committed before a job failed stays; the jobs after it are taken up later."""
    sim.faults.add(Fault("submit", "job-failed", after=1))
    first = run(days(sim, 3), clock)
    assert isinstance(failure(first), JobFailed)
    assert first.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"

    second = run(days(sim, 3), clock, state=first.state)

    assert second.error is None
    assert {*ids(first), *ids(second)} == {r["id"] for r in truth(sim, 3)}
    assert len(submits(sim)) == 4


def test_a_job_that_never_ends(sim, clock):
    """A job that is stuck ends the stream after job_timeout_minutes and stays in the state."""
    sim.faults.add(Fault("submit", "job-stuck"))

    out = run(days(sim, job_timeout_minutes=5), clock)

    assert isinstance(failure(out), JobTimeout)
    assert "job_timeout_minutes" in str(failure(out))
    (pending,) = out.state["bookmarks"][STREAM]["pending_jobs"]
    assert pending["id"] == sim.analytics_exports[0].id


def test_an_unknown_status(sim, clock):
    """A word for a status that nobody knows is said, and guessed neither way."""
    sim.faults.add(Fault("poll", "status", status=200, body='{"id":"x","status":"paused"}'))

    out = run(days(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert "'paused'" in str(failure(out))
    assert "please report" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.parametrize("case", ["upper", "title"])
def test_status_in_other_letters(simulate, clock, case):
    """However the API spells its words, they mean the same."""
    sim = simulate(status_case=case)

    assert run(days(sim), clock).error is None


# Files

GZIP = ["gzip-type", "gzip-encoding", "gzip-bare", "gzip-members", "none"]
JSON = ["array", "lines", "pretty"]
SPOILED = [
    ("corrupt-gzip", {}),
    ("truncated-gzip", {}),
    ("malformed-json", {}),
    ("truncated", {}),
    ("html", {}),
    ("status", {"status": 500}),
    ("reset", {}),
]


@pytest.mark.some(2)
@pytest.mark.parametrize("packing", GZIP)
@pytest.mark.parametrize("layout", JSON)
def test_files(simulate, clock, packing, layout):
    """However a file is packed and laid out, its rows are the same."""
    sim = simulate(analytics_gzip=packing, analytics_json=layout)

    out = run(days(sim, 2), clock)

    assert out.error is None
    assert bare(out.records(STREAM)) == typed(truth(sim, 2))


@pytest.mark.parametrize("options", [{"bom": True}, {"content_length": False}])
@pytest.mark.parametrize("layout", ["array", "lines"])
def test_files_with_a_mark_or_without_a_length(simulate, clock, options, layout):
    """A byte order mark is no text, and a length is no need."""
    sim = simulate(analytics_json=layout, **options)

    out = run(days(sim), clock)

    assert bare(out.records(STREAM)) == typed(truth(sim))


@pytest.mark.some(3)
@pytest.mark.parametrize("packing", GZIP)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv(simulate, clock, packing, newline):
    """CSV gives the same records as JSON."""
    sim = simulate(analytics_gzip=packing, newline=newline)

    out = run(export(sim, 2, format="csv"), clock)

    assert out.error is None
    assert {body["format"] for body in bodies(sim)} == {"csv"}
    assert bare(out.records(STREAM)) == typed(truth(sim, 2))


def test_not_packed(sim, clock):
    """An export without compression asks for none."""
    out = run(export(sim, compression="none"), clock)

    assert bodies(sim)[0]["compression"] is None
    assert bare(out.records(STREAM)) == typed(truth(sim))


@pytest.mark.parametrize("format_", ["json", "csv"])
@pytest.mark.parametrize("empty", ["header", "zero-bytes", "204"])
def test_nothing_in_it(simulate, clock, empty, format_):
    """A window without rows moves the bookmark."""
    sim = simulate(rows_per_day=0, empty=empty)

    out = run(export(sim, 2, format=format_), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-17T00:00:00+00:00"


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "how"), SPOILED)
@pytest.mark.parametrize("after", [0, 1])
def test_spoiled_once(sim, clock, kind, how, after):
    """A file that comes damaged once is fetched once more, without another job."""
    sim.faults.add(Fault("download", kind, after=after, **how))

    out = run(days(sim, 2), clock)

    assert out.error is None
    assert bare(out.records(STREAM)) == typed(truth(sim, 2))
    assert len(downloads(sim)) == 3
    assert len(sim.analytics_exports) == 2


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "how"), SPOILED)
def test_always_spoiled(sim, clock, kind, how):
    """A file that is always damaged fails the stream; nothing of its window leaves."""
    sim.faults.add(Fault("download", kind, after=1, times=1000, **how))

    first = run(days(sim, 3, max_retries=2), clock)
    sim.faults.clear()
    second = run(days(sim, 3), clock, state=first.state)

    assert isinstance(failure(first), DecodeError | DownloadError | ApiError)
    assert ids(first) == [r["id"] for r in truth(sim)]
    assert first.records("quarantine") == []
    assert first.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"
    assert second.error is None
    assert {*ids(first), *ids(second)} == {r["id"] for r in truth(sim, 3)}


def test_after_a_file_that_stays_damaged(sim, clock):
    """A file that is damaged both times is not asked for again: the next run has another made."""
    sim.faults.add(Fault("download", "corrupt-gzip", times=2))
    first = run(days(sim), clock)

    second = run(days(sim), clock, state=first.state)

    assert isinstance(failure(first), DecodeError)
    assert second.error is None
    assert len(submits(sim)) == 2


@pytest.mark.parametrize("kind", ["corrupt-gzip", "truncated-gzip", "ragged-csv", "malformed-csv"])
def test_spoiled_csv(sim, clock, kind):
    """The same of CSV, whose last row may be cut off."""
    sim.faults.add(Fault("download", kind))

    out = run(export(sim, format="csv"), clock)

    assert out.error is None
    assert bare(out.records(STREAM)) == typed(truth(sim))
    assert len(downloads(sim)) == 2


def test_csv_without_a_column(simulate, clock):
    """CSV without a required column fails, and the error names the setting of required fields."""
    sim = simulate(missing_columns={STREAM: ("duration",)})

    out = run(export(sim, format="csv"), clock)

    assert isinstance(failure(out), DriftError)
    assert "duration" in str(failure(out))
    assert "required_fields" in str(failure(out))
    assert out.bookmark(STREAM) is None


# What a record becomes


def test_rows_equal_the_truth(sim, clock):
    """Every value is the truth's, by type; what nobody declared is text."""
    out = run(days(sim, 3), clock)

    assert out.error is None
    assert bare(out.records(STREAM)) == typed(truth(sim, 3))
    assert any(r["agent_id"] == "004210" for r in out.records(STREAM))


def values(sim: Simulator, clock: FakeClock, text: str, **columns: str) -> Any:
    """Return what a JSON text becomes in the column `v`."""
    serve(sim, json.dumps(row())[:-1] + f', "v": {text}}}')
    out = run(export(sim, columns=columns) if columns else days(sim), clock)
    assert out.error is None
    (record,) = out.records(STREAM)
    return record["v"]


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"004210"', "004210"),
        ("4210", "4210"),
        ("3.10", "3.10"),
        ("12345678901234567890123456789.50", "12345678901234567890123456789.50"),
        ("true", "true"),
        ("null", None),
        ('""', None),
        ('" "', None),
        ('" a "', " a "),
        ('"Zoë \\ud83d\\ude00\\n"', "Zoë 😀\n"),
        ("[]", "[]"),
        ('["a", "b"]', '["a","b"]'),
        ('{"b": 3.10, "a": {"c": [null, true]}}', '{"b":3.10,"a":{"c":[null,true]}}'),
        (
            '{"n": 123456789012345678901234567890, "x": 0.10000000000000000000001}',
            '{"n":123456789012345678901234567890,"x":0.10000000000000000000001}',
        ),
        ('{"quote\\"": "ü"}', '{"quote\\"":"ü"}'),
    ],
)
def test_undeclared_values(sim, clock, text, value):
    """What nobody declared is text: numbers digit by digit, nested values as JSON."""
    assert values(sim, clock, text) == value


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "12345678901234567890123", 12345678901234567890123),
        ("integer", "7.0", 7),
        ("integer", '"0042"', 42),
        ("number", '"1.25"', 1.25),
        ("boolean", "false", False),
        ("boolean", "1", True),
        ("boolean", '"no"', False),
        ("date", '"2026-03-01"', "2026-03-01"),
        ("date-time", '"2026-03-01T10:00:00+02:00"', "2026-03-01T08:00:00+00:00"),
        ("string", "42", "42"),
    ],
)
def test_declared_values(sim, clock, kind, text, value):
    """A declared column has its type, whether a number stands in quotes or not."""
    assert values(sim, clock, text, v=kind) == value


@pytest.mark.parametrize("text", ["0.1", "3.141592653589793238462643", "1e21", "100", "-0.5"])
def test_numbers_are_exact(sim, clock, text):
    """A number leaves with the value that stands in the file, to the last digit."""
    serve(sim, json.dumps(row()).replace('"duration": 60', f'"duration": {text}'))
    written = io.BytesIO()

    with contextlib.redirect_stdout(io.TextIOWrapper(written)) as out:
        TapCXone(config=days(sim), clock=clock, catalog=catalog(STREAM)).sync_all()
        out.flush()

    lines = [json.loads(line, parse_float=Decimal) for line in written.getvalue().splitlines()]
    (record,) = (line["record"] for line in lines if line["type"] == "RECORD")
    assert Decimal(record["duration"]) == Decimal(text)


def test_undeclared_keys_make_columns(sim, clock):
    """Keys that nobody declared become nullable texts, told in a SCHEMA before their rows."""
    out = run(days(sim), clock)

    first, second = out.of("SCHEMA", STREAM)
    new = second["schema"]["properties"].keys() - first["schema"]["properties"].keys()
    assert new == {"channel", "escalated", "turns", "intents", "sentiment", "summary"}
    assert all(second["schema"]["properties"][n]["type"] == ["string", "null"] for n in new)
    kinds = [m["type"] for m in out.messages if m.get("stream") == STREAM]
    assert kinds[:3] == ["SCHEMA", "SCHEMA", "RECORD"]


def test_late_keys(sim, clock):
    """A key that only the last row shows is a column of all of them."""
    serve(sim, row(1), row(2), row(3, lateKey="x"))

    out = run(days(sim), clock)

    assert "late_key" in out.of("SCHEMA", STREAM)[-1]["schema"]["properties"]
    assert [r["late_key"] for r in out.records(STREAM)] == [None, None, "x"]


def test_columns_stay_known(sim, clock):
    """A column that one window showed is in the rows of the next, and in the next run's SCHEMA."""
    serve(sim, row(1, extra="x"))
    serve(sim, row(2))

    out = run(days(sim, 2), clock)
    sim.faults.clear()
    serve(sim, row(3))
    later = run(days(sim, 2), clock, state=out.state, catalog=None)

    assert [r["extra"] for r in out.records(STREAM)] == ["x", None]
    assert "extra" in later.of("SCHEMA", STREAM)[0]["schema"]["properties"]


@pytest.mark.parametrize("drift", ["ignore", "fail"])
def test_schema_drift(sim, clock, drift):
    """`ignore` leaves undeclared keys out, `fail` fails the window before a row of it leaves."""
    out = run(days(sim, schema_drift=drift), clock)

    if drift == "fail":
        assert isinstance(failure(out), DriftError)
        assert "channel" in str(failure(out))
        assert out.records(STREAM) == []
        assert out.bookmark(STREAM) is None
    else:
        assert out.error is None
        assert len(out.of("SCHEMA", STREAM)) == 1
        assert {key for r in bare(out.records(STREAM)) for key in r} == {
            *("id", "type", "date_from", "date_to", "bot_id", "agent_id", "duration")
        }


def test_two_keys_of_one_name(sim, clock):
    """Keys that would be one column are two."""
    serve(sim, row(1, extraField="a", extra_field="b"))

    out = run(days(sim), clock)

    (record,) = bare(out.records(STREAM))
    assert (record["extra_field"], record["extra_field_2"]) == ("a", "b")


def test_the_key(sim):
    """A conversation is known by its id; the bookmark is the end of its window."""
    (entry,) = (e for e in catalog(STREAM)["streams"] if e["tap_stream_id"] == STREAM)
    (table,) = (m["metadata"] for m in entry["metadata"] if not m["breadcrumb"])

    assert list(entry["key_properties"]) == ["id"]
    assert entry["replication_key"] == "_window_end"
    assert table["selected"] is True


# Settings


def problems(own: dict[str, Any], **config: Any) -> tuple[str, ...]:
    """Return what is said to be wrong with some settings."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config={**OFFLINE, "analytics_exports": own, **config})
    return caught.value.problems


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"exports": [{"name": "voice"}]}, ["'voice' has no filter"]),
        ({"exports": [{"name": "voice", "filter": " "}]}, ["'voice' has no filter"]),
        ({"exports": [{"name": STREAM, "filter": ""}]}, [f"'{STREAM}' has no filter"]),
        (
            {"exports": [{"name": "Voice Calls", "filter": "x"}]},
            ["exports.0.name", "small letters"],
        ),
        (
            {"exports": [{"name": "v", "filter": "x"}, {"name": "v", "filter": "y"}]},
            ["exports.1.name", "twice"],
        ),
        ({"exports": [{"filter": "x"}]}, ["exports.0", "name"]),
        ({"exports": [{"name": "v", "filter": "x", "formt": "csv"}]}, ["formt", "'format'"]),
        ({"export": []}, ["analytics_exports.export", "'exports'"]),
        ({"exports": [{"name": "v", "filter": "x", "format": "xml"}]}, ["json, csv"]),
        ({"exports": [{"name": "v", "filter": "x", "compression": "zip"}]}, ["gzip, none"]),
        ({"exports": [{"name": "v", "filter": "x", "columns": {"a": "text"}}]}, ["columns.a"]),
        ({"window_days": 31}, ["window_days", "at most 30"]),
        ({"window_days": 0}, ["window_days", "at least 1"]),
        ({"max_concurrent": 4}, ["max_concurrent", "at most 3"]),
        ({"max_concurrent": 0}, ["max_concurrent", "at least 1"]),
        ({"scopes": "analytics:export:read"}, ["scopes", "array"]),
    ],
)
def test_mistakes(own, words):
    """Every mistake is one problem that names the setting."""
    (problem,) = problems(own)

    assert all(word in problem for word in words)


@pytest.mark.parametrize("name", ["qm_workflows", "copilot_auto_summaries", "quarantine"])
def test_names_of_other_streams(name):
    """An export must not have the name of another family's stream."""
    (problem,) = problems({"exports": [{"name": name, "filter": "x eq 'y'"}]})

    assert f"'{name}'" in problem
    assert "another name" in problem


def test_without_an_application():
    """Without credentials the error names them."""
    with pytest.raises(ConfigError, match="client_id, client_secret"):
        TapCXone(config={}, catalog=catalog(STREAM))


def test_an_own_export(simulate, clock):
    """An entry with a new name is a stream of its own beside the built-in one."""
    sim = simulate(rows_per_day=48)
    own = {"window_days": 1, "exports": [{"name": "voice_calls", "filter": "type eq 'voice'"}]}

    out = run(days(sim, 2, analytics_exports=own), clock, STREAM, "voice_calls")

    assert out.error is None
    assert {r["type"] for r in out.records("voice_calls")} == {"voice"}
    assert ids(out) == [r["id"] for r in truth(sim, 2)]
    assert sim.conflicts == 0


def test_an_export_of_another_type(sim, clock):
    """An export of another type requires its key alone, and declares nothing."""
    own = {"exports": [{"name": "intents", "export_type": "intent", "filter": "type eq 'bot'"}]}
    serve(sim, {"id": "a", "x": 1}, {"id": "b"})

    out = run(days(sim, analytics_exports=own), clock, "intents", "quarantine")

    assert out.error is None
    assert bodies(sim)[0]["exportType"] == "intent"
    assert bare(out.records("intents")) == [{"id": "a", "x": "1"}, {"id": "b", "x": None}]


def test_the_built_in_export_changed(sim, clock):
    """An entry with its name changes what it gives, and leaves the rest."""
    config = export(sim, filter="type eq 'bot' and channel eq 'sms'", columns={"turns": "integer"})

    out = run(config, clock)

    wanted = [r for r in truth(sim) if r["channel"] == "sms"]
    assert out.error is None
    assert ids(out) == [r["id"] for r in wanted]
    assert [r["turns"] for r in out.records(STREAM)] == [r["turns"] for r in wanted]
    assert bodies(sim)[0]["compression"] == "gzip"


def test_discovery_touches_no_network(sim):
    """Streams are known without a request."""
    select(days(sim), STREAM)

    assert sim.requests == []


def test_messages_hold_no_secret(sim, clock, caplog):
    """Neither the secret nor a token is in what is logged."""
    caplog.set_level(logging.DEBUG)
    sim.faults.add(Fault("download", "corrupt-gzip"), Fault("poll", "status", status=500))

    run(days(sim, 2), clock)

    assert Credentials.CLIENT_SECRET not in caplog.text
    assert "sim-access-token" not in caplog.text


def test_what_lanes_asked_for_ahead_stays_pending(sim, clock):
    """A window that fails costs no job that its worker had asked for meanwhile."""
    wrong = {"window_days": 1, "exports": [{"name": STREAM, "columns": {"id": "integer"}}]}
    first = run(days(sim, 5, parallel_families=True, analytics_exports=wrong), clock)
    asked = {body["query"]["dateFrom"] for body in bodies(sim)}
    assert isinstance(failure(first), InvalidRecords)
    pending = first.state["bookmarks"][STREAM]["pending_jobs"]
    assert len(pending) == len(asked)

    second = run(days(sim, 5, parallel_families=True), clock, state=first.state)

    assert second.error is None
    assert ids(second) == [r["id"] for r in truth(sim, 5)]
    assert len(submits(sim)) == 5

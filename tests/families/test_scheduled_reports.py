"""Scheduled reports: their definitions, their runs, and what rows become of the results."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import logging
import signal
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    AuthError,
    ConfigError,
    CXoneError,
    DownloadError,
    DriftError,
    Interrupted,
    JobFailed,
    JobTimeout,
    PermissionDenied,
)
from tap_cxone.simulator import Credentials, Fault, Options, Simulator
from tap_cxone.tap import TapCXone
from tests.support.run import FakeClock, Killed, run_tap, select
from tests.support.scheduled_reports import (
    DAY,
    LISTED,
    METRICS,
    OFFLINE,
    OTHER,
    QUARANTINE,
    QUEUES,
    SCHEDULES,
    SECOND,
    START,
    STREAM,
    TOKEN,
    Going,
    Turning,
    answer,
    body,
    days,
    definition,
    deletes,
    done,
    failure,
    figures,
    lists,
    logins,
    looks,
    marks,
    pages,
    posts,
    puts,
    ranges,
    row,
    run,
    starts,
    sums,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.run import Output

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def hasty() -> None:
    """Let polls come too soon in a test of something else."""


@pytest.fixture
def simulate(
    simulate: Callable[..., Simulator], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Simulator]]:
    """Return what starts simulators, none of which may be asked too often in the end."""
    running: list[Simulator] = []

    def start(**options: Any) -> Simulator:
        running.append(simulate(**options))
        return running[-1]

    yield start
    if "hasty" not in request.fixturenames:
        assert [sim.fast_polls for sim in running] == [0] * len(running)


def whole(out: Output, sim: Simulator, number: int = 1, window: int = 1) -> bool:
    """Tell whether a run ended well, and its rows are the truth of so many days, each once."""
    records = out.records(STREAM)
    assert out.error is None
    assert len(figures(records)) == len(records)
    return figures(records) == sums(sim, number, window=window)


# The login


def test_login(sim, clock):
    """The login is a form with the application's credentials and the two scopes."""
    assert run(days(sim), clock).error is None

    (login,) = logins(sim)
    assert parse_qs(login.body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
        "scope": ["analytics:reports:read analytics:reports:write"],
    }


@pytest.mark.parametrize("scopes", [["analytics:reports:read", "analytics:export:read"], []])
def test_scopes(sim, clock, scopes):
    """Scopes that are set are asked for in place of those; an empty list asks for all."""
    run(days(sim, own={"scopes": scopes}), clock)

    form = parse_qs(logins(sim)[0].body.decode())
    assert form.get("scope", []) == ([" ".join(scopes)] if scopes else [])


def test_scopes_that_are_not_granted(simulate, clock):
    """A login refused for its scopes names the setting."""
    sim = simulate(granted_scopes=("analytics:reports:read",))

    out = run(days(sim), clock)

    assert isinstance(failure(out), AuthError)
    assert "scopes" in str(failure(out)).partition("check")[2]


@pytest.mark.parametrize("granted", ["analytics:reports:read", "analytics:reports:write"])
def test_missing_scope(simulate, clock, granted):
    """An application without one of the scopes is told which it needs, and nothing is read."""
    sim = simulate(granted_scopes=(granted,))

    out = run(days(sim, own={"scopes": []}), clock)

    assert isinstance(failure(out), PermissionDenied)
    for scope in ("analytics:reports:read", "analytics:reports:write"):
        assert scope in str(failure(out)).partition("give")[2]
    assert sim.report_runs == []


def test_missing_scope_at_the_run(simulate, clock):
    """The same is said where the schedule is there already and only the run is refused."""
    sim = simulate(granted_scopes=("analytics:reports:read",))
    sim.add_schedule(definition())

    out = run(days(sim, own={"scopes": []}), clock)

    assert isinstance(failure(out), PermissionDenied)
    assert "analytics:reports:write" in str(failure(out))


@pytest.mark.parametrize("place", ["list", "submit", "run", "poll", "page"])
def test_refused_once(simulate, clock, place):
    """A token refused at any step is renewed once, and the step is repeated."""
    sim = simulate(page_size_reports=3)
    sim.faults.add(Fault(place, "status", status=401))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(logins(sim)) == 2
    assert (len(sim.schedules), len(sim.report_runs)) == (1, 1)


def test_renewed_between_pages():
    """A token is renewed at least 60 s before its end, also between two pages."""
    clock = Going(pace=timedelta(seconds=5))
    options = Options(rows_per_day=30, page_size_reports=1, report_token_seconds=200)
    with Simulator(options, clock=clock) as sim:
        out = run(days(sim), clock)

        first, *_, last = pages(sim)
        assert whole(out, sim)
        assert any(first.at < seen.at < last.at for seen in logins(sim))
        assert max(ages(sim)) < timedelta(seconds=140 + 15)  # some of it passes on the way
        assert 401 not in {seen.status for seen in sim.requests}


def ages(sim: Simulator) -> list[timedelta]:
    """Return how old the token was at each request."""
    used = [seen for seen in sim.requests if seen.path != TOKEN]
    return [seen.at - max(t.at for t in logins(sim) if t.at <= seen.at) for seen in used]


@pytest.mark.parametrize("life", [200, 3600])
def test_never_in_its_last_minute(simulate, clock, life):
    """No request carries a token that has less than 60 s to live."""
    sim = simulate(report_token_seconds=life, job_seconds=600)

    out = run(days(sim, 5), clock)

    assert whole(out, sim, 5)
    assert max(ages(sim)) < timedelta(seconds=life - 60)
    assert 401 not in {seen.status for seen in sim.requests}


@pytest.mark.parametrize("number", range(1, 6))
def test_revoked_at_any_time(number):
    """Tokens that end between any two steps of a run cost a login and nothing else."""
    clock = Turning()
    with Simulator(Options(rows_per_day=12, job_seconds=35), clock=clock) as sim:
        clock.at(number, sim.revoke_tokens)

        out = run(days(sim, 3), clock)

        assert whole(out, sim, 3)
        assert len(logins(sim)) == 2
        assert len(sim.report_runs) == 3


# The definition


def test_definition(sim, clock):
    """What is registered is the report, in UTC, over a relative range, to be fetched by the API."""
    assert run(days(sim), clock).error is None

    assert [body(seen) for seen in posts(sim)] == [definition()]


def test_definition_in_full(sim, clock):
    """Type, time, filters and grouping are registered as they are configured."""
    filters = [
        {"dimension": "queueId", "values": ["q_0a17", "q_0b42"], "operator": "notIn"},
        {"dimension": "agentId", "values": ["000012"]},
        {"dimension": "status", "operator": "eq", "values": ["busy"]},
    ]
    entry = {"filters": filters, "schedule": {"type": "weekly", "time": "23:59"}}

    assert run(days(sim, entry=entry), clock).error is None

    (posted,) = map(body, posts(sim))
    assert posted["schedule"] == {"type": "weekly", "time": "23:59", "timezone": "UTC"}
    assert posted["report"]["filters"] == [
        filters[0],
        {**filters[1], "operator": "in"},
        filters[2],
    ]


@pytest.mark.some(5)
@pytest.mark.parametrize("name_filter", ["exact", "contains", "ignored"])
@pytest.mark.parametrize("shape", ["list", "entities", "schedules"])
@pytest.mark.parametrize("key", ["scheduleId", "id"])
def test_found_again(simulate, clock, name_filter, shape, key):
    """A schedule that is there as it should be is used, among others with similar names."""
    sim = simulate(name_filter=name_filter, schedules_shape=shape, schedule_id_key=key)
    for name in (f"{STREAM}_2", f"my_{STREAM}", STREAM.upper(), "x"):
        sim.add_schedule(definition(name, metrics=["talkTime"]))

    outs = [run(days(sim), clock) for _ in range(2)]

    own = [one for one in sim.schedules if one.name == STREAM]
    assert all(whole(out, sim) for out in outs)
    assert [one.versions for one in own] == [1]
    assert (len(sim.schedules), len(posts(sim)), len(puts(sim))) == (5, 1, 0)
    assert {one.schedule_id for one in sim.report_runs} == {own[0].id}


@pytest.mark.some(2)
@pytest.mark.parametrize(
    "changed",
    [
        {"report": {"metrics": ["talkTime", "handleTime", "callsHandled"]}},
        {"report": {"metrics": [*METRICS, "wrapUpTime"]}},
        {"report": {"dimensions": ["agentId", "queueId"]}},
        {"report": {"grouping": []}},
        {"report": {"type": "queue"}},
        {"report": {"filters": [{"dimension": "agentId", "values": ["x"], "operator": "in"}]}},
        {"report": {"dateRange": {"type": "relative", "value": "previousWeek"}}},
        {"schedule": {"type": "weekly"}},
        {"schedule": {"time": "05:31"}},
        {"schedule": {"timezone": "America/New_York"}},
    ],
)
def test_changed_when_it_differs(sim, clock, changed):
    """A schedule that says anything else is changed to what is configured, once."""
    there = definition()
    for part, values in changed.items():
        there[part] |= values
    sim.add_schedule(there)

    outs = [run(days(sim), clock) for _ in range(2)]

    (own,) = sim.schedules
    assert all(whole(out, sim) for out in outs)
    assert (own.body, own.versions) == (definition(), 2)
    assert [seen.path for seen in puts(sim)] == [f"{SCHEDULES}/{own.id}"]
    assert posts(sim) == []


@pytest.mark.parametrize("where", ["top", "schedule", "report", "filter", "delivery"])
def test_what_the_api_adds(sim, clock, where):
    """Fields that only the API knows are no difference."""
    filters = [{"dimension": "agentId", "values": ["000012"], "operator": "in"}]
    there = sim.add_schedule(definition(filters=filters))
    shown: Any = {"scheduleId": there.id, **json.loads(json.dumps(there.body))}
    part = {"top": shown, "filter": shown["report"]["filters"][0]}.get(where) or shown[where]
    part |= {"createdBy": "somebody", "version": 3}
    answer(sim, "list", {"entities": [shown]})

    out = run(days(sim, entry={"filters": filters}), clock)

    assert out.error is None
    assert (posts(sim), puts(sim)) == ([], [])


def test_changed_settings(sim, clock):
    """Settings that change are registered by the next run, and that run reads by them."""
    first = run(days(sim), clock)
    entry = {"metrics": ["talkTime"], "grouping": ["agentId"], "dimensions": ["agentId"]}

    second = run(days(sim, 2, entry=entry), clock, state=first.state)

    (own,) = sim.schedules
    found = figures(
        second.records(STREAM), by=["agent_id"], metrics=["talkTime"], columns=["talk_time"]
    )
    wanted = sums(sim, 2, by=["agentId"], metrics=["talkTime"])
    later = (START + DAY).isoformat()
    assert own.versions == 2
    assert found == {key: value for key, value in wanted.items() if key[-1] == later}


def test_once_a_run(sim, clock):
    """However many windows there are, a run looks for its schedule once."""
    assert whole(run(days(sim, 5), clock), sim, 5)

    assert len(starts(sim)) == 5
    assert (len(lists(sim)), len(posts(sim))) == (1, 1)


def test_nothing_to_read(sim, clock):
    """With nothing to read nothing is asked, not even for a token."""
    first = run(days(sim), clock)
    before = len(sim.requests)

    second = run(days(sim), clock, state=first.state)

    assert second.error is None
    assert len(sim.requests) == before


@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ["reply-lost", "malformed-json", "empty", "html", "reset"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_answer_to_the_definition(sim, clock, kind, times):
    """A schedule whose registration got no answer is looked for, not made twice."""
    sim.faults.add(Fault("submit", kind, times=times))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(sim.schedules) == 1


@pytest.mark.parametrize(("kind", "status"), [("reset", None), ("status", 503)])
def test_a_definition_that_never_arrives(sim, clock, kind, status):
    """A registration is repeated as often as the settings say; what it fails with spent nothing."""
    sim.faults.add(Fault("submit", kind, status=status, times=99))

    out = run(days(sim, max_retries=2), clock)

    assert "spent, the next run asks anew" not in str(failure(out))
    assert len(posts(sim)) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 409])
def test_a_refused_definition(sim, clock, status):
    """A registration that failed for a while is repeated, after a look."""
    sim.faults.add(Fault("submit", "status", status=status, times=2))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(sim.schedules) == 1
    assert len(lists(sim)) == len(posts(sim)) == 3


def test_killed_at_the_definition(sim, clock):
    """A run that ended right after the registration left one schedule, which the next one uses."""
    sim.faults.add(Fault("submit", "reply-lost"))
    first = run(days(sim, max_retries=0), clock)

    second = run(days(sim), clock, state=first.state)

    assert first.error is not None
    assert whole(second, sim)
    assert (len(sim.schedules), len(posts(sim))) == (1, 1)


def test_a_definition_that_is_refused(sim, clock):
    """What the API says of a definition it does not take is the error; it is sent once."""
    entry = {"filters": [{"dimension": "shoeSize", "values": ["44"]}]}

    out = run(days(sim, entry=entry, more=[QUEUES]), clock)

    assert isinstance(failure(out), ApiError)
    assert "shoeSize" in str(failure(out)) or "filters[0]" in str(failure(out))
    assert len(out.records(OTHER)) == 3
    assert len([seen for seen in posts(sim) if body(seen)["name"] == STREAM]) == 1


@pytest.mark.parametrize("name_filter", ["exact", "contains", "ignored"])
@pytest.mark.parametrize("key", ["scheduleId", "id"])
def test_two_of_one_name(simulate, clock, name_filter, key):
    """Two schedules of the report's name are an error that lists both; nothing is changed."""
    sim = simulate(name_filter=name_filter, schedule_id_key=key)
    both = [sim.add_schedule(definition()), sim.add_schedule(definition(metrics=["talkTime"]))]

    out = run(days(sim, more=[QUEUES]), clock)

    assert all(one.id in str(failure(out)) for one in both)
    assert STREAM in str(failure(out))
    assert len(out.records(OTHER)) == 3
    assert [one.versions for one in sim.schedules] == [1, 1, 1]
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize("text", ["{}", '{"total": 0}', '"none"', "null", '{"entities": {}}'])
def test_a_list_that_is_none(sim, clock, text):
    """An answer that lists no schedules is an error, and never a reason to make one."""
    answer(sim, "list", text, times=100)

    out = run(days(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert posts(sim) == []


def test_a_list_in_pages(sim, clock):
    """A schedule on the second page of the list is found."""
    there = sim.add_schedule(definition())
    answer(sim, "list", {"entities": [], "nextPageToken": "a/b+c="})
    answer(sim, "list", {"entities": [{"scheduleId": there.id, **definition()}]})

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert [seen.query for seen in lists(sim)] == [
        {"name": STREAM},
        {"name": STREAM, "pageToken": "a/b+c="},
    ]
    assert posts(sim) == []


@pytest.mark.parametrize("tokens", ["a", "ab"])
def test_a_list_without_end(sim, clock, tokens):
    """A list whose pages lead to one another is not followed for ever."""
    for token in list(tokens) * 15:
        answer(sim, "list", {"entities": [], "nextPageToken": token})

    run(days(sim), clock)

    assert len(lists(sim)) < 12


def test_the_update_is_repeated(sim, clock):
    """A change that failed for a while, or whose answer was lost, is sent again."""
    sim.add_schedule(definition(metrics=["talkTime"]))
    sim.faults.add(Fault("update", "status", status=500), Fault("update", "reply-lost"))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert sim.schedules[0].body == definition()


# Settings


def report(**changes: Any) -> dict[str, Any]:
    """Return a report that is right but for these changes; None takes a setting away."""
    right = {"name": "a", "type": "agent", "metrics": ["talkTime"], "dimensions": ["agentId"]}
    return {name: value for name, value in (right | changes).items() if value is not None}


def problems(own: dict[str, Any], **config: Any) -> tuple[str, ...]:
    """Return what is said to be wrong with some settings."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config={**OFFLINE, "scheduled_reports": own, **config})
    assert caught.value.exit_code == 2
    return caught.value.problems


@pytest.mark.parametrize("metric", ["handleTime", "wrapUpTime", "callsHandled", "avgHandleTime"])
@pytest.mark.parametrize("kind", ["agent", "queue", "skill"])
def test_metrics_of_calls(metric, kind):
    """Reports of agents, queues and skills have the metrics of calls, the others do not."""
    own = {"reports": [report(type=kind, metrics=[metric])]}
    TapCXone(config={**OFFLINE, "scheduled_reports": own})

    for other in ("ic", "voicemail"):
        (problem,) = problems({"reports": [report(type=other, metrics=[metric])]})
        assert all(word in problem for word in (f"'{metric}'", kind, other))


@pytest.mark.parametrize("metric", ["messageCount", "avgResponseTime"])
def test_metrics_of_messages(metric):
    """Only reports of interaction channels have the metrics of messages."""
    own = {"reports": [report(type="ic", metrics=[metric])]}
    TapCXone(config={**OFFLINE, "scheduled_reports": own})

    for other in ("agent", "queue", "skill", "voicemail"):
        (problem,) = problems({"reports": [report(type=other, metrics=[metric])]})
        assert f"'{metric}'" in problem
        assert "ic" in problem


@pytest.mark.parametrize("kind", ["agent", "queue"])
def test_talk_time(kind):
    """Agents and queues have a talk time, interaction channels do not."""
    TapCXone(config={**OFFLINE, "scheduled_reports": {"reports": [report(type=kind)]}})

    (problem,) = problems({"reports": [report(type="ic")]})
    assert "messageCount" in problem


def test_unknown_metrics():
    """A metric that nobody knows needs allow_unknown_metrics; a known one keeps its types."""
    own = {"reports": [report(metrics=["talkTime", "shoeSize"])]}
    (problem,) = problems(own)
    assert "shoeSize" in problem
    assert "allow_unknown_metrics" in problem

    TapCXone(config={**OFFLINE, "scheduled_reports": {**own, "allow_unknown_metrics": True}})
    wrong = {"reports": [report(metrics=["messageCount"])], "allow_unknown_metrics": True}
    assert len(problems(wrong)) == 1


def test_unknown_metrics_are_read(sim, clock):
    """What is allowed is registered and read."""
    mails = report(name="mails", type="voicemail", metrics=["voicemailCount"])
    config = days(sim, own={"reports": [mails], "allow_unknown_metrics": True})

    out = run(config, clock)

    found = figures(
        out.records("mails"),
        by=["agent_id"],
        metrics=["voicemailCount"],
        columns=["voicemail_count"],
    )
    assert out.error is None
    assert found == sums(sim, kind="voicemail", by=["agentId"], metrics=["voicemailCount"])


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"reports": [report(metrics=["handleTme"])]}, ["handleTme", "'handleTime'"]),
        ({"reports": [report(metrics=[])]}, ["'a'", "metrics"]),
        ({"reports": [report(metrics=None)]}, ["metrics"]),
        ({"reports": [report(type="agents")]}, ["agents", "agent, queue, skill, ic, voicemail"]),
        ({"reports": [report(type=None)]}, ["type"]),
        ({"reports": [report(dimensions=None)]}, ["dimensions"]),
        ({"reports": [report(grouping=["agentId", "queueId"])]}, ["'queueId'", "dimensions"]),
        ({"reports": [report(grouping=["agentid"])]}, ["'agentid'", "dimensions"]),
        (
            {"reports": [report(filters=[{"dimension": "x", "values": ["y"], "operator": "ne"}])]},
            ["operator", "in, notIn, eq"],
        ),
        ({"reports": [report(filters=[{"dimension": "x"}])]}, ["values"]),
        ({"reports": [report(filters=[{"values": ["x"]}])]}, ["dimension"]),
        ({"reports": [report(schedule={"time": "5:30"})]}, ["time", "5:30"]),
        ({"reports": [report(schedule={"time": "24:00"})]}, ["time", "24:00"]),
        ({"reports": [report(schedule={"time": "05:60"})]}, ["time", "05:60"]),
        ({"reports": [report(schedule={"time": "05:30\n"})]}, ["time"]),
        ({"reports": [report(schedule={"type": "hourly"})]}, ["daily, weekly, monthly"]),
        ({"reports": [report(schedule={"timezone": "UTC"})]}, ["timezone"]),
        ({"reports": [report(name="Agent Report")]}, ["reports.0.name", "small letters"]),
        ({"reports": [report(name="agentReport")]}, ["reports.0.name", "small letters"]),
        ({"reports": [report(), report()]}, ["reports.1.name", "twice"]),
        ({"reports": [report(name=None)]}, ["reports.0", "name"]),
        ({"reports": [report(metrcs=["x"])]}, ["metrcs", "'metrics'"]),
        ({"report": []}, ["scheduled_reports.report", "'reports'"]),
        ({"settle_hour": 5}, ["settle_hour", "'settle_hour_utc'"]),
        ({"window_days": 0}, ["window_days", "at least 1"]),
        ({"poll_interval_seconds": 0}, ["poll_interval_seconds", "more than 0"]),
        ({"job_timeout_minutes": 0}, ["job_timeout_minutes", "more than 0"]),
        ({"scopes": "analytics:reports:read"}, ["scopes", "array"]),
    ],
)
def test_mistakes(own, words):
    """Every mistake is one problem that names the setting."""
    (problem,) = problems(own)

    assert all(word in problem for word in words)


def test_every_mistake_at_once(sim):
    """All problems come together, and nothing was asked."""
    config = days(
        sim,
        entry={"metrics": ["messageCount", "shoeSize"], "grouping": ["x"]},
        own={"window_days": 2},
        lookback_days=1,
    )

    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config)

    assert len(caught.value.problems) == 4
    assert sim.requests == []


def test_lookback_and_long_windows():
    """With lookback_days a window is one day, or days would be counted twice."""
    (problem,) = problems({"reports": [report()], "window_days": 7}, lookback_days=2)
    assert "window_days" in problem
    assert "lookback_days" in problem

    for own, lookback in ((1, 2), (None, 2), (7, 0), (7, None)):
        family = {"reports": [report()], "window_days": own}
        TapCXone(config={**OFFLINE, "scheduled_reports": family, "lookback_days": lookback})


@pytest.mark.parametrize("days_", [[1], {}, "1", True])
def test_days_of_another_kind_beside_a_lookback(days_):
    """A window_days that is no number is a problem of the settings, no fault of the tap."""
    found = problems({"reports": [report()], "window_days": days_}, lookback_days=2)

    assert any("window_days must be" in problem for problem in found)


@pytest.mark.parametrize("name", [LISTED, QUARANTINE, "qm_workflows"])
def test_names_of_other_streams(name):
    """A report must not have the name of another stream."""
    (problem,) = problems({"reports": [report(name=name)]})

    assert f"'{name}'" in problem


def test_discovery_touches_no_network(sim):
    """Streams, keys and columns are known without a request."""
    catalog = select(days(sim), STREAM)

    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == STREAM)
    types = {n: p["type"] for n, p in entry["schema"]["properties"].items() if n[0] != "_"}
    assert set(entry["key_properties"]) == {"agent_id", "queue_id", "_window_start"}
    assert entry["replication_key"] == "_window_end"
    assert {n for n, t in types.items() if "number" in t} == {
        *("handle_time", "talk_time", "calls_handled")
    }
    assert {n for n, t in types.items() if "string" in t} == {
        *("agent_id", "agent_name", "queue_id")
    }
    assert sim.requests == []


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, {"agent_id", "agent_name", "queue_id", "_window_start"}),
        ({"grouping": ["queueId"]}, {"queue_id", "_window_start"}),
        ({"dimensions": []}, {"_window_start"}),
    ],
)
def test_the_key(sim, changes, keys):
    """The key is the grouping, else all dimensions, with the window's start."""
    config = days(sim, entry={"grouping": [], **changes})

    (entry,) = (e for e in select(config, STREAM)["streams"] if e["tap_stream_id"] == STREAM)
    assert set(entry["key_properties"]) == keys


@pytest.mark.parametrize("own", [{}, {"reports": []}])
def test_without_reports(sim, clock, own):
    """Without reports the list of schedules is read, and no report runs."""
    config = {**days(sim), "scheduled_reports": own}

    out = run_tap(config, clock=clock, only=LISTED)

    assert out.error is None
    assert [message["stream"] for message in out.of("SCHEMA")] == [LISTED]
    assert [seen.path for seen in sim.requests] == [TOKEN, SCHEDULES]
    assert sim.report_runs == []


def test_without_an_object(sim, clock, caplog):
    """With everything selected a family without settings is left out; only INFO says so."""
    caplog.set_level(logging.INFO)
    config = days(sim, scheduled_reports=None)
    every = select(config, *TapCXone(config=config).streams)
    caplog.clear()

    out = run_tap(config, clock=clock, catalog=every, cut_after=1)

    told = [r for r in caplog.records if "scheduled_reports" in r.getMessage()]
    assert isinstance(out.error, Killed)
    assert [record.levelno for record in told] == [logging.INFO]
    assert "set scheduled_reports: {}, or" in told[0].getMessage()
    assert not any(seen.path.startswith("/api/v2/analytics/reports") for seen in sim.requests)


def test_without_credentials(sim):
    """Without credentials the error names them."""
    config = days(sim)
    catalog = select(config, STREAM)
    for name in ("client_id", "client_secret"):
        del config[name]

    with pytest.raises(ConfigError, match="client_id, client_secret"):
        TapCXone(config=config, catalog=catalog)


# Runs


def test_a_run_for_each_window(sim, clock):
    """Each run is ordered over whole UTC days, its end not included, and with nothing else."""
    assert whole(run(days(sim, 2), clock), sim, 2)

    (own,) = sim.schedules
    assert [seen.path for seen in starts(sim)] == [f"{SCHEDULES}/{own.id}/runs"] * 2
    assert [body(seen) for seen in starts(sim)] == [
        {
            "dateRange": {
                "type": "absolute",
                "start": f"2026-03-{day}T00:00:00Z",
                "end": f"2026-03-{day + 1}T00:00:00Z",
            }
        }
        for day in (15, 16)
    ]


@pytest.mark.parametrize("start", ["2026-03-15T13:14:15Z", "2026-03-15T23:59:59+00:00"])
def test_whole_days(sim, clock, start):
    """A start inside a day reads that day, an end inside a day does not."""
    config = days(sim, start_date=start, end_date="2026-03-17T23:59:59Z")

    out = run(config, clock)

    assert whole(out, sim, 2)
    assert ranges(sim) == [(15, 16), (16, 17)]
    assert out.bookmark(STREAM) == "2026-03-17T00:00:00+00:00"


def test_windows_of_several_days(sim, clock):
    """A window of several days is one run; the last one has what days are left."""
    out = run(days(sim, 5, own={"window_days": 2}), clock)

    assert whole(out, sim, 5, window=2)
    assert ranges(sim) == [(15, 17), (17, 19), (19, 20)]


@pytest.mark.parametrize(
    ("start", "end", "time", "asked"),
    [
        (15, None, "04:59:59", []),
        (15, None, "05:00:00", [(15, 20)]),
        (12, None, "04:59:59", [(12, 15)]),
        (17, None, "05:00:00", [(17, 20)]),
        (15, 18, "12:00:00", [(15, 18)]),
        (14, 18, "12:00:00", [(14, 15), (15, 18)]),
    ],
)
def test_windows_of_the_calendar(sim, clock, start, end, time, asked):  # noqa: PLR0913, PLR0917
    """Windows of five days end at every fifth day; one that is not over waits, but for end_date."""
    at(clock, time)
    config = long(sim, 1, 5, start_date=f"2026-03-{start}", end_date=end and f"2026-03-{end}")

    out = run(config, clock)

    assert out.error is None
    assert ranges(sim) == asked
    assert out.bookmark(STREAM) == (f"2026-03-{asked[-1][1]}T00:00:00+00:00" if asked else None)


def at(clock: FakeClock, text: str) -> None:
    """Set the clock to a time of 20 March."""
    clock.instant = datetime.fromisoformat(f"2026-03-20T{text}+00:00")


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("time", "hour", "last"),
    [
        ("04:59:59", 5, 19),
        ("05:00:00", 5, 20),
        ("00:00:00", 5, 19),
        ("23:59:59", 5, 20),
        ("02:59:59", 3, 19),
        ("03:00:00", 3, 20),
        ("00:00:00", 0, 20),
        ("06:29:59", 6.5, 19),
        ("06:30:00", 6.5, 20),
        ("04:59:59", 29, 18),
        ("05:00:00", 29, 19),
    ],
)
def test_only_when_final(sim, clock, time, hour, last):
    """A day is asked for from its hour of the next day on, to the second."""
    at(clock, time)

    out = run(days(sim, own={"settle_hour_utc": hour}, end_date=None), clock)

    assert out.error is None
    assert ranges(sim)[-1] == (last - 1, last)
    assert out.bookmark(STREAM) == f"2026-03-{last}T00:00:00+00:00"


def test_figures_that_come_late(simulate, clock):
    """What is read is final, whether a run begins half an hour too early or just in time."""
    sim = simulate(rows_of={"report:agent": 60})
    records, state = [], None
    for time in ("04:30:00", "04:59:40", "05:30:00", "23:00:00"):
        at(clock, time)
        out = run(days(sim, end_date=None), clock, state=state)
        assert out.error is None
        records += out.records(STREAM)
        state = out.state

    assert figures(records) == sums(sim, 5)
    assert ranges(sim) == [(day, day + 1) for day in range(15, 20)]


def test_late_figures_would_show(simulate, clock):
    """The test before tells something: figures that are read too early are others."""
    sim = simulate(rows_of={"report:agent": 60})
    at(clock, "04:30:00")

    out = run(days(sim, end_date=None, own={"settle_hour_utc": 0}), clock)

    assert figures(out.records(STREAM)) != sums(sim, 5)


def test_looking_back(simulate, clock):
    """With lookback_days the last days are read again; rows and bookmark stay what they are."""
    sim = simulate()
    first = run(days(sim, 3), clock)

    second = run(days(sim, 4, lookback_days=2), clock, state=first.state)

    assert ranges(sim)[3:] == [(16, 17), (17, 18), (18, 19)]
    assert figures([*first.records(STREAM), *second.records(STREAM)]) == sums(sim, 4)
    assert marks(second) == sorted(marks(second))


@pytest.mark.some(3)
@pytest.mark.parametrize("words", [("QUEUED", "PROCESSING"), ("Pending", "Running"), (" queued ",)])
@pytest.mark.parametrize("end", ["COMPLETED", "Completed", "completed"])
def test_states_in_any_spelling(simulate, clock, words, end):
    """The words for a state may be written in any way."""
    sim = simulate()
    answer(sim, "poll", *({"state": word} for word in words), {**done(row()), "state": end})

    out = run(days(sim), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(STREAM)] == ["007"]


def test_an_unknown_state(sim, clock):
    """A state that nobody knows is shown as it is; the run stays known for the next time."""
    answer(sim, "poll", {"state": "hibernating"})

    first = run(days(sim), clock)
    clock.sleep(MINUTE)
    second = run(days(sim), clock, state=first.state)

    assert "hibernating" in str(failure(first))
    assert whole(second, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize("seconds", [1, 14, 15, 16, 200, 1700])
def test_polls(simulate, clock, seconds):
    """Polls are at least 15 s apart, grow apart to at most two minutes, and end with the run."""
    sim = simulate(job_seconds=seconds)

    out = run(days(sim), clock)

    times = [starts(sim)[0].at, *(seen.at for seen in looks(sim))]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert whole(out, sim)
    assert min(gaps) >= 15 * SECOND
    assert max(gaps) <= 2 * MINUTE
    assert gaps == sorted(gaps)
    assert times[-1] - times[0] < seconds * SECOND + 2 * MINUTE
    assert seconds < 1000 or gaps[-1] == 2 * MINUTE


def test_polls_of_later_runs(simulate, clock):
    """Polls stay apart when the time of one run tells when to look for the next."""
    sim = simulate(job_seconds=100)

    out = run(days(sim, 5, more=[QUEUES]), clock)

    assert out.error is None
    assert sim.fast_polls == 0


def test_many_runs_wait_for_little_but_their_reports(simulate, clock):
    """Runs of 20 s, looked at 15 s apart at the soonest, take hardly longer than 20 s each."""
    sim = simulate(job_seconds=20)
    began = clock.now()

    assert run(days(sim, number=5, start_date="2026-01-29"), clock).error is None

    assert len(sim.report_runs) == 50
    assert clock.now() - began <= 1.1 * 50 * 20 * SECOND
    assert sim.fast_polls == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault("poll", "status", status=500),
        Fault("poll", "status", status=429, times=3),
        Fault("poll", "reset", times=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_polls_after_one_that_failed(simulate, clock, hasty, fault):
    """Polls stay apart also where one had to be repeated, and so came late."""
    sim = simulate(job_seconds=100)
    sim.faults.add(fault)

    assert whole(run(days(sim), clock), sim)
    assert sim.fast_polls == 0


def test_polls_after_a_damaged_file(simulate, clock, hasty):
    """Polls stay apart also where a damaged file needs a fresh link."""
    sim = simulate(report_result="csv")
    sim.faults.add(Fault("download", "malformed-csv"))

    assert whole(run(days(sim), clock), sim)
    assert sim.fast_polls == 0


def test_a_result_that_is_none(sim, clock):
    """A run that is said to be completed and shows no result is looked at again, not too soon."""
    answer(sim, "poll", {"state": "completed"}, times=2)

    out = run(days(sim), clock)

    gaps = [later.at - sooner.at for sooner, later in itertools.pairwise(looks(sim))]
    assert whole(out, sim)
    assert all(gap >= 15 * SECOND for gap in gaps)


def long(sim: Simulator, number: int, window: int, **changes: Any) -> dict[str, Any]:
    """Return settings for windows of several days."""
    return days(sim, number, own={"window_days": window}, **changes)


def test_a_window_that_is_too_long(simulate, clock, caplog):
    """A run of more than 45 minutes is cancelled and tried with half its days, as a log says."""
    sim = simulate(long_report_days=2)

    out = run(long(sim, 5, 5), clock)

    assert whole(out, sim, 5, window=2)
    assert ranges(sim) == [(15, 20), (15, 17), (17, 19), (19, 20)]
    assert sim.cancelled == [sim.report_runs[0].id]
    (ended,) = deletes(sim)
    assert 45 * MINUTE <= ended.at - starts(sim)[0].at <= 47 * MINUTE
    (told,) = (r for r in caplog.records if "Trying" in r.getMessage())
    assert told.levelno == logging.WARNING
    assert "2 days" in told.getMessage()
    assert "2026-03-15Z to 2026-03-20Z" in told.getMessage()


def test_fewer_days_are_remembered(simulate, clock):
    """The next run begins with the days that went well."""
    sim = simulate(long_report_days=2)
    state = run(long(sim, 5, 5), clock).state
    del state["bookmarks"][STREAM]["replication_key_value"]

    second = run(long(sim, 5, 5, start_date="2026-03-11"), clock, state=state)

    assert second.error is None
    assert ranges(sim)[4:] == [(11, 13), (13, 15), (15, 17), (17, 19), (19, 20)]
    assert len(sim.cancelled) == 1


def test_only_once_a_run(simulate, clock):
    """Half the days are tried once; if they are too many too, the stream fails and says so."""
    sim = simulate(long_report_days=1)

    out = run(long(sim, 5, 5), clock)

    assert isinstance(failure(out), JobTimeout)
    assert "scheduled_reports.job_timeout_minutes" in str(failure(out))
    assert ranges(sim) == [(15, 20), (15, 17)]
    assert sim.cancelled == [one.id for one in sim.report_runs]
    assert out.records(STREAM) == []


def until_done(sim: Simulator, config: dict[str, Any], clock: FakeClock, most: int) -> list[Output]:
    """Run again and again, each time from the last state, until nothing fails."""
    outs: list[Output] = []
    while len(outs) < most and (not outs or outs[-1].error):
        outs.append(run(config, clock, state=outs[-1].state if outs else None))
        clock.sleep(HOUR)
    return outs


def test_down_to_one_day(simulate, clock):
    """Over several runs the days become fewer until they are one."""
    sim = simulate(long_report_days=1)

    outs = until_done(sim, long(sim, 5, 5), clock, 5)

    assert [out.error is None for out in outs] == [False, True]
    assert figures(outs[-1].records(STREAM)) == sums(sim, 5)
    assert ranges(sim)[:3] == [(15, 20), (15, 17), (15, 16)]
    assert len(ranges(sim)) == 2 + 5


def test_down_to_one_day_beside_another_report(simulate, clock):
    """Of two reports each has days of its own, which become fewer all the same."""
    sim = simulate(long_report_days=1)
    config = long(sim, 5, 5, more=[QUEUES])

    outs = until_done(sim, config, clock, 5)

    assert outs[-1].error is None
    assert figures([r for out in outs for r in out.records(STREAM)]) == sums(sim, 5)


def test_days_stay_few_beside_another_report(simulate, clock):
    """Once the days of two reports are one, no run tries more of them again."""
    sim = simulate(long_report_days=1)
    outs = until_done(sim, long(sim, 2, 5, more=[QUEUES]), clock, 6)
    before = len(sim.cancelled)

    later = run(long(sim, 5, 5, more=[QUEUES]), clock, state=outs[-1].state)

    assert later.error is None
    assert len(sim.cancelled) == before


def test_the_rest_of_a_window_is_halved(simulate, clock):
    """Where fewer days are left than a window may have, it is those that are halved."""
    sim = simulate(long_report_days=1)

    out = run(long(sim, 2, 5), clock)

    assert whole(out, sim, 2)
    assert ranges(sim) == [(15, 17), (15, 16), (16, 17)]


def test_one_day_is_not_tried_again(simulate, clock):
    """A run over one day that dies is not ordered again as it was, whatever window_days says."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck", times=9))

    out = run(long(sim, 1, 5), clock)

    assert isinstance(failure(out), JobTimeout)
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize(("own", "minutes"), [({}, 45), ({"job_timeout_minutes": 7}, 7)])
def test_one_day_that_dies(simulate, clock, own, minutes):
    """A run over one day is cancelled when its time is up, and the error says what to do."""
    sim = simulate(job_seconds=31 * 60)
    began = clock.now()

    out = run(days(sim, own=own, more=[QUEUES]), clock, STREAM)

    assert isinstance(failure(out), JobTimeout)
    assert all(
        w in str(failure(out))
        for w in (STREAM, "scheduled_reports.job_timeout_minutes", "cancelled")
    )
    assert sim.cancelled == [sim.report_runs[0].id]
    assert clock.now() - began < (minutes + 3) * MINUTE
    assert "pending_jobs" not in out.state["bookmarks"][STREAM]


def test_others_go_on_after_one_that_dies(simulate, clock):
    """A report whose run dies does not keep the next one from its rows."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck"))

    out = run(days(sim, more=[QUEUES]), clock)

    assert isinstance(failure(out), JobTimeout)
    assert OTHER not in getattr(out.error, "failures", {})
    assert len(out.records(OTHER)) == 3


@pytest.mark.parametrize("status", [404, 500])
def test_a_run_that_cannot_be_cancelled(simulate, clock, status):
    """A run whose time is up is given up in any case, and the error says that it was up."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck"), Fault("cancel", "status", status=status, times=99))
    began = clock.now()

    out = run(days(sim), clock)

    assert "scheduled_reports.job_timeout_minutes" in str(failure(out))
    assert clock.now() - began < 60 * MINUTE


def test_a_dead_run_of_runs_that_are_cut_short(simulate, clock, hasty):
    """A run that is dead ends 45 minutes after its order, however often it is taken up."""
    sim = simulate()
    sim.faults.add(Fault("run", "job-stuck"))
    state: dict[str, Any] | None = None
    ends = clock.now() + 46 * MINUTE
    for _ in range(3):  # a scheduler that allows 20 minutes
        stop = clock.now() + 20 * MINUTE
        state = run(days(sim), _Bounded(clock, stop), state=state).state
        clock.instant = max(clock.instant, stop)

    assert clock.now() > ends
    assert sim.cancelled == [sim.report_runs[0].id]


class _Bounded(FakeClock):
    """A view of a clock that kills the process when a time has come."""

    def __init__(self, clock: FakeClock, stop: datetime) -> None:
        super().__init__(clock.instant)
        self.clock, self.stop = clock, stop

    def now(self) -> datetime:
        return self.clock.now()

    def sleep(self, duration: timedelta) -> None:
        if self.clock.instant + duration > self.stop:
            raise Killed
        self.clock.sleep(duration)


def test_a_failed_run(sim, clock):
    """A run that fails ends the stream with the API's words; others go on, the next run anew."""
    sim.faults.add(Fault("run", "job-failed", body="Too many rows: 1 000 001"))

    first = run(days(sim, more=[QUEUES]), clock)
    second = run(days(sim, more=[QUEUES]), clock, state=first.state)

    assert isinstance(failure(first), JobFailed)
    assert "Too many rows: 1 000 001" in str(failure(first))
    assert first.records(STREAM) == []
    assert len(first.records(OTHER)) == 3
    assert whole(second, sim)


@pytest.mark.parametrize("fate", ["job-failed", "job-lost"])
def test_a_run_that_ended_is_not_cancelled(sim, clock, fate):
    """A run that gives nothing is left as it is: only one whose time is up is cancelled."""
    sim.faults.add(Fault("run", fate))

    out = run(days(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert deletes(sim) == []


@pytest.mark.parametrize("fate", ["job-failed", "job-cancelled", "job-expired", "job-lost"])
def test_a_pending_run_that_is_of_no_use(simulate, clock, fate):
    """A run of an earlier time that gives nothing is started again."""
    sim = simulate()
    cut = run(days(sim), clock, cut_after=3)
    sim.faults.add(Fault("poll", fate))
    clock.sleep(MINUTE)

    out = run(days(sim), clock, state=cut.state)

    assert cut.state["bookmarks"][STREAM]["pending_jobs"]
    assert whole(out, sim)
    assert len(starts(sim)) == 2


def test_a_lost_run(sim, clock):
    """A run that the API no longer knows is started again, by the next run at the latest."""
    sim.faults.add(Fault("run", "job-lost"))

    outs = until_done(sim, days(sim), clock, 2)

    assert whole(outs[-1], sim)
    assert len(starts(sim)) == 2


@pytest.mark.parametrize("after", [0, 1])
def test_a_lost_result(simulate, clock, after):
    """A result that is gone when its pages are read is made again."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", "status", status=404, after=after))

    out = run(days(sim), clock)

    assert whole(out, sim)


def test_results_that_expired(simulate, clock):
    """A pending run whose result is a day old is started again."""
    sim = simulate()
    cut = run(days(sim), clock, cut_after=3)
    clock.sleep(timedelta(hours=25))

    out = run(days(sim), clock, state=cut.state)

    assert whole(out, sim)
    assert len(sim.report_runs) == 2


@pytest.mark.parametrize("key", ["runId", "id"])
def test_the_id_of_a_run(simulate, clock, key):
    """A run's id may have either name."""
    sim = simulate(run_id_key=key)

    assert whole(run(days(sim), clock), sim)


# Orders whose answer was lost


@pytest.mark.some(3)
@pytest.mark.parametrize(
    "fault",
    [
        Fault("run", "reply-lost"),
        Fault("run", "malformed-json"),
        Fault("run", "empty"),
        Fault("run", "html"),
        Fault("run", "reset"),
        Fault("run", "status", status=500),
        Fault("run", "status", status=502),
        Fault("run", "status", status=504),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_lost_answer_to_an_order(sim, clock, fault):
    """An order without an answer counts as spent: not repeated, explained, others go on."""
    sim.faults.add(fault)

    first = run(days(sim, 2, more=[QUEUES]), clock)
    again = run(days(sim, 2, more=[QUEUES]), clock, state=first.state)

    own = next(one.id for one in sim.schedules if one.name == STREAM)
    assert isinstance(failure(first), AmbiguousSubmit)
    assert "counts as spent" in str(failure(first))
    assert first.records(STREAM) == []
    assert len(first.records(OTHER)) == 6
    assert [f"/{own}/" in seen.path for seen in starts(sim)][:2] == [True, False]
    assert whole(again, sim, 2)


@pytest.mark.parametrize("status", [503, 429, 409])
def test_an_order_that_was_not_taken(sim, clock, status):
    """An order that the API says it did not take is sent again."""
    sim.faults.add(Fault("run", "status", status=status, times=2))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(starts(sim)) == 3


# Results


@pytest.mark.parametrize("size", [1, 2, 9, 100])
def test_pages(simulate, clock, size):
    """All pages are read, whatever their size, and none twice."""
    sim = simulate(page_size_reports=size)

    out = run(days(sim), clock)

    tokens = [seen.query["pageToken"] for seen in pages(sim)]
    assert whole(out, sim)
    assert len(tokens) == -(-len(sums(sim)) // size) - 1
    assert len(set(tokens)) == len(tokens)
    assert len(looks(sim)) == 2


def test_just_full_pages(simulate, clock):
    """Pages that are all full are read to their end."""
    sim = simulate(page_size_reports=4)
    number = len(sums(sim))
    sizes = [size for size in range(2, number) if number % size == 0] or [1]
    exact = simulate(page_size_reports=sizes[0])

    assert whole(run(days(exact), clock), exact)
    assert len(pages(exact)) == number / sizes[0] - 1


def test_empty_pages(sim, clock):
    """A page without rows is no end; a missing, null or empty token is one."""
    answer(sim, "poll", done(nextPageToken="a+b/c=&d#"))
    answer(sim, "page", done(row(), nextPageToken="b"), done(nextPageToken="c"))
    answer(sim, "page", done(row(agentId="008"), nextPageToken=None))

    out = run(days(sim), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(STREAM)] == ["007", "008"]
    assert [seen.query["pageToken"] for seen in pages(sim)] == ["a+b/c=&d#", "b", "c"]


def test_a_token_that_repeats(simulate, clock):
    """A token that comes twice is an error, and the stream does not read for ever."""
    sim = simulate(token_quirk="repeat", page_size_reports=2)
    sim.faults.add(Fault("page", "status", status=418, times=99, after=60))  # so that this ends

    out = run(days(sim), clock)

    assert isinstance(failure(out), DownloadError)
    assert "token" in str(failure(out))
    assert out.records(STREAM) == []
    assert len(pages(sim)) < 40
    assert out.bookmark(STREAM) is None


def test_tokens_in_a_circle(sim, clock):
    """Tokens that lead back to one another are an error too."""
    answer(sim, "poll", done(row(), nextPageToken="a"), times=20)
    for _ in range(20):
        answer(sim, "page", done(nextPageToken="b"), done(nextPageToken="a"))

    out = run(days(sim, max_retries=1), clock)

    assert isinstance(failure(out), DownloadError)
    assert out.records(STREAM) == []
    assert len(pages(sim)) < 10


SPOILS = [
    ("status", 429),
    ("status", 500),
    ("status", 502),
    ("status", 503),
    ("status", 401),
    ("malformed-json", None),
    ("empty", None),
    ("html", None),
    ("truncated", None),
    ("reset", None),
    ("reply-lost", None),
]


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "status"), SPOILS)
@pytest.mark.parametrize("after", [0, 2])
def test_a_page_that_fails(simulate, clock, kind, status, after):
    """A page that fails for a while is asked for again; no row is lost or doubled."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", kind, status=status, after=after))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "status"), SPOILS)
def test_a_poll_that_fails(sim, clock, hasty, kind, status):
    """A poll that fails for a while is repeated."""
    sim.faults.add(Fault("poll", kind, status=status))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "status"), SPOILS)
def test_a_page_that_fails_for_ever(simulate, clock, kind, status):
    """Nothing leaves of a result of which a page never comes; the next run needs no new one."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", kind, status=status, times=1000, after=2))

    first = run(days(sim), clock)
    sim.faults.clear()
    clock.sleep(MINUTE)
    second = run(days(sim), clock, state=first.state)

    assert isinstance(failure(first), CXoneError)
    assert first.records(STREAM) == []
    assert first.bookmark(STREAM) is None
    assert whole(second, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize("given", [{}, {"data": None}, {"data": {}}, [], {"state": "failed"}])
def test_a_page_without_rows_of_its_own(simulate, clock, given):
    """A page that holds no list of rows is no page; it is asked for again with the others."""
    sim = simulate(page_size_reports=2)
    answer(sim, "page", given)

    out = run(days(sim), clock)

    assert whole(out, sim)


def test_a_run_that_ends_while_it_is_read(simulate, clock):
    """Nothing leaves of a result that is cancelled between two pages."""
    sim = simulate(page_size_reports=2)
    answer(sim, "page", {"state": "failed", "errorMessage": "Cancelled by the user"})
    sim.faults.add(Fault("poll", "job-failed", body="Gone away", after=2))

    out = run(days(sim), clock)

    assert "Gone away" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.some(3)
@pytest.mark.parametrize("compression", ["none", "gzip-encoding", "gzip-type", "gzip-bare"])
@pytest.mark.parametrize(("newline", "bom"), [("\r\n", True), ("\n", False)])
def test_csv(simulate, clock, compression, newline, bom):
    """A result that is a file gives the same rows as one in pages, however it is packed."""
    how = {"compression": compression, "newline": newline, "bom": bom}
    sims = simulate(report_result="csv", **how), simulate()

    outs = [run(days(sim, 2), clock) for sim in sims]

    bare = [[strip(r) for r in out.records(STREAM)] for out in outs]
    assert whole(outs[0], sims[0], 2)
    assert bare[0] == bare[1]
    files = [seen for seen in sims[0].requests if seen.path.startswith("/files/")]
    assert all("authorization" not in seen.headers for seen in files)
    assert len(files) == 2


def strip(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what depends on when it was read."""
    return {name: value for name, value in record.items() if not name.startswith("_extracted")}


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("expired-link", None),
        ("status", 403),
        ("status", 404),
        ("status", 500),
        ("truncated", None),
        ("reset", None),
        ("reply-lost", None),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_file_that_does_not_come(simulate, clock, kind, status, times):
    """A link that is refused, or a file that breaks off, is followed by a fresh link."""
    sim = simulate(report_result="csv")
    sim.faults.add(Fault("download", kind, status=status, times=times))

    out = run(days(sim), clock)

    files = [seen for seen in sim.requests if seen.path.startswith("/files/")]
    assert whole(out, sim)
    assert len({seen.query["X-Amz-Signature"] for seen in files}) == times + 1
    assert len(sim.report_runs) == 1


def test_a_file_that_never_comes(simulate, clock):
    """A file that never comes whole fails the stream; nothing of it leaves."""
    sim = simulate(report_result="csv")
    sim.faults.add(Fault("download", "truncated", times=1000))

    out = run(days(sim), clock)

    assert isinstance(failure(out), DownloadError)
    assert "max_retries" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.parametrize("kind", ["malformed-csv", "corrupt-gzip"])
def test_a_damaged_file(simulate, clock, hasty, kind):
    """A file that came whole and is damaged is fetched once more."""
    sim = simulate(report_result="csv", compression="gzip-type")
    sim.faults.add(Fault("download", kind))

    out = run(days(sim), clock)

    assert whole(out, sim)
    assert len(sim.report_runs) == 1


# Rows


def test_values(simulate, clock):
    """Dimensions are texts with their leading zeros, metrics numbers, names what they belong to."""
    sim = simulate()

    out = run(days(sim), clock)

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
def test_numbers_are_exact(sim, clock, text, quoted):
    """A metric leaves with the value that the API gave, to the last digit."""
    given = f'"{text}"' if quoted else text
    text_of = json.dumps(done(row()))
    answer(sim, "poll", text_of.replace('"handleTime": 3', f'"handleTime": {given}'))

    (record,) = exactly(days(sim), clock)

    assert Decimal(record["handle_time"]) == Decimal(text)


@pytest.mark.parametrize("text", ["0042", "4.20", "Zoë 😀", " a ", "null", "2026-03-15"])
def test_texts_stay_texts(sim, clock, text):
    """A dimension leaves as it came."""
    answer(sim, "poll", done(row(agentId=text)))

    out = run(days(sim), clock)

    assert [r["agent_id"] for r in out.records(STREAM)] == [text]


def exactly(config: dict[str, Any], clock: FakeClock) -> list[dict[str, Any]]:
    """Return the records of a run, their fractions as they were written."""
    written = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(written)) as out:
        TapCXone(config=config, clock=clock, catalog=select(config, STREAM)).sync_all()
        out.flush()
    lines = [json.loads(line, parse_float=Decimal) for line in written.getvalue().splitlines()]
    return [line["record"] for line in lines if line["type"] == "RECORD"]


def test_rows_that_are_none(sim, clock):
    """What is no row, or has a metric that is no number, goes to the quarantine."""
    answer(sim, "poll", done(row(), row(agentId="008", talkTime="many"), 5, row(agentId="009")))

    out = run(days(sim, max_invalid_ratio=0.9), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(STREAM)] == ["007", "009"]
    assert len(out.records(QUARANTINE)) == 2


def test_a_lone_surrogate(sim, clock):
    """A text that is no Unicode is a matter of its row, no fault of the tap."""
    answer(sim, "poll", json.dumps(done(row(), row(agentId="x\ud800"))), times=3)

    out = run(days(sim, max_invalid_ratio=0.9), clock)

    assert "fault in the tap" not in str(out.error)
    assert out.error is None or "row" in str(out.error)
    assert out.error is not None or out.records(STREAM)[0]["agent_id"] == "007"


def test_a_first_row_that_is_none(sim, clock, hasty):
    """A result whose first row is none loses no other row without a word."""
    answer(sim, "poll", done(5, row(), row(agentId="008")), times=2)

    out = run(days(sim, max_invalid_ratio=0.9), clock)

    if out.error is None:
        assert [r["agent_id"] for r in out.records(STREAM)] == ["007", "008"]
        assert len(out.records(QUARANTINE)) == 1
    else:
        assert isinstance(failure(out), CXoneError)
        assert out.bookmark(STREAM) is None


@pytest.mark.parametrize("result", ["inline", "csv"])
def test_unknown_columns(simulate, clock, result):
    """A column that nobody configured becomes a text, told in a SCHEMA before its rows."""
    sim = simulate(extra_report_columns=("teamName", "Site"), report_result=result)

    out = run(days(sim), clock)

    first, second = out.of("SCHEMA", STREAM)
    new = second["schema"]["properties"].keys() - first["schema"]["properties"].keys()
    assert whole(out, sim)
    assert new == {"team_name", "site"}
    assert all("team_name" in r for r in out.records(STREAM))


@pytest.mark.parametrize("drift", ["ignore", "fail"])
def test_schema_drift(simulate, clock, drift):
    """`ignore` leaves such columns out, `fail` fails the window before a row of it leaves."""
    sim = simulate(extra_report_columns=("teamName",))

    out = run(days(sim, schema_drift=drift), clock)

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
)
def test_empty_days(simulate, clock, options):
    """Days without rows are committed like others."""
    sim = simulate(rows_per_day=0, **options)

    out = run(days(sim, 3), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == (START + 3 * DAY).isoformat()
    assert len(sim.report_runs) == 3


def test_in_the_order_of_time(simulate, clock):
    """Rows leave window by window; a bookmark is the end of the window whose rows have left."""
    sim = simulate(page_size_reports=3)

    out = run(days(sim, 4), clock)

    ends: list[str] = []
    for message in out.messages:
        if message["type"] == "RECORD":
            ends.append(message["record"]["_window_end"])
        if message["type"] == "STATE":
            mark = message["value"]["bookmarks"].get(STREAM, {}).get("replication_key_value", "")
            assert len(ends) == sum(key[-1] < mark for key in sums(sim, 4))
    assert ends == sorted(ends)
    assert list(dict.fromkeys(marks(out))) == [(START + n * DAY).isoformat() for n in range(1, 5)]


def test_read_twice(sim, clock):
    """The same days read a second time, without a state, leave the same rows by their key."""
    first, second = run(days(sim, 3), clock), run(days(sim, 3), clock)

    assert whole(first, sim, 3)
    assert [strip(r) for r in first.records(STREAM)] == [strip(r) for r in second.records(STREAM)]


def test_read_twice_in_long_windows(simulate, clock):
    """The same days in windows of several days leave the same rows, also some days later."""
    sim = simulate()
    config = days(sim, own={"window_days": 3}, end_date=None)
    at(clock, "06:00:00")
    clock.instant -= DAY
    first = run(config, clock)
    clock.instant += DAY
    second = run(config, clock, state=first.state)
    again = run(config, clock)

    kept = figures([r for out in (first, second, again) for r in out.records(STREAM)])
    total = sum(one["callsHandled"] for one in kept.values())
    assert total == sum(one["callsHandled"] for one in sums(sim, 5).values())


def test_filters(sim, clock):
    """Filters choose the rows."""
    (agent, *_), *_ = sums(sim)
    entry = {"filters": [{"dimension": "agentId", "values": [agent], "operator": "notIn"}]}

    out = run(days(sim, entry=entry), clock)

    assert figures(out.records(STREAM)) == {k: v for k, v in sums(sim).items() if k[0] != agent}


@pytest.mark.parametrize("dimensions", [["agentId", "channel", "status"], ["date"], []])
def test_without_grouping(sim, clock, dimensions):
    """Without grouping a row is a group of all dimensions; without these it is the window."""
    out = run(days(sim, 2, entry={"dimensions": dimensions, "grouping": []}), clock)

    by = [{"agentId": "agent_id"}.get(name, name) for name in dimensions]
    assert out.error is None
    assert figures(out.records(STREAM), by=by) == sums(sim, 2, by=dimensions)


def test_dimensions_that_are_not_grouped(sim, clock):
    """A dimension that a group has many values of is null; its column is there all the same."""
    entry = {"dimensions": ["agentId", "status"], "grouping": ["agentId"]}

    out = run(days(sim, entry=entry), clock)

    assert out.error is None
    assert {r["status"] for r in out.records(STREAM)} == {None}
    assert figures(out.records(STREAM), by=["agent_id"]) == sums(sim, by=["agentId"])


@pytest.mark.parametrize("kind", ["queue", "skill"])
def test_other_types(sim, clock, kind):
    """Reports of other types are read the same way."""
    entry = {"type": kind, "metrics": ["callsHandled", "handleTime", "wrapUpTime"]}

    out = run(days(sim, 2, entry=entry), clock)

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

    out = run(days(sim, entry=entry), clock)

    given = sums(sim, kind="ic", metrics=["messageCount", "_responseTime"])
    means = {
        key: (one["_responseTime"] / one["messageCount"]).quantize(Decimal("0.001"))
        for key, one in given.items()
    }
    found = figures(out.records(STREAM), metrics=["avgResponseTime"], columns=["avg_response_time"])
    assert {key: one["avgResponseTime"] for key, one in found.items()} == means


# The schedules


@pytest.mark.parametrize("shape", ["list", "entities", "schedules"])
@pytest.mark.parametrize("key", ["scheduleId", "id"])
def test_schedules(simulate, clock, shape, key):
    """What is registered is listed whole, that of others too."""
    sim = simulate(schedules_shape=shape, schedule_id_key=key)
    for name in ("Somebody's", "Jemandes ä", "x"):
        sim.add_schedule(definition(name))

    out = run(days(sim), clock, LISTED)

    (schema,) = out.of("SCHEMA", LISTED)
    assert out.error is None
    assert schema["key_properties"] == ["schedule_id"]
    assert [
        {
            "scheduleId": r["schedule_id"],
            "name": r["name"],
            **{part: json.loads(r[part]) for part in ("schedule", "report", "delivery")},
        }
        for r in out.records(LISTED)
    ] == [{"scheduleId": one.id, **one.body} for one in sim.schedules]


def test_schedules_are_read_whole(sim, clock):
    """Each run lists all schedules again; what a run registered is there the next time."""
    sim.add_schedule(definition("x"))
    first = run(days(sim), clock, LISTED, STREAM)

    second = run(days(sim), clock, LISTED, STREAM, state=first.state)

    assert [out.error for out in (first, second)] == [None, None]
    assert {r["name"] for r in second.records(LISTED)} == {"x", STREAM}


def test_a_schedule_in_full(sim, clock):
    """Numbers of a schedule keep their digits, what is missing is null."""
    text = '[{"id": 7, "name": "x", "schedule": {"every": 1.50, "n": 3}, "delivery": null}]'
    answer(sim, "list", text)

    out = run(days(sim), clock, LISTED)

    (record,) = out.records(LISTED)
    assert (record["schedule_id"], record["report"], record["delivery"]) == ("7", None, None)
    assert json.loads(record["schedule"]) == {"every": 1.5, "n": 3}


def test_no_schedules(sim, clock):
    """Where nothing is registered the table is empty, and nothing is made."""
    out = run(days(sim), clock, LISTED)

    assert out.error is None
    assert out.records(LISTED) == []
    assert posts(sim) == []


@pytest.mark.parametrize("status", [403, 500])
def test_schedules_that_cannot_be_listed(sim, clock, status):
    """A list that is refused fails the stream and says why."""
    sim.faults.add(Fault("list", "status", status=status, times=9))

    out = run(days(sim), clock, LISTED)

    assert isinstance(failure(out, LISTED), ApiError)
    assert str(status) in str(failure(out, LISTED))
    assert out.records(LISTED) == []


# Interruption


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"page_size_reports": 3}, {"report_result": "csv"}])
def test_killed_after_any_line(simulate, clock, options):
    """Killed after any line and resumed: the same rows by key, one schedule, no run in vain."""
    sim = simulate(rows_per_day=6, **options)
    config = days(sim, 2, more=[QUEUES])
    clean = run(config, clock)
    truth, queues = sums(sim, 2), clean.records(OTHER)
    assert whole(clean, sim, 2)

    for lines in range(1, len(clean.messages)):
        clock.sleep(MINUTE)
        before = len(sim.report_runs)
        cut = run(config, clock, cut_after=lines)
        state = cut.state if cut.states else None
        clock.sleep(MINUTE)
        rest = run(config, clock, state=state)

        assert isinstance(cut.error, Killed)
        assert rest.error is None
        assert figures([*cut.records(STREAM), *rest.records(STREAM)]) == truth
        both = [*cut.records(OTHER), *rest.records(OTHER)]
        assert {(r["queue_id"], r["_window_start"]): r["calls_handled"] for r in both} == {
            (r["queue_id"], r["_window_start"]): r["calls_handled"] for r in queues
        }
        assert len(sim.report_runs) - before == 4
    assert len(sim.schedules) == 2
    assert [one.versions for one in sim.schedules] == [1, 1]


@pytest.mark.slow
def test_killed_while_the_days_become_fewer(simulate, clock):
    """Killed at any line of a run that had to halve its window: the same rows, each once."""
    sim = simulate(long_report_days=1, rows_per_day=4)
    config = long(sim, 3, 2)
    clean = run(config, clock)
    assert whole(clean, sim, 3)

    for lines in range(1, len(clean.messages)):
        cut = run(config, clock, cut_after=lines)
        clock.sleep(MINUTE)
        rest = run(config, clock, state=cut.state if cut.states else None)

        assert rest.error is None
        assert figures([*cut.records(STREAM), *rest.records(STREAM)]) == sums(sim, 3)


def test_a_pending_run_is_taken_up(simulate, clock):
    """A run that was ordered is waited for by the next, however often that is cut short."""
    sim = simulate(job_seconds=900)
    state = None
    for _ in range(3):
        stop = clock.now() + 4 * MINUTE
        state = run(days(sim), _Bounded(clock, stop), state=state).state
        clock.instant = stop + MINUTE

    out = run(days(sim), clock, state=state)

    assert whole(out, sim)
    assert (len(sim.report_runs), sim.cancelled) == (1, [])


def test_a_signal_cancels_no_run():
    """A signal ends the process, not the run: only one whose time is up is cancelled."""

    def ended() -> None:
        raise Interrupted(signal.SIGTERM)

    clock = Turning()
    with Simulator(Options(rows_per_day=12), clock=clock) as sim:
        clock.at(1, ended)

        out = run(days(sim), clock)

        assert isinstance(out.error, Interrupted)
        assert out.error.code == 143
        assert out.messages[-1]["type"] == "STATE"
        (pending,) = out.state["bookmarks"][STREAM]["pending_jobs"]
        assert [pending["id"]] == [one.id for one in sim.report_runs]
        assert sim.cancelled == []


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ({"metrics": [*METRICS, "wrapUpTime"]}, 2),
        ({"filters": [{"dimension": "agentId", "values": ["000012"]}]}, 2),
        ({"schedule": {"time": "07:00"}}, 1),
    ],
)
def test_a_pending_run_of_another_definition(simulate, clock, entry, number):
    """A pending run of another definition is not taken for this one; a schedule is none."""
    sim = simulate()
    cut = run(days(sim), clock, cut_after=3)
    clock.sleep(MINUTE)

    out = run(days(sim, entry=entry), clock, state=cut.state)

    assert cut.state["bookmarks"][STREAM]["pending_jobs"]
    assert out.error is None
    assert len(sim.report_runs) == number


def test_a_pending_run_of_another_tenant(simulate, clock):
    """A state that came from another tenant gives none of its runs: nobody asks for them here."""
    first = run(days(simulate()), clock, cut_after=3)
    other = simulate()

    second = run(days(other), clock, state=first.state)

    (pending,) = first.state["bookmarks"][STREAM]["pending_jobs"]
    assert whole(second, other)
    assert not [seen for seen in other.requests if pending["id"] in seen.path]


def test_pending_days_after_the_setting_changed(simulate, clock):
    """A pending run over more days than windows have now is taken up as it was ordered."""
    sim = simulate()
    cut = run(long(sim, 4, 2), clock, cut_after=3)
    clock.sleep(MINUTE)

    out = run(long(sim, 4, 1), clock, state=cut.state)

    assert out.error is None
    assert ranges(sim) == [(15, 17), (17, 18), (18, 19)]


# Secrets


@pytest.mark.parametrize("result", ["inline", "csv"])
def test_messages_hold_no_secret(simulate, clock, caplog, hasty, result):
    """Neither the secret, nor a token, nor a link's key is in what is logged."""
    caplog.set_level(logging.DEBUG)
    sim = simulate(report_result=result, page_size_reports=3)
    tell = f"{Credentials.CLIENT_SECRET} and what not"
    sim.faults.add(
        Fault("list", "status", status=500, body=tell),
        Fault("poll", "status", status=500, body=tell),
        Fault("page", "status", status=500, body=tell),
        Fault("page", "reset"),
        Fault("download", "expired-link"),
        Fault("download", "status", status=500, body=tell),
        Fault("download", "truncated"),
    )

    out = run(days(sim, 2), clock)

    text = caplog.text + json.dumps(out.messages)
    sent = {seen.headers.get("authorization", "Bearer -----").split()[1] for seen in sim.requests}
    keys = {seen.query.get("X-Amz-Signature", "-----") for seen in sim.requests}
    assert out.error is None
    assert Credentials.CLIENT_SECRET not in text
    assert "sim-access-token" not in text
    assert not any(secret in text for secret in sent - {"-----"})
    assert not any(secret in text for secret in keys - {"-----"})


def test_a_failure_holds_no_secret(simulate, clock, caplog):
    """Nor is one in the words of a failed run, or of a refused one."""
    caplog.set_level(logging.DEBUG)
    sim = simulate()
    told = f"no access with {Credentials.CLIENT_SECRET}"
    sim.faults.add(Fault("run", "job-failed", body=told))
    sim.faults.add(Fault("run", "status", status=400, body=told))

    out = run(days(sim, more=[QUEUES]), clock)

    assert "no access with" in str(failure(out))
    assert "no access with" in str(failure(out, OTHER))
    assert Credentials.CLIENT_SECRET not in str(out.error) + caplog.text

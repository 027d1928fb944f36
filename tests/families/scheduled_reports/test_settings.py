"""Scheduled reports: settings, their mistakes, and discovery."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.streams.family_stream import FamilyStream
from tap_cxone.tap import TapCXone
from tests.support.ids import readable
from tests.support.run import Killed, run_tap, select
from tests.support.scheduled_reports import (
    LISTED,
    OFFLINE,
    QUARANTINE,
    SCHEDULES,
    STREAM,
    TOKEN,
    figures,
    report_settings,
    run_reports,
    sums,
)


def changed_report(**changes: Any) -> dict[str, Any]:
    """Return a report that is right but for these changes; None takes a setting away."""
    right = {"name": "a", "type": "agent", "metrics": ["talkTime"], "dimensions": ["agentId"]}
    return {name: value for name, value in (right | changes).items() if value is not None}


def report_problems(own: dict[str, Any], **config: Any) -> tuple[str, ...]:
    """Return the problems of some settings."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config={**OFFLINE, "scheduled_reports": own, **config})
    assert caught.value.exit_code == 2
    return caught.value.problems


@pytest.mark.parametrize("metric", ["handleTime", "wrapUpTime", "callsHandled", "avgHandleTime"])
@pytest.mark.parametrize("kind", ["agent", "queue", "skill"])
def test_metrics_of_calls(metric, kind):
    """Reports of agents, queues and skills have the metrics of calls, the others do not."""
    own = {"reports": [changed_report(type=kind, metrics=[metric])]}
    TapCXone(config={**OFFLINE, "scheduled_reports": own})

    for other in ("ic", "voicemail"):
        (problem,) = report_problems({"reports": [changed_report(type=other, metrics=[metric])]})
        assert all(word in problem for word in (f"'{metric}'", kind, other))


@pytest.mark.parametrize("metric", ["messageCount", "avgResponseTime"])
def test_metrics_of_messages(metric):
    """Only reports of interaction channels have the metrics of messages."""
    own = {"reports": [changed_report(type="ic", metrics=[metric])]}
    TapCXone(config={**OFFLINE, "scheduled_reports": own})

    for other in ("agent", "queue", "skill", "voicemail"):
        (problem,) = report_problems({"reports": [changed_report(type=other, metrics=[metric])]})
        assert f"'{metric}'" in problem
        assert "ic" in problem


@pytest.mark.parametrize("kind", ["agent", "queue"])
def test_talk_time(kind):
    """Agents and queues have a talk time, interaction channels do not."""
    TapCXone(config={**OFFLINE, "scheduled_reports": {"reports": [changed_report(type=kind)]}})

    (problem,) = report_problems({"reports": [changed_report(type="ic")]})
    assert "messageCount" in problem


@pytest.mark.parametrize(
    ("change", "setting", "reason"),
    [
        (
            {"schedule": {"timezone": "America/New_York"}},
            "schedule.timezone is 'America/New_York'",
            "stored in UTC",
        ),
        (
            {"dateRange": {"type": "absolute", "start": "2026-01-01", "end": "2026-02-01"}},
            "dateRange is absolute",
            "the same days in every run",
        ),
        (
            {"dateRange": {"start": "2026-01-01T00:00:00Z"}},
            "dateRange is absolute",
            "start_date and end_date",
        ),
        (
            {"dateRange": {"startDate": "2026-01-01", "endDate": "2026-02-01"}},
            "dateRange is absolute",
            "start_date and end_date",
        ),
        ({"schedule": {"timezone": "+01:00"}}, "schedule.timezone is '+01:00'", "stored in UTC"),
    ],
    ids=["zone", "absolute", "start alone", "other keys", "offset"],
)
def test_schedule_that_gives_wrong_days_is_refused_with_the_reason(change, setting, reason):
    """Another zone and fixed dates are refused, and the problem says why."""
    (problem,) = report_problems({"reports": [changed_report(**change)]})

    assert setting in problem
    assert reason in problem


def test_unknown_metrics():
    """An unknown metric needs allow_unknown_metrics; a known one keeps its types."""
    own = {"reports": [changed_report(metrics=["talkTime", "shoeSize"])]}
    (problem,) = report_problems(own)
    assert "shoeSize" in problem
    assert "allow_unknown_metrics" in problem

    TapCXone(config={**OFFLINE, "scheduled_reports": {**own, "allow_unknown_metrics": True}})


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": ["messageCount"]},
        {"type": "email"},
        {"filters": [{"dimension": "x", "values": ["y"], "operator": "greaterThan"}]},
    ],
    ids=readable,
)
def test_allow_unknown_metrics_overrides_what_the_tap_knows(change):
    """Metrics of other types, types and operators need one switch, which the problem names."""
    own = {"reports": [changed_report(**change)]}
    (problem,) = report_problems(own)

    assert "scheduled_reports.allow_unknown_metrics" in problem
    TapCXone(config={**OFFLINE, "scheduled_reports": {**own, "allow_unknown_metrics": True}})


@pytest.mark.parametrize(
    ("own", "word"),
    [
        ({"settle_hour_utc": 4.5}, "settle_hour_utc is 4.5"),
        ({"reports": [changed_report(schedule={"time": "02:00"})]}, "'a': schedule.time is 02:00"),
    ],
    ids=readable,
)
def test_report_before_its_figures_are_final_is_warned_of(caplog, own, word):
    """A day that is read, or run by CXone, before 05:00 UTC of the next one may lack rows."""
    TapCXone(config={**OFFLINE, "scheduled_reports": own})

    (warning,) = [r.getMessage() for r in caplog.records if "rows" in r.getMessage()]
    assert word in warning


@pytest.mark.parametrize(
    ("url", "seconds"),
    [("https://api.example.com", 15), ("http://127.0.0.1:1", 2)],
    ids=["another host", "this machine"],
)
def test_runs_of_another_host_are_not_polled_faster_than_every_15_seconds(url, seconds):
    """The minimum of the API holds, unless the API is on this machine."""
    own = {"reports": [changed_report()], "poll_interval_seconds": 2}
    tap = TapCXone(config={**OFFLINE, "scheduled_reports": own, "base_url": url})

    stream = tap.streams["a"]
    assert isinstance(stream, FamilyStream)
    assert stream.family.poll_policy.interval == timedelta(seconds=seconds)


def test_unknown_metrics_are_read(sim, clock):
    """What is allowed is registered and read."""
    mails = changed_report(name="mails", type="voicemail", metrics=["voicemailCount"])
    config = report_settings(sim, own={"reports": [mails], "allow_unknown_metrics": True})

    out = run_reports(config, clock)

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
        ({"reports": [changed_report(metrics=["handleTme"])]}, ["handleTme", "'handleTime'"]),
        ({"reports": [changed_report(metrics=[])]}, ["'a'", "metrics"]),
        ({"reports": [changed_report(metrics=None)]}, ["metrics"]),
        (
            {"reports": [changed_report(type="agents")]},
            ["agents", "agent, queue, skill, ic, voicemail"],
        ),
        ({"reports": [changed_report(type=None)]}, ["type"]),
        ({"reports": [changed_report(dimensions=None)]}, ["dimensions"]),
        (
            {"reports": [changed_report(grouping=["agentId", "queueId"])]},
            ["'queueId'", "dimensions"],
        ),
        ({"reports": [changed_report(grouping=["agentid"])]}, ["'agentid'", "dimensions"]),
        (
            {
                "reports": [
                    changed_report(filters=[{"dimension": "x", "values": ["y"], "operator": "ne"}])
                ]
            },
            ["operator", "in, notIn, eq"],
        ),
        ({"reports": [changed_report(filters=[{"dimension": "x"}])]}, ["values"]),
        ({"reports": [changed_report(filters=[{"values": ["x"]}])]}, ["dimension"]),
        ({"reports": [changed_report(schedule={"time": "5:30"})]}, ["time", "5:30"]),
        ({"reports": [changed_report(schedule={"time": "24:00"})]}, ["time", "24:00"]),
        ({"reports": [changed_report(schedule={"time": "05:60"})]}, ["time", "05:60"]),
        ({"reports": [changed_report(schedule={"time": "05:30\n"})]}, ["time"]),
        ({"reports": [changed_report(schedule={"type": "hourly"})]}, ["daily, weekly, monthly"]),
        ({"reports": [changed_report(schedule={"timezone": "Europe/Berlin"})]}, ["timezone"]),
        ({"reports": [changed_report(name="Agent Report")]}, ["reports.0.name", "small letters"]),
        ({"reports": [changed_report(name="agentReport")]}, ["reports.0.name", "small letters"]),
        ({"reports": [changed_report(), changed_report()]}, ["reports.1.name", "twice"]),
        ({"reports": [changed_report(name=None)]}, ["reports.0", "name"]),
        ({"reports": [changed_report(metrcs=["x"])]}, ["metrcs", "'metrics'"]),
        ({"report": []}, ["scheduled_reports.report", "'reports'"]),
        ({"settle_hour": 5}, ["settle_hour", "'settle_hour_utc'"]),
        ({"window_days": 0}, ["window_days", "at least 1"]),
        ({"poll_interval_seconds": 0}, ["poll_interval_seconds", "more than 0"]),
        ({"job_timeout_minutes": 0}, ["job_timeout_minutes", "more than 0"]),
        ({"scopes": "analytics:reports:read"}, ["scopes", "a list"]),
    ],
    ids=readable,
)
def test_report_setting_wrong_is_one_problem(own, words):
    """Every mistake is one problem that names the setting."""
    (problem,) = report_problems(own)

    assert all(word in problem for word in words)


def test_every_mistake_at_once(sim):
    """All problems are reported together, and no request was sent."""
    config = report_settings(
        sim,
        entry={"metrics": ["messageCount", "shoeSize"], "grouping": ["x"]},
        own={"window_days": 2},
        lookback_days=1,
    )

    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config)

    assert len(caught.value.problems) == 4
    assert sim.requests == []


TOTALS = {"verify_totals": {"metrics": ["talkTime"]}}
SHARED_SCHEDULES = {
    "equal names": ({"schedule_name": "S"}, {"schedule_name": "S"}, "'S'"),
    "name of a stream": ({}, {"schedule_name": "a"}, "'a'"),
    "totals of the first": (TOTALS, {"schedule_name": "a (totals)"}, "'a (totals)'"),
    "totals of the second": ({"schedule_name": "b (totals)"}, TOTALS, "'b (totals)'"),
}


@pytest.mark.parametrize(
    ("first", "second", "name"), SHARED_SCHEDULES.values(), ids=SHARED_SCHEDULES
)
def test_schedule_shared_by_two_reports_is_refused(first, second, name):
    """Two reports with one schedule would change it in turn, so the second one is a problem."""
    reports = [changed_report(**first), changed_report(name="b", **second)]

    (problem,) = report_problems({"reports": reports})

    assert problem.startswith("scheduled_reports.reports, 'b': schedule_name: ")
    assert f"the report 'a' uses the schedule {name} too" in problem


@pytest.mark.ci
def test_lookback_and_long_windows():
    """With lookback_days a window is one day, or days would be counted twice."""
    (problem,) = report_problems({"reports": [changed_report()], "window_days": 7}, lookback_days=2)
    assert "window_days" in problem
    assert "lookback_days" in problem

    for own, lookback in ((1, 2), (None, 2), (7, 0), (7, None)):
        family = {"reports": [changed_report()], "window_days": own}
        TapCXone(config={**OFFLINE, "scheduled_reports": family, "lookback_days": lookback})


@pytest.mark.parametrize("days_", [[1], {}, "1", True], ids=readable)
def test_days_of_another_kind_beside_a_lookback(days_):
    """A window_days that is no number is a problem of the settings, no fault of the tap."""
    found = report_problems({"reports": [changed_report()], "window_days": days_}, lookback_days=2)

    assert any("window_days must be" in problem for problem in found)


@pytest.mark.parametrize("name", [LISTED, QUARANTINE, "qm_workflows"])
def test_report_name_of_another_stream_is_refused(name):
    """A report must not have the name of another stream."""
    (problem,) = report_problems({"reports": [changed_report(name=name)]})

    assert f"'{name}'" in problem


@pytest.mark.promise("offline-discovery")
def test_report_discovery_sends_no_request(sim):
    """Streams, keys and columns are known without a request."""
    catalog = select(report_settings(sim), STREAM)

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
    ids=readable,
)
def test_report_key_is_the_grouping_and_window_start(sim, changes, keys):
    """The key is the grouping, else all dimensions, with the window's start."""
    config = report_settings(sim, entry={"grouping": [], **changes})

    (entry,) = (e for e in select(config, STREAM)["streams"] if e["tap_stream_id"] == STREAM)
    assert set(entry["key_properties"]) == keys


@pytest.mark.parametrize("own", [{}, {"reports": []}], ids=readable)
def test_without_reports(sim, clock, own):
    """Without reports the list of schedules is read, and no report runs."""
    config = {**report_settings(sim), "scheduled_reports": own}

    out = run_tap(config, clock=clock, only=LISTED)

    assert out.error is None
    assert [message["stream"] for message in out.of("SCHEMA")] == [LISTED]
    assert [seen.path for seen in sim.requests] == [TOKEN, SCHEDULES]
    assert sim.report_runs == []


def test_scheduled_reports_without_their_object_are_omitted(sim, clock, caplog):
    """With everything selected a family without settings is omitted; only INFO states it."""
    caplog.set_level(logging.INFO)
    config = report_settings(sim, scheduled_reports=None)
    every = select(config, *TapCXone(config=config).streams)
    caplog.clear()

    out = run_tap(config, clock=clock, catalog=every, cut_after=1)

    told = [r for r in caplog.records if "scheduled_reports" in r.getMessage()]
    assert isinstance(out.error, Killed)
    assert [record.levelno for record in told] == [logging.INFO]
    assert "set scheduled_reports: {}, or" in told[0].getMessage()
    assert not any(seen.path.startswith("/api/v2/analytics/reports") for seen in sim.requests)

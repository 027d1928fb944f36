"""Hours of the day in which a family may be read."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.config.hours import DailyHours
from tap_cxone.errors import ConfigError
from tap_cxone.events.audit_log import AuditContext, AuditLog
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tap_cxone.windows import window_between
from tests.support.examples import json_jobs
from tests.support.expectations import audit_events
from tests.support.run import NOON, FakeClock, run_tap, select

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator


def settings_between(sim: Simulator, number: int, *hours: str, **changes: Any) -> dict[str, Any]:
    """Return settings for so many windows of conversations, to be read between two times."""
    limits = {"window_days": 1, "max_concurrent": 1}
    own = {**limits, "not_before_utc": hours[0], "not_after_utc": hours[1]}
    return json_jobs.export_settings(sim, number, own=own, **changes)


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("08:00", "10:00", ["08:00", "09:59"], ["07:59", "10:00", "23:00"]),
        ("22:00", "05:00", ["22:00", "00:00", "04:59"], ["05:00", "12:00", "21:59"]),
        ("00:00", "05:00", ["00:00", "04:59"], ["05:00", "23:59"]),
        ("22:00", "00:00", ["22:00", "23:59"], ["00:00", "21:59"]),
        ("00:00", "00:00", ["00:00", "23:59"], []),
    ],
    ids=["day", "night", "until", "from", "always"],
)
def test_hours_contain_their_start_and_not_their_end(start, end, inside, outside):
    """Hours are half-open, may pass midnight, and are the whole day by default."""
    hours = DailyHours.parse(start, end)
    at = {text: NOON.replace(hour=int(text[:2]), minute=int(text[3:])) for text in inside + outside}

    assert [text for text in at if hours.contains(at[text])] == inside
    assert all(hours.next_start(at[text]).time() == hours.start for text in outside)
    assert all(timedelta(0) < hours.next_start(at[t]) - at[t] < timedelta(1) for t in outside)


def test_hours_are_those_of_utc():
    """The hours are in UTC, whatever the zone of an instant."""
    instant = datetime.fromisoformat("2026-03-20T23:30:00+05:00")

    assert DailyHours(time(18), time(19)).contains(instant)


def test_run_outside_the_hours_reads_nothing_and_succeeds(sim, clock, audit_log):
    """A run outside the hours sends no request, and the next one reads the windows."""
    config = settings_between(sim, 2, "22:00", "05:00", audit_log_path=str(audit_log))

    first = json_jobs.run_exports(config, clock)
    requests = len(sim.requests)
    clock.instant = NOON.replace(hour=23)
    second = json_jobs.run_exports(config, clock, state=first.state)

    (line,) = audit_events(audit_log, "stream_postponed")
    assert (first.error, second.error) == (None, None)
    assert requests == 0
    assert f"{json_jobs.FAMILY}.not_before_utc" in line["reason"]
    assert "2026-03-20 22:00" in line["reason"]
    assert json_jobs.conversation_ids(second) == [
        row["id"] for row in json_jobs.expected_conversations(sim, 2)
    ]


def test_run_that_leaves_the_hours_keeps_its_windows(simulate, clock):
    """A run that reaches the end of the hours commits what it has read, and no window more."""
    sim = simulate(job_seconds=50 * 60)
    config = settings_between(sim, 3, "12:00", "13:00", job_timeout_minutes=90)

    out = json_jobs.run_exports(config, clock)

    assert out.error is None
    assert out.bookmark(json_jobs.STREAM) == "2026-03-17T00:00:00+00:00"


def test_other_families_are_read_outside_the_hours_of_one(sim, clock):
    """The hours of a family leave the other families alone."""
    config = {
        **tap_settings(sim.url, families=ALL_FAMILIES),
        "start_date": json_jobs.START.isoformat(),
    }
    config[json_jobs.FAMILY] = {"not_before_utc": "22:00"}

    out = run_tap(config, clock=clock, catalog=select(config, json_jobs.STREAM, "qm_workflows"))

    assert out.error is None
    assert out.records("qm_workflows")
    assert out.records(json_jobs.STREAM) == []


def test_time_of_day_of_a_wrong_form_is_a_setting_error(sim):
    """A time of the day is written as 22:30."""
    with pytest.raises(ConfigError, match=rf"{json_jobs.FAMILY}\.not_before_utc"):
        TapCXone(config=settings_between(sim, 1, "10 pm", "05:00"))


def planned(sim: Simulator, clock: FakeClock, *hours: str, **changes: Any) -> Any:
    """Return the plan of the family."""
    config = settings_between(sim, 2, *hours, **changes)
    (plan,) = TapCXone(config=config, clock=clock, catalog=select(config, json_jobs.STREAM)).plans()
    return plan


def test_plan_outside_the_hours_begins_with_them(sim, clock):
    """A plan outside the hours says so, and ends after their start."""
    plan = planned(sim, clock, "22:00", "05:00")

    assert plan.earliest_finish >= NOON.replace(hour=22)
    assert f"a run now reads nothing: {json_jobs.FAMILY} is read from 22:00 to 05:00 UTC" in (
        plan.advice
    )


def write_jobs(path: Path, hour: int, minutes: int, count: int = 3) -> None:
    """Write so many jobs of an hour to an audit log, each with this duration."""
    clock = FakeClock()
    context = AuditContext(AuditLog(str(path), clock), json_jobs.FAMILY, json_jobs.STREAM)
    window = window_between(json_jobs.START, json_jobs.START + timedelta(days=1))
    for number in range(count):
        job = context.for_window(window, f"job {hour} {number}")
        clock.instant = NOON.replace(hour=hour)
        job.write("job_created", latency_ms=0, request={})
        clock.instant += timedelta(minutes=minutes)
        job.write("file_downloaded", bytes=1, rows=1, sha256="")


def test_plan_advises_the_hours_with_short_waits(sim, clock, audit_log):
    """The plan has the hours with the shortest and the longest waits of the audit log."""
    write_jobs(audit_log, 3, 2)
    write_jobs(audit_log, 12, 25)
    write_jobs(audit_log, 20, 90, count=2)

    plan = planned(sim, clock, "00:00", "00:00", audit_log_path=str(audit_log))

    (advice,) = [text for text in plan.advice if "not_before_utc" in text]
    assert "from 03:00 UTC took 2:00 min" in advice
    assert "from 12:00 UTC 25" in advice


def test_plan_without_a_difference_advises_no_hours(sim, clock, audit_log):
    """Waits that hardly differ are no reason for other hours."""
    write_jobs(audit_log, 3, 20)
    write_jobs(audit_log, 12, 25)

    plan = planned(sim, clock, "00:00", "00:00", audit_log_path=str(audit_log))

    assert not any("not_before_utc" in text for text in plan.advice)

"""Scheduled reports: interrupted runs and pending jobs."""

from __future__ import annotations

import signal

import pytest

from tap_cxone.errors import Interrupted
from tap_cxone.simulator import Options, Simulator
from tests.support.clocks import ActingClock
from tests.support.ids import readable
from tests.support.run import Killed
from tests.support.scheduled_reports import (
    METRICS,
    MINUTE,
    OTHER,
    QUEUES,
    STREAM,
    Bounded,
    figures,
    long,
    report_settings,
    run_days,
    run_reports,
    sums,
    whole,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{"page_size_reports": 3}, {"report_result": "csv"}], ids=readable
)
def test_report_run_killed_after_any_line_gives_the_same_rows(simulate, clock, options):
    """Killed after any line and resumed: the same rows by key, one schedule, no run in vain."""
    sim = simulate(rows_per_day=6, **options)
    config = report_settings(sim, 2, more=[QUEUES])
    clean = run_reports(config, clock)
    truth, queues = sums(sim, 2), clean.records(OTHER)
    assert whole(clean, sim, 2)

    for lines in range(1, len(clean.messages)):
        clock.sleep(MINUTE)
        before = len(sim.report_runs)
        cut = run_reports(config, clock, cut_after=lines)
        state = cut.state if cut.states else None
        clock.sleep(MINUTE)
        rest = run_reports(config, clock, state=state)

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
    clean = run_reports(config, clock)
    assert whole(clean, sim, 3)

    for lines in range(1, len(clean.messages)):
        cut = run_reports(config, clock, cut_after=lines)
        clock.sleep(MINUTE)
        rest = run_reports(config, clock, state=cut.state if cut.states else None)

        assert rest.error is None
        assert figures([*cut.records(STREAM), *rest.records(STREAM)]) == sums(sim, 3)


@pytest.mark.promise("pending-jobs")
def test_pending_run_is_resumed(simulate, clock):
    """A run that was ordered is waited for by the next, however often that is cut short."""
    sim = simulate(job_seconds=900)
    state = None
    for _ in range(3):
        stop = clock.now() + 4 * MINUTE
        state = run_reports(report_settings(sim), Bounded(clock, stop), state=state).state
        clock.instant = stop + MINUTE

    out = run_reports(report_settings(sim), clock, state=state)

    assert whole(out, sim)
    assert (len(sim.report_runs), sim.cancelled) == (1, [])


def test_signal_cancels_no_run():
    """A signal ends the process, not the run: only one whose time is up is cancelled."""

    def ended() -> None:
        raise Interrupted(signal.SIGTERM)

    clock = ActingClock()
    with Simulator(Options(rows_per_day=12), clock=clock) as sim:
        clock.at(1, ended)

        out = run_reports(report_settings(sim), clock)

        assert isinstance(out.error, Interrupted)
        assert out.error.code == 143
        assert out.messages[-1]["type"] == "STATE"
        (pending,) = out.state["bookmarks"][STREAM]["pending_jobs"]
        assert [pending["id"]] == [one.id for one in sim.report_runs]
        assert sim.cancelled == []


@pytest.mark.promise("pending-jobs")
@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ({"metrics": [*METRICS, "wrapUpTime"]}, 2),
        ({"filters": [{"dimension": "agentId", "values": ["000012"]}]}, 2),
        ({"schedule": {"time": "07:00"}}, 1),
    ],
    ids=readable,
)
def test_pending_run_of_another_definition_is_not_resumed(simulate, clock, entry, number):
    """A pending run of another definition is not taken for this one; a schedule is none."""
    sim = simulate()
    cut = run_reports(report_settings(sim), clock, cut_after=3)
    clock.sleep(MINUTE)

    out = run_reports(report_settings(sim, entry=entry), clock, state=cut.state)

    assert cut.state["bookmarks"][STREAM]["pending_jobs"]
    assert out.error is None
    assert len(sim.report_runs) == number


def test_pending_days_after_the_setting_changed(simulate, clock):
    """A pending run over more days than windows have now is taken up as it was ordered."""
    sim = simulate()
    cut = run_reports(long(sim, 4, 2), clock, cut_after=3)
    clock.sleep(MINUTE)

    out = run_reports(long(sim, 4, 1), clock, state=cut.state)

    assert out.error is None
    assert run_days(sim) == [(15, 17), (17, 18), (18, 19)]

"""Observability: runs at the same time each night, with as many tables as exports or more."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.families.observability.export_allocation import ExportDemand, allocate_exports
from tap_cxone.tap import TapCXone
from tests.support.observability import (
    AQ,
    AS,
    DAY,
    KB,
    PATHS,
    quota_settings,
    run_tables,
    submitted_days,
    submitted_tables,
)
from tests.support.requests import submits
from tests.support.run import offline_catalog

MINUTE = timedelta(minutes=1)
TWO = datetime(2026, 3, 1, 2, tzinfo=UTC)
THREE = (AQ, AS, KB)


def run_nightly(sim, clock, nights, *streams, order="oldest_first", **family):
    """Run each night at two, every second night three seconds earlier; return the last output."""
    config = quota_settings(sim, "2026-03-01T00:00:00Z", **family) | {"backfill_order": order}
    state, out = None, None
    for night in range(nights):
        clock.instant = TWO + night * DAY - (night % 2) * timedelta(seconds=3)
        out = run_tables(config, clock, *streams, state=state)
        assert out.error is None
        state = out.state
    return out


@pytest.mark.ci
def test_three_tables_a_night_lose_no_export(sim, clock):
    """Each table is exported each night, although the exports of the night before still count."""
    run_nightly(sim, clock, 14, *THREE)

    assert Counter(submitted_tables(sim)) == {PATHS[stream]: 14 for stream in THREE}
    assert sim.quota_violations == 0
    assert all(
        submit.at - submit.at.replace(hour=2, minute=0, second=0) < MINUTE
        for submit in submits(sim)
    )


def test_export_free_too_late_is_left_to_the_next_run(sim, clock):
    """An export is not waited for longer than `quota_wait_minutes`."""
    out = run_nightly(sim, clock, 2, *THREE, quota_wait_minutes=0)

    assert len(submits(sim)) == 3
    assert out.records(AQ) == []


def test_wait_for_an_export_is_logged(sim, clock, caplog):
    """A line says until when the run waits, and which setting bounds it."""
    caplog.set_level("INFO")

    run_nightly(sim, clock, 2, *THREE)

    (text,) = [r.getMessage() for r in caplog.records if "waiting for it" in r.getMessage()]
    assert "the next export is possible at 2026-03-02 02:00 UTC" in text
    assert "(observability.quota_wait_minutes)" in text


@pytest.mark.ci
def test_four_tables_a_night_take_turns(sim, clock):
    """Of four tables that need one export a night, each is left out equally often."""
    run_nightly(sim, clock, 12, *PATHS)

    assert Counter(submitted_tables(sim)) == dict.fromkeys(PATHS.values(), 9)
    assert sim.quota_violations == 0


@pytest.mark.ci
@pytest.mark.parametrize("order", ["oldest_first", "newest_first"], ids=str)
def test_two_tables_that_need_four_exports_a_night_share_three(sim, clock, order):
    """With windows of a day both are read up to the last midnight, and to the end by turns."""
    out = run_nightly(sim, clock, 13, AS, KB, order=order)

    exports = Counter(submitted_tables(sim))
    assert exports.total() >= 3 * 12
    assert abs(exports[PATHS[AS]] - exports[PATHS[KB]]) <= 1
    assert all(str(out.bookmark(stream)) >= "2026-03-13T00:00" for stream in (AS, KB))


def test_newest_first_reads_new_days_of_each_table_before_the_history(sim, clock):
    """A day that the run has read is no demand, so the history of one table delays no other."""
    config = quota_settings(sim, "2026-02-20", quota_wait_minutes=0)
    config["backfill_order"], state = "newest_first", None
    for night in range(2):
        clock.instant = TWO + night * (DAY + 5 * MINUTE)
        state = run_tables(config, clock, KB, AQ, state=state).state

    exports = list(zip(submitted_tables(sim), submitted_days(sim), strict=True))
    first_night, second_night = exports[:3], exports[3:]
    assert {(PATHS[AQ], "2026-03-01"), (PATHS[KB], "2026-03-01")} <= set(first_night)
    assert {PATHS[AQ], PATHS[KB]} == {table for table, _ in second_night}
    assert min(day for _, day in second_night) == "2026-03-01"


def test_plan_of_as_many_tables_as_exports_names_the_wait(sim, clock):
    """`--plan` says that a night needs all exports, and that a run waits for them."""
    config = quota_settings(sim, "2026-03-18T00:00:00Z")
    tap = TapCXone(config=config, clock=clock, catalog=offline_catalog(*THREE))

    (plan,) = tap.plans()

    assert "need all 3 exports" in plan.advice[-1]
    assert "up to 15:00 min (observability.quota_wait_minutes)" in plan.advice[-1]


@pytest.mark.parametrize("stopped", ["first", "second"])
def test_export_goes_to_the_stream_that_waited_most_recently(stopped):
    """Of equally old windows that of the stream comes first that was stopped last."""
    priority = (False, TWO.timestamp())
    times = {stopped: TWO + timedelta(hours=1)}
    demands = [
        ExportDemand(name, [priority], stopped_at=times.get(name, TWO))
        for name in ("first", "second")
    ]

    assert allocate_exports(demands, 1) == {"first": 0, "second": 0, stopped: 1}

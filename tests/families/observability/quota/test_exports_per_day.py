"""Observability: three exports a day, over runs and tables."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tap_cxone.errors import QuotaExhausted, StreamsFailed
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.support.expectations import failure
from tests.support.observability import (
    AS,
    DAY,
    GR,
    HOUR,
    KB,
    OTHER_GR,
    PATHS,
    expected_keys,
    months,
    quota_settings,
    record_keys,
    run_tables,
    submitted_days,
    submitted_tables,
    warnings_about,
)
from tests.support.requests import submits
from tests.support.run import NOON

MICROSECOND = timedelta(microseconds=1)


@pytest.mark.promise("shared-limits")
def test_three_runs(sim, clock, caplog):
    """Exports are counted over runs: three, none an hour later, the rest a day later."""
    config = quota_settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")

    first = run_tables(config, clock)
    assert first.error is None
    assert first.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert submitted_days(sim) == ["2026-03-15", "2026-03-16", "2026-03-17"]
    (warning,) = warnings_about(caplog, "next export")
    assert "2026-03-21 12:00 UTC" in warning

    caplog.clear()
    clock.instant = NOON + HOUR
    second = run_tables(config, clock, state=first.state)
    assert second.error is None
    assert second.records(KB) == []
    assert second.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert len(submits(sim)) == 3
    (warning,) = warnings_about(caplog, "next export")
    assert "2026-03-21 12:00 UTC" in warning

    caplog.clear()
    clock.instant = NOON + DAY + HOUR
    third = run_tables(config, clock, state=second.state)
    assert third.error is None
    assert third.bookmark(KB) == "2026-03-20T00:00:00+00:00"
    assert submitted_days(sim)[3:] == ["2026-03-18", "2026-03-19"]
    assert warnings_about(caplog, "next export") == []

    records = [*first.records(KB), *third.records(KB)]
    assert len(records) == 10
    assert record_keys(records) == expected_keys(sim, KB, date(2026, 3, 15), date(2026, 3, 20))
    assert sim.quota_violations == 0


def test_complete_run_submits_nothing(sim, clock, caplog):
    """A run that has everything already submits nothing and says nothing of the quota."""
    config = quota_settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run_tables(config, clock)

    second = run_tables(config, clock, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 3
    assert warnings_about(caplog, "next export") == []


def test_instant_named_by_the_warning_is_the_first_possible(sim, clock):
    """At the moment that the warning names an export is taken, just before it none is tried."""
    clock.instant = NOON + timedelta(microseconds=900_000)
    config = quota_settings(
        sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z", quota_wait_minutes=0
    )
    first = run_tables(config, clock)
    possible = submits(sim)[0].at + DAY

    clock.instant = possible - MICROSECOND
    early = run_tables(config, clock, state=first.state)
    assert len(submits(sim)) == 3

    clock.instant = possible
    late = run_tables(config, clock, state=early.state)
    assert submits(sim)[3].at == possible
    assert early.error is late.error is None
    assert sim.quota_violations == 0


@pytest.mark.ci
def test_each_export_counts_for_its_own_day(sim, clock):
    """Exports come free one by one, as each is a day old."""
    config = quota_settings(sim, "2026-03-10T00:00:00Z", "2026-03-18T00:00:00Z", exports_per_day=1)
    out = run_tables(config, clock)
    config["observability"]["exports_per_day"] = 3
    hours = [(10, 3), (23, 3), (24, 4), (33, 4), (35, 6), (47, 6), (49, 7)]
    for hour, total in hours:
        clock.instant = NOON + hour * HOUR + timedelta(minutes=5)
        out = run_tables(config, clock, state=out.state)
        assert out.error is None
        assert len(submits(sim)) == total
    assert sim.quota_violations == 0


@pytest.mark.promise("shared-limits")
def test_all_tables_together(sim, clock, caplog):
    """Three exports are three over all tables; one warning is enough."""
    out = run_tables(
        quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z"), clock, *PATHS
    )

    assert out.error is None
    assert sim.exports == len(submits(sim)) == 3
    assert len(warnings_about(caplog, "next export")) == 1
    assert "2026-03-21 12:00 UTC" in warnings_about(caplog, "next export")[0]


@pytest.mark.promise("shared-limits")
def test_exports_of_another_table_are_spent_for_all(sim, clock):
    """What one table spent in an earlier run is spent for the others."""
    config = quota_settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run_tables(config, clock, KB)
    clock.instant += HOUR

    second = run_tables(config, clock, AS, state=first.state)

    assert second.error is None
    assert len(submits(sim)) == 3
    assert sim.quota_violations == 0


@pytest.mark.ci
def test_oldest_windows_first(sim, clock):
    """Exports go to the oldest windows, whichever table they are of."""
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-20T00:00:00Z")
    out = run_tables(config, clock, *PATHS)
    asked = [Counter(submitted_days(sim))]
    for day in (1, 2):
        clock.instant = NOON + day * (DAY + HOUR)
        before = len(submits(sim))
        out = run_tables(config, clock, *PATHS, state=out.state)
        asked.append(Counter(submitted_days(sim)[before:]))

    assert asked == [{"2026-03-18": 3}, {"2026-03-18": 1, "2026-03-19": 2}, {"2026-03-19": 2}]
    assert Counter(submitted_tables(sim)) == dict.fromkeys(PATHS.values(), 2)


def test_table_that_is_behind_gets_every_export(sim, clock):
    """A table that is far behind gets every export before one that is not."""
    first = run_tables(
        quota_settings(sim, "2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"), clock, GR
    )
    clock.instant += DAY
    config = quota_settings(sim, "2026-03-10T00:00:00Z")
    first.state["bookmarks"][GR]["history"] = {"committed": ["2026-03-10/2026-03-20"]}

    second = run_tables(config, clock, KB, GR, state=first.state)

    assert second.error is None
    assert submitted_tables(sim)[1:] == [PATHS[KB]] * 3
    assert second.bookmark(GR) == first.bookmark(GR)


@pytest.mark.ci
@pytest.mark.parametrize("failing", [GR, KB])
def test_table_that_always_fails_starves_no_other(simulate, clock, failing):
    """A table that is refused in every run, for whatever reason, does not starve the others."""
    sim = simulate(forbidden=frozenset({PATHS[failing], OTHER_GR}))
    others = {GR, KB, AS} - {failing}
    first = run_tables(
        quota_settings(sim, "2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"), clock, *others
    )
    state = first.state
    for stream in others:
        state["bookmarks"][stream]["history"] = {"committed": ["2025-12-01/2026-03-20"]}
    for day in (1, 2, 3):
        clock.instant = NOON + day * (DAY + HOUR)
        out = run_tables(months(sim, "2025-12-01T00:00:00Z"), clock, *others, failing, state=state)
        state = out.state
        assert "403" in str(failure(out, failing))

    assert all(str(out.bookmark(stream)) > "2026-03-21" for stream in others)
    assert sim.quota_violations == 0


def test_what_is_done_is_committed(sim, clock):
    """A stop leaves whole windows: each row is written, and the bookmark stands at their end."""
    out = run_tables(quota_settings(sim, "2026-03-10T00:00:00Z"), clock, KB, AS)

    for stream in (KB, AS):
        end = datetime.fromisoformat(str(out.bookmark(stream)))
        records = out.records(stream)
        assert record_keys(records) == expected_keys(sim, stream, date(2026, 3, 10), end)
        assert max(record["_window_end"] for record in records) == out.bookmark(stream)
    assert "pending_jobs" not in out.state["bookmarks"][KB]


def test_to_fail_when_used_up(sim, clock):
    """With `on_quota_exhausted: fail` the streams that stop fail, and say when to come back."""
    config = quota_settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")

    out = run_tables(config | {"on_quota_exhausted": "fail"}, clock)

    assert isinstance(failure(out), QuotaExhausted)
    assert "2026-03-21 12:00 UTC" in str(failure(out))
    assert isinstance(out.error, StreamsFailed)
    assert out.error.exit_code == 1
    assert len(out.records(KB)) == 6
    assert out.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert len(submits(sim)) == 3


@pytest.mark.parametrize("exports", [1, 5])
def test_another_quota(simulate, clock, exports):
    """`exports_per_day` is what a tenant is allowed."""
    sim = simulate(exports_per_day=exports)
    config = quota_settings(sim, "2026-03-10T00:00:00Z", exports_per_day=exports)

    out = run_tables(config, clock)

    assert out.error is None
    assert len(submits(sim)) == exports
    assert sim.quota_violations == 0


@pytest.mark.promise("isolated-failures")
def test_quota_used_up_does_not_stop_other_families(sim, clock):
    """That the dashboard's exports are used up is nothing to the other families."""
    config = {
        **tap_settings(sim.url, families=ALL_FAMILIES),
        "start_date": "2026-03-18T00:00:00Z",
        "end_date": "2026-03-20T00:00:00Z",
    }

    out = run_tables(config, clock, "qm_workflows", "qm_questions", *PATHS)

    assert out.error is None
    assert sim.exports == 3
    for entity in ("qm_workflows", "qm_questions"):
        assert out.bookmark(entity) == "2026-03-20T00:00:00+00:00"


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
def test_many_runs(sim, clock):
    """Run every seven hours the tap never requests a fourth export, and loses nothing."""
    config = months(sim, "2026-01-01T00:00:00Z")
    state = None
    rows: dict[str, dict[str, dict[str, Any]]] = {stream: {} for stream in PATHS}
    for _ in range(16):
        out = run_tables(config, clock, *PATHS, state=state)
        assert out.error is None
        state = out.state
        for stream, found in rows.items():
            found.update({record["_row_hash"]: record for record in out.records(stream)})
        clock.instant += 7 * HOUR

    assert sim.quota_violations == 0
    assert sim.exports == len(submits(sim)) == 12
    for stream, found in rows.items():
        end = datetime.fromisoformat(str(out.bookmark(stream)))
        assert end > NOON - DAY
        assert record_keys(found.values()) == expected_keys(sim, stream, date(2026, 1, 1), end)
        assert len(found) == len(record_keys(found.values()))


def test_overlap_costs_no_export(sim, clock):
    """Nightly runs read the day before the bookmark again, with no export beyond one a night."""
    config = months(sim, "2026-03-10T00:00:00Z", overlap_days=1)
    out = run_tables(config, clock)
    for day in (1, 2):
        clock.instant = NOON + day * (DAY + HOUR)
        out = run_tables(config, clock, state=out.state)

    assert out.error is None
    assert submitted_days(sim) == ["2026-03-10", "2026-03-19", "2026-03-20"]

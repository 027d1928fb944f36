"""Observability: as few exports as the limits allow."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.support.observability import (
    DAY,
    HOUR,
    PATHS,
    expected_keys,
    months,
    record_keys,
    run_tables,
    submitted_tables,
)
from tests.support.run import NOON


@pytest.mark.slow
def test_four_tables_of_a_year(simulate, clock):
    """Without limits four tables of a year are complete in one run, with twelve exports each."""
    unlimited: dict[str, Any] = {"exports_per_day": None, "history_months": None}
    sim = simulate(**unlimited)
    config = months(sim, "2025-03-20T00:00:00Z", **unlimited)

    out = run_tables(config, clock, *PATHS)

    assert out.error is None
    assert Counter(submitted_tables(sim)) == dict.fromkeys(PATHS.values(), 12)
    for stream in PATHS:
        records = out.records(stream)
        end = datetime.fromisoformat(str(out.bookmark(stream)))
        assert NOON - HOUR < end < NOON
        assert record_keys(records) == expected_keys(sim, stream, date(2025, 3, 20), end)
        assert len(records) == len(record_keys(records))


@pytest.mark.ci
def test_four_tables_of_three_months(sim, clock):
    """Within the limits four tables of three months are complete in four days: three a day."""
    config = months(sim, "2025-12-01T00:00:00Z", "2026-03-01T00:00:00Z")
    records: dict[str, list[dict[str, Any]]] = {stream: [] for stream in PATHS}
    state = None
    for day in range(5):
        clock.instant = NOON + day * (DAY + timedelta(minutes=10))
        out = run_tables(config, clock, *PATHS, state=state)
        state = out.state
        assert out.error is None
        assert sim.exports == min(3 * (day + 1), 12)
        for stream, found in records.items():
            found.extend(out.records(stream))

    assert sim.quota_violations == 0
    for stream, found in records.items():
        assert record_keys(found) == expected_keys(sim, stream, date(2025, 12, 1), date(2026, 3, 1))
        assert len(found) == 180

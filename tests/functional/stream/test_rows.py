"""A stream emits each row once, typed, behind its SCHEMA."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.conftest import settings_for
from tests.support.expectations import without_metadata
from tests.support.run import run_tap
from tests.support.streams import ENTITIES, START, typed_rows


@pytest.mark.ci
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_entity_records_equal_the_truth(simulate, clock, mode):
    """Every row of every entity is emitted once, in order, each value with its declared type."""
    sim = simulate(rows_per_day=8)
    config = settings_for(sim, own={"mode": mode})

    out = run_tap(config, clock=clock)

    assert out.error is None
    for stream, entity in ENTITIES.items():
        last = [job for job in sim.jobs if job.spec.entity == entity][-1]
        truth = sim.expected_rows(entity, START, date(2026, 3, 21), last.ready_at)
        assert without_metadata(out.records(stream)) == typed_rows(entity, truth)
        assert len(truth) > 150
    assert sim.limit_violations == 0


def test_rows_fit_the_schema_before_them(sim, clock, config):
    """A SCHEMA with every column of a record is before it, and no column is missing."""
    out = run_tap(config, clock=clock)

    schemas: dict[str, dict[str, Any]] = {}
    for message in out.messages:
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = message["schema"]["properties"]
        if message["type"] == "RECORD":
            assert message["record"].keys() == schemas[message["stream"]].keys()
    assert schemas.keys() == {*ENTITIES, "quarantine"}


def test_rows_name_their_window(sim, clock, config):
    """Every row carries the window it was read with, and falls on a day of it."""
    out = run_tap(config, clock=clock, only="qm_workflows")

    seen = set()
    for record in out.records("qm_workflows"):
        window = record["_window_start"], record["_window_end"]
        seen.add(window)
        assert window[0] <= record["last_updated"]
        assert record["last_updated"][:10] <= window[1][:10]
    assert seen == {
        ("2026-03-01T00:00:00+00:00", "2026-03-15T00:00:00+00:00"),
        ("2026-03-15T00:00:00+00:00", "2026-03-20T11:30:00+00:00"),
    }

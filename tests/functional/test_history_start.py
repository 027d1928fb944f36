"""Begin of the history without `start_date`: that of the first run, whatever is committed later."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Fault
from tests.support.history import DAY, STREAM, Reader

FIRST_DAY = "2026-02-18"  # 30 days before the clock of the tests


@pytest.fixture
def reader(sim, clock, audit_log):
    return Reader(sim, clock, audit_log)


def committed_from(out):
    return out.state["bookmarks"][STREAM]["history"]["committed"][0][:10]


@pytest.mark.parametrize("order", ["newest_first", "oldest_first"], ids=lambda order: order)
def test_interrupted_first_run_without_start_date_is_completed(reader, sim, clock, order):
    """A first run that committed its newest days only leaves older ones to a later run."""
    sim.faults.add(Fault("submit", "status", status=400, after=3, times=1))
    first = reader.run(None, backfill_order="newest_first")
    clock.instant += DAY

    out = reader.run(None, state=first.state, backfill_order=order)

    assert first.error is not None
    assert committed_from(out) == FIRST_DAY
    assert len(out.state["bookmarks"][STREAM]["history"]["committed"]) == 1


def test_reload_before_the_first_day_does_not_move_the_begin(reader, clock):
    """The time between the reloaded day and the first committed one stays unread."""
    out = reader.run(None)
    entry = {"streams": [STREAM], "from": "2025-12-01", "to": "2025-12-02", "id": "old"}
    second = reader.run(None, state=out.state, reload=[entry])
    reader.days()
    clock.instant += DAY

    reader.run(None, state=second.state, reload=[entry])

    assert len(reader.days()) == 2


def test_reload_does_not_move_the_begin_of_a_removed_start_date(reader, clock):
    """A state that was written with a `start_date` begins with its first committed day."""
    out = reader.run(5, 8)
    entry = {"streams": [STREAM], "from": "2026-03-01", "to": "2026-03-02", "id": "old"}
    second = reader.run(None, 8, out.state, reload=[entry])
    reader.days()

    reader.run(None, 8, second.state, reload=[entry])

    assert reader.days() == []

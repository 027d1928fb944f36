"""Lists of a date range: a reload reads whole windows of their grid, and wide ones are halved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tap_cxone.clock import iso_z
from tap_cxone.errors import ResponseTimeout, WindowTooLarge
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.reporting import date_ranges, lists_of, reporting_settings, run_reporting

ONE_TYPE = {"wfm_media_types": [1]}
FIRST = datetime(2026, 3, 18, tzinfo=UTC)
DATES: dict[str, Any] = {"start_date": "2026-03-18", "end_date": "2026-03-20"}
TWO_WEEKS: dict[str, Any] = {"start_date": "2026-03-01", "end_date": "2026-03-15"}
SECOND = "2026-03-19"  # lists read the last day of a bookmark again each time
HOURS = {"from": "2026-03-18T07:10:00Z", "to": "2026-03-18T07:40:00Z"}


@pytest.mark.ci
@pytest.mark.parametrize(
    ("stream", "path", "hours"),
    [
        ("wfm_skills_contacts", "/wfm-data/skills/contacts", (6, 12)),
        ("wfm_skills_dialer_contacts", "/wfm-data/skills/dialer-contacts", (7, 8)),
        ("wfm_agents_scorecards", "/wfm-data/agents/scorecards", (0, 24)),
        ("agent_state_history", "/agents/state-history", (0, 24)),
        ("wfm_agents", "/wfm-data/agents", (0, 24)),
        ("contacts_completed", "/contacts/completed", (0, 24)),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" not in value else "",
)
def test_reload_within_a_window_reads_the_window_of_the_grid(sim, clock, stream, path, hours):
    """Minutes of a day request the window of the grid around them once, and leave nothing."""
    config = reporting_settings(sim, ONE_TYPE, **DATES)
    state, found = run_reporting(config, clock, stream).state, []
    config["reload"] = [{"id": "corrected", "streams": [stream], **HOURS}]

    for _ in range(2):
        before = len(lists_of(sim, path))
        state = run_reporting(config, clock, stream, state=state).state
        queries = [seen.query for seen in lists_of(sim, path)[before:]]
        dates = {(query["startDate"], query["endDate"]) for query in queries}
        found.append({start_and_end for start_and_end in dates if start_and_end[0] < SECOND})

    first, end = (iso_z(FIRST + timedelta(hours=hour)) for hour in hours)
    assert found == [{(first, end)}, set()]
    assert state["bookmarks"][stream]["history"]["reload"] == {"corrected": []}


@pytest.mark.parametrize(
    ("status", "text", "times"),
    [(413, "", 2), (400, "the result is too large", 2), (408, "", 4)],
    ids=["too large", "narrow", "too slow"],
)
def test_list_of_days_that_cannot_be_read_is_halved(sim, clock, status, text, times):
    """The list is requested for half of the days until the API answers, in the same run.

    After a 408 each range is requested twice.
    """
    config = reporting_settings(sim, **TWO_WEEKS)
    sim.faults.add(Fault("page", "status", status=status, body=text, times=times))

    out = run_reporting(config, clock, "wfm_agents")

    ranges = [tuple(map(datetime.fromisoformat, d)) for d in date_ranges(sim, "/wfm-data/agents")]
    days = [(end - start).days for start, end in ranges]
    assert out.error is None
    assert list(dict.fromkeys(days)) == [14, 7, 3, 2]
    assert out.bookmark("wfm_agents") == "2026-03-15T00:00:00+00:00"
    assert out.state["bookmarks"]["wfm_agents"]["narrow_windows"]["days"] == 3


@pytest.mark.parametrize(
    ("status", "error"), [(413, WindowTooLarge), (408, ResponseTimeout)], ids=["large", "slow"]
)
def test_sums_of_a_window_are_not_halved(sim, clock, status, error):
    """A row of an aggregate sums up its window, so the stream fails."""
    config = reporting_settings(sim, **DATES)
    sim.faults.add(Fault("page", "status", status=status, times=9))

    out = run_reporting(config, clock, "agents_performance")

    assert isinstance(failure(out), error)
    assert "narrow_windows" not in out.state["bookmarks"]["agents_performance"]

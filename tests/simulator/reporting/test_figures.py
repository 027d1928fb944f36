"""Generated contacts have the figures of a contact centre."""

from __future__ import annotations

from tap_cxone.simulator.reporting.contacts import make_contact
from tests.support.figures import MONDAY, SEEDS, average_by, seeded


def test_teams_handle_contacts_for_some_minutes_each_in_its_own_time():
    """Between five and eleven minutes; the slowest team takes half as long again as the fastest."""
    rows = [row for seed in SEEDS for row in make_contact(seeded(seed), MONDAY)]
    times = average_by(rows, "teamName", lambda row: row["agentSeconds"] + row["acwSeconds"])

    assert len(times) == 4
    assert all(300 < seconds < 660 for seconds in times.values())
    assert max(times.values()) > 1.4 * min(times.values())

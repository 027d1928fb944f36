"""Generated conversations have the figures of a contact centre."""

from __future__ import annotations

from tap_cxone.simulator.analytics_exports.conversations import SOURCE
from tests.support.figures import MONDAY, SEEDS, average_by, seeded


def test_bots_differ_in_how_many_conversations_they_end():
    """Each ends between 60 and 90 % of its conversations without an agent."""
    rows = [row for seed in SEEDS for row in SOURCE.make_rows(seeded(seed), MONDAY)]
    shares = average_by(rows, "botId", lambda row: row["agentId"] is None)

    assert all(0.6 < share < 0.9 for share in shares.values())
    assert max(shares.values()) - min(shares.values()) > 0.1

"""Generated rows of tables have the figures of a contact centre."""

from __future__ import annotations

from datetime import timedelta
from statistics import fmean

from tap_cxone.simulator.observability.tables import TABLES
from tests.support.figures import MONDAY, SEEDS, seeded

suggestion = TABLES["Copilot/KBTable"].source.make_rows


def accepted_share(week: int) -> float:
    """Return the share of the suggestions of a week that agents used."""
    at = MONDAY + timedelta(weeks=week)
    rows = [row for seed in SEEDS for row in suggestion(seeded(seed), at)]
    return fmean(row["Status"] in {"Used", "Modified"} for row in rows)


def test_acceptance_of_suggestions_changes_by_week_and_repeats():
    """Between 40 and 70 %, with a low eight weeks from the high."""
    shares = [accepted_share(week) for week in range(17)]

    assert all(0.4 < share < 0.7 for share in shares)
    assert max(shares) - min(shares) > 0.1
    assert shares[0] == shares[16]

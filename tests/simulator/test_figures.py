"""Generated rows have the figures of a contact centre."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.analytics_exports.conversations import SOURCE
from tap_cxone.simulator.observability.tables import TABLES
from tap_cxone.simulator.reporting.contacts import make_contact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MONDAY = datetime(2026, 3, 16, tzinfo=UTC)
SEEDS = range(500)
suggestion = TABLES["Copilot/KBTable"].source.make_rows


def average_by(
    rows: Iterable[dict[str, Any]], key: str, value: Callable[[dict[str, Any]], float]
) -> dict[Any, float]:
    """Return the average of a value by the column `key`."""
    groups: dict[Any, list[float]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(value(row))
    return {name: fmean(values) for name, values in groups.items()}


def seeded(seed: int) -> Random:
    """Return the generator of an event."""
    return Random(seed)  # noqa: S311


def accepted_share(week: int) -> float:
    """Return the share of the suggestions of a week that agents used."""
    at = MONDAY + timedelta(weeks=week)
    rows = [row for seed in SEEDS for row in suggestion(seeded(seed), at)]
    return fmean(row["Status"] in {"Used", "Modified"} for row in rows)


def test_teams_handle_contacts_for_some_minutes_each_in_its_own_time():
    """Between five and eleven minutes; the slowest team takes half as long again as the fastest."""
    rows = [row for seed in SEEDS for row in make_contact(seeded(seed), MONDAY)]
    times = average_by(rows, "teamName", lambda row: row["agentSeconds"] + row["acwSeconds"])

    assert len(times) == 4
    assert all(300 < seconds < 660 for seconds in times.values())
    assert max(times.values()) > 1.4 * min(times.values())


def test_acceptance_of_suggestions_changes_by_week_and_repeats():
    """Between 40 and 70 %, with a low eight weeks from the high."""
    shares = [accepted_share(week) for week in range(17)]

    assert all(0.4 < share < 0.7 for share in shares)
    assert max(shares) - min(shares) > 0.1
    assert shares[0] == shares[16]


def test_bots_differ_in_how_many_conversations_they_end():
    """Each ends between 60 and 90 % of its conversations without an agent."""
    rows = [row for seed in SEEDS for row in SOURCE.make_rows(seeded(seed), MONDAY)]
    shares = average_by(rows, "botId", lambda row: row["agentId"] is None)

    assert all(0.6 < share < 0.9 for share in shares.values())
    assert max(shares.values()) - min(shares.values()) > 0.1

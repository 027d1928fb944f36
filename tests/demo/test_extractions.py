"""What the demo extracts: each family once, and whole weeks where weeks are compared."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from demo.run import EXTRACTIONS, start_date
from tap_cxone.families.registry import FAMILIES

WEEKS, RECENT = EXTRACTIONS


def test_demo_extracts_each_family_once():
    """No family is left out, and none is extracted twice."""
    names = [name for extraction in EXTRACTIONS for name in extraction.families]

    assert sorted(names) == sorted(family.name for family in FAMILIES)


@pytest.mark.parametrize("days", range(7), ids=lambda days: f"{date(2026, 3, 16 + days):%A}")
def test_history_of_weeks_begins_with_a_monday(days):
    """On each weekday, the first week is whole, and there are eight before the present one."""
    monday = date(2026, 3, 16)

    assert start_date(WEEKS, monday + timedelta(days=days)) == monday - timedelta(weeks=8)


def test_other_history_begins_yesterday():
    """One day of rows every thirty seconds is enough to read."""
    assert start_date(RECENT, date(2026, 3, 16)) == date(2026, 3, 15)

"""The quota of the dashboard as tests see it: settings, submitted tables, and expected keys."""

from __future__ import annotations

import json
import logging
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support.observability import BASE, FAMILY, PATHS
from tests.support.requests import submits

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from tap_cxone.simulator import Simulator

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def quota_settings(
    sim: Simulator, start: str, end: str | None = None, **family: Any
) -> dict[str, Any]:
    """Return settings for a period, a window a day and no overlap unless said otherwise."""
    return {
        **tap_settings(sim.url, families=FAMILY),
        "start_date": start,
        "end_date": end,
        "observability": {"window_days": 1, "overlap_days": 0, **family},
    }


def months(sim: Simulator, start: str, end: str | None = None, **family: Any) -> dict[str, Any]:
    """Return settings for a period with windows as long as they are by default."""
    return quota_settings(sim, start, end, **family, window_days=None)


def submitted_tables(sim: Simulator) -> list[str]:
    """Return the table of each submit so far."""
    return [re.sub(rf"{BASE}/(.*)/export-data", r"\1", seen.path) for seen in submits(sim)]


def submitted_days(sim: Simulator) -> list[str]:
    """Return the first day of each submit so far."""
    return [json.loads(seen.body)["dateRange"]["startDate"][:10] for seen in submits(sim)]


def warnings_about(caplog: pytest.LogCaptureFixture, about: str) -> list[str]:
    """Return the warnings logged so far that hold some words."""
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    return [text for text in said if about in text]


def record_keys(records: Iterable[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return what tells records apart, as the truth has it."""
    return {(r["interaction_id"], r.get("question_number") or r.get("turn") or "") for r in records}


def expected_keys(
    sim: Simulator, stream: str, start: date | datetime, end: date | datetime
) -> set[tuple[str, ...]]:
    """Return the same of the rows that there are."""
    rows = sim.expected_rows(PATHS[stream], start, end)
    return {
        (row["Interaction ID"], row.get("Question Number") or row.get("Turn") or "") for row in rows
    }

"""Journals as the settings name them, as any process would open them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.config.model import Settings
from tap_cxone.jobs.job import Job, JobOrigin
from tap_cxone.jobs.ledger import create_journal
from tap_cxone.windows import Window
from tests.support.examples import csv_jobs
from tests.support.run import NOON
from tests.support.streams import stream_settings

if TYPE_CHECKING:
    from tap_cxone.clock import Clock
    from tap_cxone.jobs.journal import Journal
    from tap_cxone.simulator import Simulator

DAY = timedelta(days=1)
NEVER = frozenset[Window]().__contains__  # no window was committed


def journal_at(address: str, clock: Clock, *, real_time: bool = False) -> Journal:
    """Return a journal that looks once a second for what it waits for."""
    log = logging.getLogger("journal")
    settings = Settings(journal=address, poll_interval_seconds=1)
    journal = create_journal(settings, clock, log, real_time)
    assert journal is not None
    return journal


def pending_job(name: str = "one", days: int = 0) -> Job:
    """Return a job of one of the days before the present, as a ledger has it."""
    start = datetime(2026, 3, 10, tzinfo=UTC) + days * DAY
    return Job(name, Window(start, start + DAY), NOON, "as asked", JobOrigin.LEDGER)


def journal_settings(sim: Simulator, address: object, **changes: Any) -> dict[str, Any]:
    """Return settings for three windows of one day, with a journal."""
    config = stream_settings(sim, journal=str(address), **changes)
    own = {**config[csv_jobs.FAMILY], "window_days": 1}
    return {**config, "start_date": "2026-03-16", "end_date": "2026-03-19", csv_jobs.FAMILY: own}

"""This tap over one window whose file is given: fetched, spooled, checked, typed, emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault, Options, Simulator
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tests.families import analytics, reporting
from tests.running import FakeClock, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator.faults import Family

JSON = (("Content-Type", "application/json"),)


def of_csv(sim: Simulator) -> tuple[dict[str, Any], str]:
    """Return settings for a table, and its stream."""
    families: tuple[Family, ...] = ("data_extraction",)
    table = {"name": "wide", "entity_name": "wfm-payroll", "version": "1"} | {
        "primary_keys": ["segmentId"],
        "columns": {"startDate": "date-time", "score": "number", "paid": "boolean"},
    }
    days = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    own = {"mode": "async", "entities": [table]}
    return {**tap_settings(sim.url, families=families), **days, "data_extraction": own}, "wide"


def of_json(sim: Simulator) -> tuple[dict[str, Any], str]:
    """Return settings for an export of conversations, and its stream."""
    return analytics.days(sim), analytics.STREAM


def of_pages(sim: Simulator) -> tuple[dict[str, Any], str]:
    """Return settings for a data download, and its stream."""
    return reporting.days(sim), reporting.STREAM


def file(body: bytes | str) -> Fault:
    """Make this the next file."""
    return Fault("download", "bytes", body=body)


def page(text: str) -> Fault:
    """Make this the next page."""
    return Fault("page", "status", status=200, headers=JSON, body=text)


def run(
    settings: Callable[[Simulator], tuple[dict[str, Any], str]], *answers: Fault
) -> Callable[[], None]:
    """Return what runs one stream whose files or pages are given, selected by a catalog."""
    with Simulator(Options(rows_per_day=1), clock=FakeClock()) as sim:
        config, stream = settings(sim)
        catalog = select(config, stream, "quarantine")

    def measured() -> None:
        clock = FakeClock()
        with Simulator(Options(rows_per_day=1), clock=clock) as sim:
            sim.faults.add(*answers)
            config, _ = settings(sim)
            TapCXone(config=config, clock=clock, catalog=catalog).sync_all()

    return measured

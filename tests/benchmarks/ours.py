"""This tap over one window whose file is given: fetched, spooled, checked, typed, emitted."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault, Options, Simulator
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tests.benchmarks import table
from tests.support.examples import csv_jobs, json_jobs, paged_rows
from tests.support.run import FakeClock, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator.faults import FamilyName

FILE = (("Content-Type", "application/octet-stream"),)
PACKED = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))


def of_csv(sim: Simulator) -> tuple[dict[str, Any], str]:
    """Return settings for a table, and its stream."""
    families: tuple[FamilyName, ...] = (csv_jobs.FAMILY,)
    wide = {"name": "wide", "entity_name": "wfm-payroll", "version": "1"} | {
        "primary_keys": ["segmentId"],
        "columns": {title: kind for title, kind in table.CSV.items() if kind != "string"},
    }
    days = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    own = {"mode": "async", "entities": [wide]}
    return {**tap_settings(sim.url, families=families), **days, csv_jobs.FAMILY: own}, "wide"


def of_json(sim: Simulator) -> tuple[dict[str, Any], str]:
    """Return settings for an export of conversations, and its stream."""
    return json_jobs.export_settings(sim), json_jobs.STREAM


def of_pages(sim: Simulator) -> tuple[dict[str, Any], str]:
    """Return settings for a data download, and its stream."""
    return paged_rows.download_settings(sim), paged_rows.STREAM


def file_fault(body: bytes | str) -> Fault:
    """Make this a file, for every caller."""
    return Fault("download", "status", status=200, headers=FILE, body=body)


def page_fault(text: str) -> Fault:
    """Make this the next page, packed on its way."""
    packed = gzip.compress(text.encode(), compresslevel=1, mtime=0)
    return Fault("page", "status", status=200, headers=PACKED, body=packed)


def settings_and_catalog(
    settings: Callable[[Simulator], tuple[dict[str, Any], str]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return settings but for the URL, and the catalog that selects their stream."""
    with Simulator(Options(rows_per_day=1), clock=FakeClock()) as sim:
        config, stream = settings(sim)
        return config, select(config, stream, "quarantine")


def runner(settings: Callable[[Simulator], tuple[dict[str, Any], str]]) -> Callable[[str], None]:
    """Return what runs one stream, selected by a catalog, at a URL."""
    config, catalog = settings_and_catalog(settings)

    def measured(url: str) -> None:
        own = {**config, "base_url": url}
        TapCXone(config=own, clock=FakeClock(), catalog=catalog).sync_all()

    return measured

"""The families as the harness sees them: settings for a few windows, and what was spent on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.settings import tap_settings
from tests.support import analytics_exports as analytics
from tests.support import data_download as reporting
from tests.support import observability as dashboard
from tests.support import reporting as api
from tests.support import scheduled_reports as reports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_cxone.simulator import Simulator

START = datetime(2026, 3, 15, tzinfo=UTC)
DAY = timedelta(days=1)
QUARANTINE = "quarantine"
SAME_WINDOWS = {"overlap_days": 0}
"""A killed run and the next one read the same windows, so each row can be counted."""


@dataclass(frozen=True)
class Work:
    """Something that was spent at the simulator: a job, an export, a run of a report.

    Attributes:
        id: Its name.
        stream: For whom.
        start: What it is about: the first instant.
        about: What it is about, as a whole; equal for what must not run twice at a time.
        begun: When it was accepted.
        done: When it ended.
        once: Whether the API has a list of jobs, so that no two may be active for one window.
        listed: Whether the list tells what it is about, so that it is found without a state.
    """

    id: str
    stream: str
    start: datetime
    about: object
    begun: datetime
    done: datetime
    once: bool = False
    listed: bool = False


@dataclass(frozen=True, eq=False)
class Case:
    """One way to use one family.

    Attributes:
        name: Of the case.
        settings: The settings for so many days from `START` on.
        small: The streams for the fast tests.
        large: The streams for the slow ones.
        works: What was spent so far; empty for a family that spends none.
        pages: The windows that the pages requested so far are of, for a family that reads pages.
        options: What the simulator is like.
        nameless: Whether the answer to a submit is a link, with no job to remember.
        whole: The streams that are read whole each time, without windows.
    """

    name: str
    settings: Callable[[Simulator, int], dict[str, Any]]
    small: tuple[str, ...]
    large: tuple[str, ...]
    works: Callable[[Simulator], list[Work]]
    pages: Callable[[Simulator], list[str]] = lambda _: []
    options: Mapping[str, Any] = field(default_factory=dict)
    nameless: bool = False
    whole: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Name it in the tests' names."""
        return self.name


def _span(number: int) -> dict[str, str]:
    return {"start_date": START.isoformat(), "end_date": (START + number * DAY).isoformat()}


# Data extraction: jobs of a tenant, one at a time; the list tells no order.


def _extraction_case(mode: str) -> Callable[[Simulator, int], dict[str, Any]]:
    def settings(sim: Simulator, number: int) -> dict[str, Any]:
        base = tap_settings(sim.url)
        own = {**base["data_extraction"], "mode": mode, "window_days": 1, **SAME_WINDOWS}
        return {**base, **_span(number), "poll_interval_seconds": 25, "data_extraction": own}

    return settings


def _extractions(sim: Simulator) -> list[Work]:
    return [
        Work(
            job.id,
            job.spec.entity.replace("-", "_"),
            datetime.combine(job.spec.start, datetime.min.time(), UTC),
            job.spec,
            job.submitted_at,
            job.ready_at or datetime.max.replace(tzinfo=UTC),
            once=True,
        )
        for job in sim.jobs
    ]


# Observability: exports under a quota, no list.


def _observability(sim: Simulator, number: int) -> dict[str, Any]:
    own = {"window_days": 1, "exports_per_day": None, **SAME_WINDOWS}
    return {**tap_settings(sim.url, families=dashboard.FAMILY), **_span(number)} | {
        "observability": own
    }


def _exports(sim: Simulator) -> list[Work]:
    streams = {path: stream for stream, path in dashboard.PATHS.items()}
    return [
        Work(
            export.id,
            streams[export.spec.table],
            export.spec.start,
            (export.spec.table, export.spec.start, export.spec.end),
            export.submitted_at,
            export.ready_at or datetime.max.replace(tzinfo=UTC),
        )
        for export in sim.table_exports
    ]


# Analytics exports: three jobs at a time, and a list that tells what they ask for.


def _analytics(sim: Simulator, number: int) -> dict[str, Any]:
    return analytics.export_settings(sim, number, max_invalid_ratio=1.0)


def _analytics_works(sim: Simulator) -> list[Work]:
    return [
        Work(
            export.id,
            analytics.STREAM,
            export.spec.start,
            export.spec,
            export.submitted_at,
            export.ready_at or datetime.max.replace(tzinfo=UTC),
            once=True,
            listed=True,
        )
        for export in sim.analytics_exports
    ]


# Data download: pages, and a catalogue.


def _download(sim: Simulator, number: int) -> dict[str, Any]:
    return reporting.download_settings(sim, number, own={"page_size": 2}, max_invalid_ratio=1.0)


def _pages(sim: Simulator) -> list[str]:
    return [body["filter"]["date"]["from"] for body in reporting.page_bodies(sim)]


# Scheduled reports: runs of a definition that is registered first; no list of runs.


def _reports(sim: Simulator, number: int) -> dict[str, Any]:
    return reports.report_settings(sim, number, more=[reports.QUEUES])


def _runs(sim: Simulator) -> list[Work]:
    names = {schedule.id: str(schedule.body["name"]) for schedule in sim.schedules}
    return [
        Work(run.id, names[run.schedule_id], run.start, run, run.start, run.start)
        for run in sim.report_runs
    ]


# Reporting: pages and files that are responses, and jobs of a report whose list tells no dates.


def _reporting(sim: Simulator, number: int) -> dict[str, Any]:
    dated = api.report_entry(send_dates=True, date_column="Start Date")
    own = {
        "page_size": 2,
        "data_downloads": [{"name": api.CALLS, "lookback_days": 0}],
        "report_jobs": [dated],
    }
    return {**tap_settings(sim.url, families=api.FAMILY), **_span(number), "reporting": own}


def _reporting_pages(sim: Simulator) -> list[str]:
    asked = (seen.query.get("startDate") for seen in sim.requests if seen.path in _WINDOW_PATHS)
    return [start for start in asked if start]


def _report_jobs(sim: Simulator) -> list[Work]:
    return [
        Work(
            job.id,
            api.REPORT,
            job.start,
            (job.start, job.end),
            job.submitted_at,
            job.ready_at or datetime.max.replace(tzinfo=UTC),
        )
        for job in sim.report_jobs.jobs()
    ]


_WINDOW_PATHS = (api.CONTACTS_PATH, f"{api.DOWNLOAD_PATH}/524")

CASES = (
    Case(
        name="extraction-sync",
        settings=_extraction_case("sync"),
        nameless=True,
        small=("qm_workflows",),
        large=("qm_questions", "qm_workflows"),
        works=_extractions,
    ),
    Case(
        name="extraction-async",
        settings=_extraction_case("async"),
        small=("qm_workflows",),
        large=("qm_questions", "qm_workflows"),
        works=_extractions,
    ),
    Case(
        name="observability",
        settings=_observability,
        small=(dashboard.KB,),
        large=(dashboard.KB, dashboard.GR),
        works=_exports,
        options={"exports_per_day": None},
    ),
    Case(
        name="analytics",
        settings=_analytics,
        small=(analytics.STREAM, QUARANTINE),
        large=(analytics.STREAM, QUARANTINE),
        works=_analytics_works,
        options={"invalid_elements": 2, "duplicates": 1},
    ),
    Case(
        name="download",
        settings=_download,
        small=(reporting.STREAM, QUARANTINE),
        large=(reporting.CATALOGUE, reporting.STREAM, QUARANTINE),
        works=lambda _: [],
        pages=_pages,
        options={"bad_values": 1},
        whole=(reporting.CATALOGUE,),
    ),
    Case(
        name="reports",
        settings=_reports,
        small=(reports.STREAM,),
        large=(reports.LISTED, reports.STREAM, reports.OTHER),
        works=_runs,
        options={"page_size_reports": 2},
        whole=(reports.LISTED,),
    ),
    Case(
        name="reporting",
        settings=_reporting,
        small=(api.CALLS, api.CONTACTS, api.REPORT),
        large=("agents", api.CALLS, api.CONTACTS, api.REPORT, "teams"),
        works=_report_jobs,
        pages=_reporting_pages,
        options={"download_zone_hours": 0},
        whole=("agents", "teams"),
    ),
)


def _everything(sim: Simulator, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for case in _TOGETHER:
        found |= case.settings(sim, number)
    return {**found, **_span(number), "poll_interval_seconds": 5}


_TOGETHER = CASES[1:]
EVERYTHING = Case(
    name="everything",
    settings=_everything,
    small=tuple(dict.fromkeys(stream for case in _TOGETHER for stream in case.small)),
    large=tuple(dict.fromkeys(stream for case in _TOGETHER for stream in case.large)),
    works=lambda sim: [work for case in _TOGETHER for work in case.works(sim)],
    pages=lambda sim: [*_pages(sim), *_reporting_pages(sim)],
    options={name: value for case in _TOGETHER for name, value in case.options.items()},
    whole=tuple(stream for case in _TOGETHER for stream in case.whole),
)
"""All families in one run, extraction asynchronously."""

ALL = (*CASES, EVERYTHING)

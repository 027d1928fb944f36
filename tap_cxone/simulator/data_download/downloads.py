"""Pages of data downloads, quotas and the changes of rows between pages."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_download.grouping import report
from tap_cxone.simulator.data_download.interactions import Interactions
from tap_cxone.simulator.data_download.metric_catalog import MetricCatalog
from tap_cxone.simulator.data_download.rate_limit import FixedWindowLimit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.data_download.options import DataDownloadOptions
    from tap_cxone.simulator.data_download.validation import DownloadSpec
    from tap_cxone.simulator.metrics import CustomMetric
    from tap_cxone.simulator.rows import Row

_IDS = ("interactionId", "agentId", "dispositionCode", "queueId")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the rows of a window, with their total number."""

    rows: Sequence[Row]
    total: int


class Downloads:
    """State of the data download API.

    Attributes:
        metric_catalog: The published custom metrics.
        quota: The limit on data downloads per hour.
        rate: The limit on requests per minute; None for no limit.
    """

    def __init__(self, options: DataDownloadOptions, clock: Clock) -> None:
        """Create the state without downloads."""
        minute, hour = timedelta(minutes=1), timedelta(hours=1)
        self.metric_catalog = MetricCatalog(options.catalogue)
        self.quota = FixedWindowLimit(options.download_quota, hour, clock)
        limit = options.rate_limit
        self.rate = None if limit is None else FixedWindowLimit(limit, minute, clock)
        self._interactions = Interactions(options)
        self._options = options
        self._clock = clock
        self._started_windows: set[DownloadSpec] = set()
        self._cached: tuple[object, list[Row]] = (None, [])
        self._lock = threading.Lock()

    @property
    def limit_violations(self) -> int:
        """Return the number of requests that broke a limit."""
        return self.quota.limit_violations + (self.rate.limit_violations if self.rate else 0)

    def expected_rows(self, start: datetime, end: datetime, seen_at: datetime) -> list[Row]:
        """Return all fields of the interactions of `[start, end)`."""
        published, ids = self.metric_catalog.metrics, self.metric_catalog.ids()
        interactions = self._interactions.between(start, end, seen_at, published, ids)
        return [interaction.to_json() for interaction in interactions]

    def page(self, spec: DownloadSpec) -> Page:
        """Return the requested page."""
        with self._lock:
            rows = self._rows_as_served(spec)
            if spec.offset == 0:
                self._started_windows.add(spec.window)
        return self._slice_page(rows, spec)

    def _slice_page(self, rows: Sequence[Row], spec: DownloadSpec) -> Page:
        """Return a page of the rows, with the defect of the options."""
        quirk, start = self._options.page_quirk, spec.offset
        limit = spec.limit
        if quirk == "repeat":
            start = 0
        if quirk == "short" and start + limit < len(rows):
            limit = max(1, limit // 2)
        return Page(rows[start : start + limit], len(rows))

    def _rows_as_served(self, spec: DownloadSpec) -> list[Row]:
        """Return the rows of a window; they differ until its first page was served."""
        rows = self._rows(spec)
        if spec.window in self._started_windows:
            return rows
        held_back = min(self._options.late_rows, len(rows))
        return [*self._vanishing_rows(rows, spec), *rows[: len(rows) - held_back]]

    def _vanishing_rows(self, rows: Sequence[Row], spec: DownloadSpec) -> list[Row]:
        """Return the rows before the first row of a window that will vanish."""
        field = next((name for name in spec.group_by if name in _IDS), None)
        if field is None or not rows:
            return []
        return [rows[0] | {field: f"!-{n:04d}"} for n in range(self._options.vanishing_rows)]

    def _rows(self, spec: DownloadSpec) -> list[Row]:
        """Return the rows of a window; they are cached for its pages."""
        published: Sequence[CustomMetric] = self.metric_catalog.metrics
        seen_at = min(spec.end, self._clock.now())
        key = (spec.window, published, seen_at)
        if self._cached[0] != key:
            interactions = self._interactions.between(
                spec.start, spec.end, seen_at, published, spec.custom
            )
            self._cached = (
                key,
                [self._with_undefined_metric(row) for row in report(interactions, spec, published)],
            )
        return self._cached[1]

    def _with_undefined_metric(self, row: Row) -> Row:
        """Return a row with the undefined metric of the options, if any."""
        undefined = self._options.undefined_metric
        if undefined is None:
            return row
        return row | {"customMetrics": row["customMetrics"] | {undefined: "not announced"}}

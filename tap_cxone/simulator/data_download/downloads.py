"""The windows that callers have read of, and the page that each request gets."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator.data_download.allowance import Allowance
from tap_cxone.simulator.data_download.catalogue import Catalogue
from tap_cxone.simulator.data_download.grouping import report
from tap_cxone.simulator.data_download.interactions import Interactions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.data_download.orders import Order
    from tap_cxone.simulator.metrics import Metric
    from tap_cxone.simulator.options import Options
    from tap_cxone.simulator.rows import Row

_IDS = ("interactionId", "agentId", "dispositionCode", "queueId")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the rows of a window, and how many there are in all."""

    rows: Sequence[Row]
    total: int


class Downloads:
    """What the API holds and what callers have had of it.

    Attributes:
        catalogue: The custom metrics.
        quota: How many data downloads are left.
        rate: How many requests are left; None for any number.
    """

    def __init__(self, options: Options, clock: Clock) -> None:
        """Start with nothing read."""
        minute, hour = timedelta(minutes=1), timedelta(hours=1)
        self.catalogue = Catalogue(options.catalogue)
        self.quota = Allowance(options.download_quota, hour, clock)
        limit = options.rate_limit
        self.rate = None if limit is None else Allowance(limit, minute, clock)
        self._interactions = Interactions(options)
        self._options = options
        self._clock = clock
        self._begun: set[Order] = set()
        self._last: tuple[object, list[Row]] = (None, [])
        self._lock = threading.Lock()

    @property
    def refusals(self) -> int:
        """Return how often a caller broke a limit."""
        return self.quota.refusals + (self.rate.refusals if self.rate else 0)

    def truth(self, start: datetime, end: datetime, seen_at: datetime) -> list[Row]:
        """Return all that there is to tell of the interactions of `[start, end)`."""
        published, ids = self.catalogue.metrics, self.catalogue.ids()
        found = self._interactions.between(start, end, seen_at, published, ids)
        return [interaction.shown() for interaction in found]

    def page(self, order: Order) -> Page:
        """Return the page that an order asks for."""
        with self._lock:
            rows = self._changing(order)
            if order.offset == 0:
                self._begun.add(order.window)
        return self._cut(rows, order)

    def _cut(self, rows: Sequence[Row], order: Order) -> Page:
        """Return a page of rows, as odd as the options have it."""
        quirk, start = self._options.page_quirk, order.offset
        limit = order.limit
        if quirk == "repeat":
            start = 0
        if quirk == "short" and start + limit < len(rows):
            limit = max(1, limit // 2)
        return Page(rows[start : start + limit], len(rows))

    def _changing(self, order: Order) -> list[Row]:
        """Return the rows of a window; before its first page was served, not quite those."""
        rows = self._rows(order)
        if order.window in self._begun:
            return rows
        held_back = min(self._options.growing, len(rows))
        return [*self._gone(rows, order), *rows[: len(rows) - held_back]]

    def _gone(self, rows: Sequence[Row], order: Order) -> list[Row]:
        """Return the rows that stand in front of a window's own and are not there for long."""
        field = next((name for name in order.group_by if name in _IDS), None)
        if field is None or not rows:
            return []
        return [rows[0] | {field: f"!-{n:04d}"} for n in range(self._options.shrinking)]

    def _rows(self, order: Order) -> list[Row]:
        """Return the rows of a window, made once if it is read page by page."""
        published: Sequence[Metric] = self.catalogue.metrics
        seen_at = min(order.end, self._clock.now())
        key = (order.window, published, seen_at)
        if self._last[0] != key:
            found = self._interactions.between(
                order.start, order.end, seen_at, published, order.custom
            )
            self._last = key, [self._whole(row) for row in report(found, order, published)]
        return self._last[1]

    def _whole(self, row: Row) -> Row:
        """Return a row with the metric that nobody asked for."""
        undefined = self._options.undefined_metric
        if undefined is None:
            return row
        return row | {"customMetrics": row["customMetrics"] | {undefined: "not announced"}}

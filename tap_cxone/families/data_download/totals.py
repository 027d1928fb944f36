"""Compare the sums of a window's rows with the ungrouped figures of the same window."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, field, structs

from tap_cxone.errors import ConfigError, TotalsMismatch
from tap_cxone.http.json_body import json_object
from tap_cxone.http.messages import parse_json_exact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_cxone.families.data_download.api import DataDownloadApi, DownloadRequest
    from tap_cxone.families.data_download.settings import TotalsSettings
    from tap_cxone.windows import Window

Sums = dict[str, Decimal]
"""Metric → sum of its values."""


class TotalsCheck(Struct, frozen=True):
    """Check of the windows of one download.

    Attributes:
        settings: Metrics, tolerance and baseline.
        api: Requests to the tenant's API.
        build_request: Returns the request of a window's rows.
    """

    settings: TotalsSettings
    api: DataDownloadApi
    build_request: Callable[[], DownloadRequest]
    _baselines: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def sum_rows(self, pages: Iterable[Sequence[bytes]], sums: Sums) -> Iterable[Sequence[bytes]]:
        """Yield pages unchanged; add the values of their rows to `sums`."""
        for rows in pages:
            for row in rows:
                self._add(parse_json_exact(row), sums)
            yield rows

    def verify(self, window: Window, sums: Sums) -> None:
        """Compare the sums of a window with its totals.

        Raises:
            ApiError: The API refused the request for the totals.
            ConfigError: The baseline file is not readable.
            TotalsMismatch: A sum differs by more than the tolerance.
        """
        totals = self._baseline(window) or self._reported_totals(window)
        tolerance = Decimal(str(self.settings.tolerance))
        compared = [
            (name, sums.get(name, Decimal(0)), totals.get(name, Decimal(0)))
            for name in self.settings.metrics
        ]
        differences = [
            f"{name}: rows {rows}, total {total}"
            for name, rows, total in compared
            if abs(rows - total) > tolerance * abs(total)
        ]
        if differences:
            msg = (
                f"{self.build_request().download.report}, {window}: the rows do not add up to the "
                f"totals ({'; '.join(differences)}), so the window is not committed. Run again; if "
                "the difference persists, raise verify_totals.tolerance of the download, or list "
                "additive metrics only"
            )
            raise TotalsMismatch(msg)

    def _add(self, row: Any, sums: Sums) -> None:
        values = json_object(row) | json_object(json_object(row).get("customMetrics"))
        for name in self.settings.metrics:
            sums[name] += _number(values.get(name))

    def _reported_totals(self, window: Window) -> Sums:
        request = self.build_request()
        ungrouped = structs.replace(request, download=replace(request.download, group_by=()))
        totals: Sums = defaultdict(Decimal)
        for row in self.api.page(ungrouped, window, 0, 1).rows:
            self._add(parse_json_exact(row), totals)
        return totals

    def _baseline(self, window: Window) -> Sums | None:
        """Return the totals of the baseline file for the day of a window's start, or None."""
        if not (path := self.settings.baseline):
            return None
        if path not in self._baselines:
            self._baselines[path] = _read_baseline(path)
        day = window.start.astimezone(ZoneInfo(self.build_request().zone)).date()
        if (values := self._baselines[path].get(str(day))) is None:
            return None
        return {name: _number(values.get(name)) for name in self.settings.metrics}


def _number(value: Any) -> Decimal:
    """Return a value as a number; whatever is none counts as zero, as in a sum of a database."""
    try:
        number = Decimal(0 if value is None or isinstance(value, bool) else str(value))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)


def _read_baseline(path: str) -> Mapping[str, Any]:
    try:
        return msgspec.convert(json.loads(Path(path).read_text("utf-8")), dict[str, dict[str, Any]])
    except (OSError, ValueError, msgspec.ValidationError) as error:
        problem = (
            f"cannot read the baseline file {path} ({error}); correct verify_totals.baseline of "
            "the download"
        )
        raise ConfigError([problem]) from error

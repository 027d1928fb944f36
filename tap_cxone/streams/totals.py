"""Compare the sums of a window's rows with the ungrouped figures of the same window."""

from __future__ import annotations

import json
from contextlib import ExitStack
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from tap_cxone.config.messages import did_you_mean
from tap_cxone.errors import ConfigError, DecodeError, TotalsMismatch
from tap_cxone.http.json_pages import spool_json_pages
from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.sums import count_columns, sum_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from tap_cxone.config.totals import TotalsSettings
    from tap_cxone.rows.columns import Column
    from tap_cxone.spool import Spool, WindowFile
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.streams.window_loader import FileSource
    from tap_cxone.windows import Window


class Totals(Struct, frozen=True, kw_only=True):
    """The totals of one stream, and how its files are read.

    Attributes:
        settings: Metrics, tolerance and baseline.
        setting: Full path of these settings, for messages.
        declaration: Declaration of the stream; the file of the totals has its formats.
        columns: Returns the columns that the request names; called when they are known.
        fetch: Downloads the ungrouped figures of a window.
        zone: Returns the zone of the days in the baseline.
        max_bytes: Maximum size of a file after decompression.
    """

    settings: TotalsSettings
    setting: str
    declaration: Declaration
    columns: Callable[[], Sequence[Column]]
    fetch: Callable[[Window], Spool]
    zone: Callable[[], ZoneInfo]
    max_bytes: int

    def selected_columns(self) -> list[Column]:
        """Return the column of each metric of the settings, by its title, name or ID.

        Raises:
            ConfigError: The request names no such metric.
        """
        by_text = {
            text: column
            for column in self.columns()
            for text in (column.name, column.title, column.exact_title)
            if text
        }
        unknown = [name for name in self.settings.metrics if name not in by_text]
        if unknown:
            raise ConfigError([unknown_metric_problem(n, by_text, self.setting) for n in unknown])
        return [by_text[name] for name in self.settings.metrics]

    def sum_file(self, spool: Spool, description: str, columns: Sequence[Column]) -> Sequence[Any]:
        """Return the sum of each column over all rows of a file."""
        declaration = self.declaration
        expectation = FileExpectation(
            formats=declaration.formats,
            nested_object=declaration.nested_object,
            max_bytes=self.max_bytes,
            text_format=declaration.text_format,
            count_known_columns=lambda header: count_columns(self.columns(), header),
        )
        table = open_table(spool, description, expectation)
        return sum_columns(table, columns, declaration.text_format)


def calls_with_totals(settings: TotalsSettings | None) -> int:
    """Return the calls that a window needs at least: its own, and one for totals without a file."""
    return 2 if settings is not None and not settings.baseline else 1


def unknown_metric_problem(
    name: str, known: Mapping[str, Any] | Sequence[str], setting: str
) -> str:
    """Return the problem of a metric of `verify_totals` that the request does not name."""
    hint = did_you_mean(name, known, "add it to the metrics of the request")
    return f"{setting}.metrics has '{name}', which is not requested; {hint}"


class VerifiedSource(Struct, frozen=True, dict=True):
    """Source of the files of one stream; their rows must add up to the totals of their window.

    Attributes:
        source: Source of the files.
        totals: Totals of the stream.
    """

    source: FileSource
    totals: Totals

    def fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        """Return the file of a window.

        Raises:
            ConfigError: The baseline file is not readable.
            TotalsMismatch: A sum differs by more than the tolerance.
            CXoneError: A request failed.
        """
        window_file = self.source.fetch(window, upcoming)
        with ExitStack() as on_error:
            on_error.callback(window_file.close)
            self._verify(window_file)
            on_error.pop_all()
        return window_file

    def discard(self, window: Window) -> None:
        """Mark the file of a window as unusable."""
        self.source.discard(window)

    def _verify(self, file: WindowFile) -> None:
        totals, columns = self.totals, self.totals.selected_columns()
        try:
            sums = totals.sum_file(file.spool, file.description, columns)
        except DecodeError:
            return  # the loader reads the file too, reports the damage and fetches it again
        expected = self._expected_sums(file.window, f"totals of {file.description}", columns)
        tolerance = Decimal(str(totals.settings.tolerance))
        compared = zip(totals.settings.metrics, sums, expected, strict=True)
        differences = [
            f"{name}: rows {rows}, total {total}"
            for name, rows, total in compared
            if abs(rows - total) > tolerance * abs(total)
        ]
        if differences:
            msg = (
                f"{file.description}: the rows do not add up to the totals "
                f"({'; '.join(differences)}), so the window is not committed. Run again; if the "
                f"difference persists, raise {totals.setting}.tolerance, or list additive metrics "
                "only"
            )
            raise TotalsMismatch(msg)

    def _expected_sums(
        self, window: Window, description: str, columns: Sequence[Column]
    ) -> Sequence[Any]:
        row = self._baseline_row(window, columns)
        spool = self.totals.fetch(window) if row is None else spool_json_pages([[row]], description)
        with spool:
            return self.totals.sum_file(spool, description, columns)

    def _baseline_row(self, window: Window, columns: Sequence[Column]) -> bytes | None:
        """Return the totals of the baseline for the day of a window's start, as JSON, or None."""
        day = window.start.astimezone(self.totals.zone()).date()
        if (values := self._baseline.get(str(day))) is None:
            return None
        names = zip(self.totals.settings.metrics, columns, strict=True)
        return msgspec.json.encode({column.exact_title: values.get(name) for name, column in names})

    @cached_property
    def _baseline(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the figures of the baseline file by day; none without a file."""
        if not (path := self.totals.settings.baseline):
            return {}
        try:
            content = json.loads(Path(path).read_text("utf-8"))
            return msgspec.convert(content, dict[str, dict[str, Any]])
        except (OSError, ValueError, msgspec.ValidationError) as error:
            problem = (
                f"cannot read the baseline file {path} ({error}); correct "
                f"{self.totals.setting}.baseline"
            )
            raise ConfigError([problem]) from error

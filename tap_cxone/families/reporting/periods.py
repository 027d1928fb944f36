"""Streams of the lists of a date range: windows on a grid, one request each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_cxone.families.reporting.declarations import declaration_of
from tap_cxone.families.reporting.pages import ListSource, date_range
from tap_cxone.families.reporting.period_tables import DAY
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.streams.zoned import ZonedStream
from tap_cxone.windows import Window, grid_windows, whole_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from singer_sdk import Tap

    from tap_cxone.config.evidence import Evidence
    from tap_cxone.context import ApiFamily
    from tap_cxone.families.reporting.list_progress import Row
    from tap_cxone.families.reporting.period_tables import PeriodTable
    from tap_cxone.planning.skipped_windows import SkippedWindow
    from tap_cxone.spool import WindowFile
    from tap_cxone.streams.family_stream import StreamPreload

_MEDIA_TYPE = "mediaTypeId"


class PeriodSource(ListSource, kw_only=True):
    """Source of the rows of a date range.

    Attributes:
        media_types: Media types, each with a request of its own; empty for one request of all.
    """

    table: PeriodTable
    media_types: Sequence[int]

    @override
    def queries(self, window: Window) -> Iterator[Mapping[str, str]]:
        dates = date_range(window)
        if not self.media_types:
            yield dates
        for media_type in self.media_types:
            yield {**dates, _MEDIA_TYPE: str(media_type)}

    @override
    def to_row(self, row: Row, params: Mapping[str, str]) -> Row:
        """Return the row, with the media type that was requested if it names none."""
        defaults = {_MEDIA_TYPE: params.get(_MEDIA_TYPE)} if self.table.by_media_type else {}
        return self.rules.apply(row, defaults)


class PeriodStream(WindowedStream):
    """Stream of one list of a date range, in windows on a grid."""

    def __init__(self, tap: Tap, family: ApiFamily, table: PeriodTable) -> None:
        """Store the table; most of the tables are deselected in a new catalog."""
        self.table = table
        declaration = declaration_of(table, windowed=True)
        super().__init__(tap, family, declaration, select_by_default=table.selected)

    @property
    @override
    def evidence(self) -> Evidence:
        return self.table.evidence

    @property
    def section(self) -> ReportingSettings:
        """Return the settings of the family."""
        return self.settings.section(ReportingSettings)

    @property
    def media_types(self) -> Sequence[int]:
        """Return the media types with a request of their own."""
        return self.section.wfm_media_types if self.table.by_media_type else ()

    @property
    @override
    def calls_per_window(self) -> int:
        return max(1, len(self.media_types))

    @property
    @override
    def lookback(self) -> timedelta:
        return max(self.section.lookback, self.settings.lookback)

    @property
    @override
    def configured_window_days(self) -> int:
        return self.table.longest // DAY

    @property
    def longest(self) -> timedelta:
        """Return the maximum length of a window: that of the API, or less after a failure."""
        return self.narrowed_days * DAY if self.narrowed_days else self.table.longest

    @override
    def source(self) -> PeriodSource:
        return PeriodSource.of(self, self.table, media_types=self.media_types)

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        return grid_windows(start, end, length=self.longest, step=self.table.step)

    @override
    def whole_windows(self, time_range: Window) -> Window:
        days = whole_days(time_range)
        cells = grid_windows(
            days.start, days.end, length=min(self.table.longest, DAY), step=self.table.step
        )
        touched = [cell for cell in cells if cell.overlaps(time_range)]
        return Window(touched[0].start, touched[-1].end)


class AggregateStream(ZonedStream, PeriodStream):
    """Stream of rows that sum up their window, which is a day of a zone or a part of it."""

    @property
    @override
    def zone(self) -> ZoneInfo:
        return self.settings.zone or ZoneInfo("UTC")

    @property
    @override
    def configured_window_days(self) -> int:
        return 0  # a row sums up its window

    @override
    def iter_files(self) -> Iterator[StreamPreload | WindowFile | SkippedWindow]:
        self.workers.main_thread.call(self.require_same_zone)
        yield from super().iter_files()

    @override
    def row_meaning(self) -> dict[str, Any]:
        setting = f"{ReportingSettings.NAME}.window_minutes"
        return {setting: self.section.window_minutes}

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        length = self.section.window
        return grid_windows(start, end, length=length, step=length, zone=self.zone)


def period_stream(tap: Tap, family: ApiFamily, table: PeriodTable) -> PeriodStream:
    """Return the stream of a list of a date range."""
    return (AggregateStream if table.sums_window else PeriodStream)(tap, family, table)

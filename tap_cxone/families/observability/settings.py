"""The settings of the observability family."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Annotated, ClassVar

from msgspec import Meta

from tap_cxone.config.definition import ONE_WEEK
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.model import Settings
from tap_cxone.config.shared import OverlapDays
from tap_cxone.families.observability.table_exports import TableExport, table_exports
from tap_cxone.families.observability.table_settings import TableOptions, TableSettings
from tap_cxone.families.observability.tables import TABLES, DashboardTable


class ObservabilitySettings(TableOptions, frozen=True, kw_only=True):
    """The settings of the observability family."""

    NAME: ClassVar[str] = "observability"
    TITLE: ClassVar[str] = "Observability"
    DESCRIPTION: ClassVar[str] = "The exports of the Observability Dashboard."
    EVIDENCE: ClassVar[Evidence] = Evidence.NICE_ONLY
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ("table_streams",)

    window_days: Annotated[
        int,
        Meta(
            ge=1,
            le=366,
            description="Days per export. Exports are limited by a quota, their days are not.",
        ),
    ] = 31
    overlap_days: OverlapDays = 1
    exports_per_day: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Exports per 24 hours that the tenant allows, all tables together. `null` "
            "is for a user of the Observability Dashboard, who has no such limit."
        ),
    ] = 3
    quota_wait_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=ONE_WEEK,
            description="Minutes to wait for an export that the quota does not allow yet. An "
            "export that takes longer is left to the next run.",
        ),
    ] = 15
    history_months: Annotated[
        Annotated[int, Meta(ge=1, le=1200)] | None,
        Meta(
            description="Months that an export may reach back. `null` is for a user who has no "
            "such limit. If the API refuses a start, the next day is tried; that costs no export."
        ),
    ] = 4

    @property
    def quota_wait(self) -> timedelta:
        """Return how long to wait for an export that the quota does not allow yet."""
        return timedelta(minutes=self.quota_wait_minutes)

    @property
    def overlap(self) -> timedelta:
        """Return how far before the bookmark to read again."""
        return timedelta(days=self.overlap_days)

    def problems(self, core: Settings) -> Iterator[str]:  # noqa: ARG002 (no check needs the core)
        """Yield the problems of options that no table accepts to which they apply."""
        exports = {export.table.stream: export for export in table_exports(self)}
        yield from self._unused_options([e for e in exports.values() if e.selected])
        for entry in self.table_streams:
            yield from self._entry_problems(entry, exports[entry.name].table)
        yield from self._unknown_streams("primary_keys", self.primary_keys, exports)
        yield from self._unknown_streams("columns", self.columns, exports)
        yield from self._unknown_streams("order_by", self.order_by, exports)
        yield from self._unknown_streams("date_order", self.date_order, exports)
        yield from self._unknown_streams("stream_csv", self.stream_csv, exports)
        yield from self.csv.problems(f"{self.NAME}.csv")
        for name, settings in self.stream_csv.items():
            yield from settings.problems(f"{self.NAME}.stream_csv.{name}")

    def _unused_options(self, selected: Sequence[TableExport]) -> Iterator[str]:
        unused = [set(export.unused_options(self)) for export in selected]
        for option in sorted(set.intersection(*unused)) if unused else ():
            names = ", ".join(table.paths[0] for table in TABLES if table.accepts(option))
            yield (
                f"{self.NAME}.{option} is accepted by no selected table, only by {names}; remove "
                f"it, or list one of these in {self.NAME}.tables"
            )

    def _entry_problems(self, entry: TableSettings, table: DashboardTable) -> Iterator[str]:
        setting = f"{self.NAME}.table_streams: '{entry.name}'"
        if not table.paths[0]:
            built_in = ", ".join(sorted(table.stream for table in TABLES))
            yield f"{setting} has no path; it is no built-in stream ({built_in}), so set its path"
        if entry.channels and not table.channels:
            yield f"{setting} has channels, which its table does not accept; see accepts_channels"
        for name in entry.filters or ():
            if name not in table.filters:
                accepted = ", ".join(table.filters) or "none"
                yield (
                    f"{setting} has filters.{name}, which its table does not accept (it accepts "
                    f"{accepted}); see accepts_filters"
                )

    def _unknown_streams(
        self, setting: str, names: Iterable[str], streams: Collection[str]
    ) -> Iterator[str]:
        for name in names:
            if name not in streams:
                hint = did_you_mean(name, streams, cutoff=0)
                yield f"{self.NAME}.{setting} names the stream '{name}'; {hint}"

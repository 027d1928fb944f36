"""The settings of the observability family."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from tap_cxone.config.csv import CsvSettings
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.model import Section, Settings
from tap_cxone.families.observability.tables import FILTERS, TABLES, DashboardTable
from tap_cxone.types import ColumnType, DateOrder

TABLE_PATHS = tuple(path for table in TABLES for path in table.paths)


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """The filters of the tables, by the names of the API."""

    Team: Annotated[tuple[str, ...], Meta(description="Teams.")] = ()
    Skill: Annotated[tuple[str, ...], Meta(description="Skills.")] = ()
    CopilotProfileId: Annotated[tuple[str, ...], Meta(description="Copilot profiles.")] = ()
    AgentNumber: Annotated[tuple[str, ...], Meta(description="Agents.")] = ()

    def by_name(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each filter."""
        return {name: getattr(self, name) for name in FILTERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilitySettings(Section):
    """The settings of the observability family; `tables` has the paths as the user named them."""

    NAME: ClassVar[str] = "observability"
    TITLE: ClassVar[str] = "Observability"
    DESCRIPTION: ClassVar[str] = "The exports of the Observability Dashboard."
    EVIDENCE: ClassVar[Evidence] = Evidence.NICE_ONLY

    tables: Annotated[
        tuple[Annotated[str, Meta(extra_json_schema={"enum": list(TABLE_PATHS)})], ...],
        Meta(
            description="Tables to export. `AutopilotKnowledge/GRTable` and `autopilot/GRTable` "
            "are two paths of the same data; a tenant has one of them."
        ),
    ] = TABLE_PATHS
    channels: Annotated[
        tuple[Literal["digital", "voice"], ...],
        Meta(
            description="Channels to export (`digital`, `voice`); an empty list exports all. Only "
            "KBTable and ASTable accept it."
        ),
    ] = ()
    filters: Annotated[
        FilterSettings,
        Meta(
            description="Export only rows with one of these values; an empty list does not filter. "
            "KBTable and ASTable accept all four filters, AQTable accepts CopilotProfileId and "
            "AgentNumber, GRTable none."
        ),
    ] = FilterSettings()
    window_days: Annotated[
        int,
        Meta(
            ge=1,
            le=366,
            description="Days per export. Exports are limited by a quota, their days are not.",
        ),
    ] = 31
    exports_per_day: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Exports per 24 hours that the tenant allows, all tables together. `null` "
            "is for a user of the Observability Dashboard, who has no such limit."
        ),
    ] = 3
    primary_keys: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Stream name to the columns that identify a row. Other streams have the "
            "key `_row_hash`."
        ),
    ] = field(default_factory=dict)
    columns: Annotated[
        dict[str, dict[str, ColumnType]],
        Meta(
            description="Stream name to column to type, as for entities. Other columns are strings."
        ),
    ] = field(default_factory=dict)
    date_order: Annotated[
        dict[str, DateOrder],
        Meta(
            description="Stream name to the order of dates such as `01/11/2026`, as for entities."
        ),
    ] = field(default_factory=dict)
    csv: Annotated[CsvSettings, Meta(description="How the files of all tables write texts.")] = (
        field(default_factory=CsvSettings)
    )
    stream_csv: Annotated[
        dict[str, CsvSettings],
        Meta(description="Stream name to settings as in `observability.csv`, for this stream."),
    ] = field(default_factory=dict)

    def problems(self, core: Settings) -> Iterator[str]:  # noqa: ARG002 (no check needs the core)
        """Yield the problems of options that a selected table does not accept."""
        paths = set(self.tables or TABLE_PATHS)
        selected = [table for table in TABLES if set(table.paths) & paths]
        for name in (name for name, values in self.filters.by_name().items() if values):
            accepting = [table for table in TABLES if name in table.filters]
            yield from self._unsupported_option(f"filters.{name}", selected, accepting)
        if self.channels:
            accepting = [table for table in TABLES if table.channels]
            yield from self._unsupported_option("channels", selected, accepting)
        yield from self._unknown_streams("primary_keys", self.primary_keys)
        yield from self._unknown_streams("columns", self.columns)
        yield from self._unknown_streams("date_order", self.date_order)
        yield from self._unknown_streams("stream_csv", self.stream_csv)
        yield from self.csv.problems(f"{self.NAME}.csv")
        for name, settings in self.stream_csv.items():
            yield from settings.problems(f"{self.NAME}.stream_csv.{name}")

    def _unsupported_option(
        self, option: str, selected: Sequence[DashboardTable], accepting: Sequence[DashboardTable]
    ) -> Iterator[str]:
        refusing = [table.paths[0] for table in selected if table not in accepting]
        if refusing:
            names = ", ".join(table.paths[0] for table in accepting)
            yield (
                f"{self.NAME}.{option} is not accepted by {', '.join(refusing)}, only by "
                f"{names}; remove it, or list only tables that accept it in {self.NAME}.tables"
            )

    def _unknown_streams(
        self, setting: str, names: Iterable[str] | Mapping[str, object]
    ) -> Iterator[str]:
        streams = [table.stream for table in TABLES]
        for name in names:
            if name not in streams:
                hint = did_you_mean(name, streams, cutoff=0)
                yield f"{self.NAME}.{setting} names the stream '{name}'; {hint}"

"""The settings of which tables are exported, and with which filters."""

from typing import Annotated, Literal

from msgspec import Meta, field

from tap_cxone.config.csv import CsvSettings
from tap_cxone.config.definition import UNIQUE_NAMES, BaseSettings
from tap_cxone.config.model import Section
from tap_cxone.config.shared import ColumnTypes, StreamName
from tap_cxone.config.types import ColumnType, DateOrder
from tap_cxone.families.observability.tables import FILTERS, TABLES

TABLE_PATHS = tuple(path for table in TABLES for path in table.paths)


class FilterSettings(BaseSettings, frozen=True):
    """The filters of the tables, by the names of the API."""

    Team: Annotated[tuple[str, ...], Meta(description="Teams.")] = ()
    Skill: Annotated[tuple[str, ...], Meta(description="Skills.")] = ()
    CopilotProfileId: Annotated[tuple[str, ...], Meta(description="Copilot profiles.")] = ()
    AgentNumber: Annotated[tuple[str, ...], Meta(description="Agents.")] = ()

    def by_name(self) -> dict[str, tuple[str, ...]]:
        """Return the values of each filter."""
        return {name: getattr(self, name) for name in FILTERS}


class TableSettings(BaseSettings, frozen=True):
    """The settings of one stream of a table; None keeps the value of the family or the table."""

    name: Annotated[StreamName, Meta(examples=["voice_suggestions"])]
    path: Annotated[
        str | None,
        Meta(
            pattern=r"^[\w.-]+(/[\w.-]+)*(?!\n)$",
            description="Path of the table in the API, such as `Copilot/KBTable`. Several streams "
            "may have the same.",
        ),
    ] = None
    channels: Annotated[
        tuple[Literal["digital", "voice"], ...] | None,
        Meta(description="Channels of this stream, in place of `channels` of the family."),
    ] = None
    filters: Annotated[
        dict[str, tuple[str, ...]] | None,
        Meta(description="Filter to values of this stream, in place of the family's `filters`."),
    ] = None
    accepts_channels: Annotated[
        bool | None, Meta(description="Whether the API accepts channels for this table.")
    ] = None
    accepts_filters: Annotated[
        tuple[str, ...] | None,
        Meta(description="Names of the filters that the API accepts for this table."),
    ] = None
    primary_keys: Annotated[
        tuple[str, ...] | None, Meta(description="Columns that identify a row.")
    ] = None
    columns: ColumnTypes = field(default_factory=dict)


class TableOptions(Section, frozen=True, kw_only=True):
    """The settings of the family that concern single tables; a base class of all its settings.

    `tables` has the paths as the user named them.
    """

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
            "KBTable and ASTable accept it; the other tables are exported without."
        ),
    ] = ()
    filters: Annotated[
        FilterSettings,
        Meta(
            description="Export only rows with one of these values; an empty list does not filter. "
            "KBTable and ASTable accept all four filters, AQTable accepts CopilotProfileId and "
            "AgentNumber, GRTable none. A table is exported without the filters that it does not "
            "accept."
        ),
    ] = FilterSettings()
    table_streams: Annotated[
        tuple[TableSettings, ...],
        Meta(
            description="Streams beside the built-in ones: a table once more with other filters, "
            "or another table of the API. An entry with the name of a built-in stream changes it.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()
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
    order_by: Annotated[
        dict[str, str],
        Meta(
            description="Stream name to the title or name of a column. Of several rows with one "
            "key in a file, the one with its greatest value is emitted, compared as for entities. "
            "Other streams emit the first row."
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

"""The settings of the analytics exports."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from tap_cxone.config.csv import DATE_ORDER, TIMEZONE, CsvSettings
from tap_cxone.config.definition import UNIQUE_NAMES, BaseSettings
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.model import Section, Settings
from tap_cxone.config.shared import ColumnTypes, Scopes, StreamName, text_problems

MAX_WINDOW_DAYS = 30  # per job, the tutorial on bot exports
MAX_CONCURRENT_JOBS = 3  # active jobs of a tenant, the same guide
BUILT_IN_EXPORT = "bot_conversations"
CONVERSATION_TYPE = "conversation"


class ExportSettings(BaseSettings, frozen=True):
    """The settings of one analytics export; None keeps the built-in value."""

    name: Annotated[StreamName, Meta(examples=["bot_transfers"])]
    export_type: Annotated[str, Meta(description="`exportType` of the API.")] = CONVERSATION_TYPE
    filter: Annotated[
        str | None, Meta(description="Filter of the records, such as `type eq 'bot'`.")
    ] = None
    format: Annotated[
        Literal["json", "csv"],
        Meta(description="Format to request. The tap reads both, whichever is sent."),
    ] = "json"
    compression: Annotated[
        Literal["gzip", "none"],
        Meta(description="Compression to request. The tap reads both, whichever is sent."),
    ] = "gzip"
    primary_keys: Annotated[
        tuple[str, ...],
        Meta(description="Fields that identify a record. An empty list stands for `_row_hash`."),
    ] = ("id",)
    required_fields: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Fields without which a record is invalid. Default: `id`, `type`, "
            "`dateFrom`, `dateTo`, `botId`, `agentId`, `duration` for the type `conversation`; the "
            "primary keys for other types."
        ),
    ] = None
    columns: ColumnTypes = field(default_factory=dict)
    order_by: Annotated[
        str,
        Meta(
            description="Field that tells which of several records with one key in a file is "
            "emitted: the one with the greatest value, compared as for entities. Empty emits the "
            "first record."
        ),
    ] = ""
    timezone: TIMEZONE = None
    date_order: DATE_ORDER = None
    csv: Annotated[
        CsvSettings, Meta(description="As `analytics_exports.csv`, for this export only.")
    ] = field(default_factory=CsvSettings)


class AnalyticsExportsSettings(Section, frozen=True, kw_only=True):
    """The settings of the analytics exports."""

    NAME: ClassVar[str] = "analytics_exports"
    TITLE: ClassVar[str] = "Analytics exports"
    DESCRIPTION: ClassVar[str] = "The analytics exports."
    EVIDENCE: ClassVar[Evidence] = Evidence.TUTORIAL_ONLY
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ("exports",)

    exports: Annotated[
        tuple[ExportSettings, ...],
        Meta(
            description=f"Exports beside the built-in `{BUILT_IN_EXPORT}`. An entry with its name "
            "changes the values that it sets and keeps the others.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()
    max_concurrent: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_CONCURRENT_JOBS,
            description="Maximum number of active jobs of this tap, 1 to 3. The limit of the API "
            "counts other exports of the tenant too.",
        ),
    ] = MAX_CONCURRENT_JOBS
    window_days: Annotated[
        int,
        Meta(ge=1, le=MAX_WINDOW_DAYS, description="Days per job, 1 to 30 (the limit of the API)."),
    ] = MAX_WINDOW_DAYS
    scopes: Annotated[
        Scopes,
        Meta(
            description="Scopes to request at login, such as `analytics:export:read` and "
            "`analytics:export:write`. An empty list requests all scopes of the application."
        ),
    ] = ()
    csv: Annotated[CsvSettings, Meta(description="How the files of all exports write texts.")] = (
        field(default_factory=CsvSettings)
    )

    def problems(self, core: Settings) -> Iterator[str]:  # noqa: ARG002 (no check needs the core)
        """Yield the problems of exports without a filter, and of how their files write texts."""
        yield from self.csv.problems(f"{self.NAME}.csv")
        for export in self.exports:
            path = f"{self.NAME}.exports, entry '{export.name}'"
            yield from text_problems(path, export)
            is_built_in = export.name == BUILT_IN_EXPORT and export.filter is None
            if not is_built_in and not (export.filter or "").strip():
                yield (
                    f"{self.NAME}.exports: '{export.name}' has no filter; set one, such as "
                    "\"type eq 'bot'\""
                )

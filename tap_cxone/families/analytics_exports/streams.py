"""Streams of the analytics exports: one per export."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from msgspec import structs
from typing_extensions import override

from tap_cxone.config.validation import CLIENT_CREDENTIALS
from tap_cxone.context import ApiFamily
from tap_cxone.families.analytics_exports.api import (
    ACTIVE_EXPORTS_PATH,
    PERMISSION_HINT,
    AnalyticsApi,
    ExportRequest,
    describe_active_exports,
)
from tap_cxone.families.analytics_exports.settings import (
    BUILT_IN_EXPORT,
    CONVERSATION_TYPE,
    MAX_CONCURRENT_JOBS,
    MAX_WINDOW_DAYS,
    AnalyticsExportsSettings,
    ExportSettings,
)
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.rows.columns import Column, vendor_column, with_types
from tap_cxone.streams.definition import (
    Definition,
    entry_text_format,
    find_entry,
    merge_definition,
    merge_definitions,
)
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import daily_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.rows.text_format import TextFormat
    from tap_cxone.windows import Window

NAME = AnalyticsExportsSettings.NAME
BUILT_IN_STREAMS = (BUILT_IN_EXPORT,)


class ExportDefinition(Definition, frozen=True):
    """Definition of one export stream.

    Attributes:
        request: Parameters of the export.
        columns: Columns declared before the first file is read.
        primary_keys: Columns that identify a record.
        required: Fields that every row must have, by the API's names.
        description: Meaning of one record.
        order_by: Column whose greatest value marks the record to emit, of those with one key;
            empty for the first record.
    """

    request: ExportRequest
    columns: tuple[Column, ...]
    primary_keys: tuple[str, ...]
    required: tuple[str, ...]
    description: str
    order_by: str = ""


CONVERSATION_FIELDS = ("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration")
"""Fields of a conversation in the tutorial, which calls them the schema of its events."""

BOT_CONVERSATIONS = ExportDefinition(
    name=BUILT_IN_EXPORT,
    request=ExportRequest(CONVERSATION_TYPE, "type eq 'bot'", "json", "gzip"),
    columns=(
        vendor_column("id", description="ID of the conversation."),
        vendor_column("type", description="Type of the conversation: bot."),
        vendor_column("dateFrom", "date-time", "When the conversation began."),
        vendor_column("dateTo", "date-time", "When the conversation ended."),
        vendor_column("botId", description="ID of the bot."),
        vendor_column("agentId", description="Agent who took over; null if none did."),
        vendor_column("duration", "number", "Duration, in the API's unit."),
    ),
    primary_keys=("id",),
    required=CONVERSATION_FIELDS,
    description="Conversations of customers with bots.",
)


class AnalyticsExports(ApiFamily):
    """The analytics exports."""

    name = NAME
    evidence = AnalyticsExportsSettings.EVIDENCE
    credentials = CLIENT_CREDENTIALS
    host = "https://api.nicecxone.com"
    token_path = "/oauth/token"  # noqa: S105 (a path, not a token)
    probe_path = ACTIVE_EXPORTS_PATH
    permission_hint = PERMISSION_HINT
    remaining_source = "number of active exports"
    max_window_days = MAX_WINDOW_DAYS
    max_concurrent_jobs = MAX_CONCURRENT_JOBS

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        section = context.settings.section(AnalyticsExportsSettings)
        return cls(
            context=context,
            grant=cls.application_grant(context.settings, section.scopes),
            limits=RateLimits(max_concurrent=section.max_concurrent, tenant_wide=True),
            window_days=section.window_days,
        )

    @override
    def describe_remaining(self, response_json: Any) -> str:
        return describe_active_exports(response_json)


def streams(tap: Tap, context: RunContext) -> list[ExportStream]:
    """Return the built-in stream and one stream per configured export."""
    api_family = AnalyticsExports.from_settings(context)
    return [
        ExportStream(tap, api_family, export) for export in export_definitions(context.settings)
    ]


def export_definitions(settings: Settings) -> Iterator[ExportDefinition]:
    """Return the built-in export with the user's overrides, then the custom exports."""
    return merge_definitions(
        [BOT_CONVERSATIONS],
        settings.section(AnalyticsExportsSettings).exports,
        new=_new_definition,
        merge=_merge_definition,
    )


def _new_definition(entry: ExportSettings) -> ExportDefinition:
    export_type = entry.export_type or CONVERSATION_TYPE
    is_conversation = export_type == CONVERSATION_TYPE
    return structs.replace(
        BOT_CONVERSATIONS,
        name=entry.name,
        columns=BOT_CONVERSATIONS.columns if is_conversation else (),
        required=CONVERSATION_FIELDS if is_conversation else (),
        description=f"Records of type {export_type} where {entry.filter}.",
    )


def _merge_definition(export: ExportDefinition, entry: ExportSettings) -> ExportDefinition:
    return merge_definition(
        export,
        request=ExportRequest(
            entry.export_type or export.request.export_type,
            entry.filter or export.request.filter,
            entry.format,
            None if entry.compression == "none" else entry.compression,
        ),
        columns=with_types(export.columns, entry.columns),
        primary_keys=entry.primary_keys,
        required=entry.required_fields,
        order_by=entry.order_by,
    )


def export_text_format(settings: Settings, name: str) -> TextFormat:
    """Return how the files of an export write texts."""
    section = settings.section(AnalyticsExportsSettings)
    entry = find_entry(section.exports, name) or ExportSettings(name)
    return entry_text_format(entry, section.csv, f"{NAME}.exports, entry '{name}'")


class ExportStream(JobStream):
    """Stream of one export, read in windows of whole UTC days."""

    def __init__(self, tap: Tap, family: ApiFamily, export: ExportDefinition) -> None:
        """Store the export and declare its columns and keys."""
        self.export = export
        setting = f"{NAME}.exports, entry '{export.name}'"
        declaration = Declaration(
            name=export.name,
            columns=export.columns,
            primary_keys=export.primary_keys,
            description=export.description,
            keys_setting=f"{setting}, primary_keys",
            columns_setting=f"{setting}, columns or required_fields",
            formats=("json", "csv"),
            required=export.required,
            order_by=export.order_by,
            order_by_setting=f"{setting}, order_by",
            text_format=export_text_format(family.context.settings, export.name),
        )
        super().__init__(tap, family, declaration)

    @cached_property
    @override
    def api(self) -> AnalyticsApi:
        family = self.family
        return AnalyticsApi(
            family.client,
            family.tenant,
            self.export.request,
            family.max_concurrent_jobs,
            family.availability_delay,
        )

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        return daily_windows(start, end, max_days=self.window_days, pending=pending)

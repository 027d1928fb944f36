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
from tap_cxone.rows.columns import vendor_column
from tap_cxone.streams.definition import declare, declare_all
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap

    from tap_cxone.config.csv import CsvSettings
    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.rows.decode import Format

NAME = AnalyticsExportsSettings.NAME
BUILT_IN_STREAMS = (BUILT_IN_EXPORT,)


class ExportDefinition(Declaration, frozen=True, kw_only=True):
    """Declaration of one export stream.

    Attributes:
        request: Parameters of the export.
    """

    request: ExportRequest
    formats: tuple[Format, ...] = ("json", "csv")


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

    settings_class = AnalyticsExportsSettings
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
    section = settings.section(AnalyticsExportsSettings)
    return declare_all(
        [BOT_CONVERSATIONS],
        section.exports,
        entry_class=ExportSettings,
        new=_new_definition,
        declared=lambda export, entry: _declared(export, entry, section.csv),
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


def _declared(
    export: ExportDefinition, entry: ExportSettings, csv: CsvSettings
) -> ExportDefinition:
    setting = f"{NAME}.exports, entry '{export.name}'"
    return declare(
        export,
        entry,
        setting=setting,
        csv=csv,
        columns_setting=f"{setting}, columns or required_fields",
        request=ExportRequest(
            entry.export_type or export.request.export_type,
            entry.filter or export.request.filter,
            entry.format,
            None if entry.compression == "none" else entry.compression,
        ),
        required=entry.required_fields,
        order_by=entry.order_by,
    )


class ExportStream(JobStream):
    """Stream of one export, read in windows of whole UTC days."""

    def __init__(self, tap: Tap, family: ApiFamily, export: ExportDefinition) -> None:
        """Store the export, which is the declaration of the stream."""
        self.export = export
        super().__init__(tap, family, export)

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
    def row_meaning(self) -> dict[str, Any]:
        request = self.export.request
        return {"export_type": request.export_type, "filter": request.filter}

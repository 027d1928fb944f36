"""Streams of the analytics exports: one per export."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

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
)
from tap_cxone.http.auth import ClientCredentialsGrant
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.rows.columns import Column, snake_case, with_types
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import daily_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.families.analytics_exports.settings import ExportSettings
    from tap_cxone.windows import Window

NAME = AnalyticsExportsSettings.NAME
DEFAULT_BASE_URL = "https://api.nicecxone.com"
TOKEN_PATH = "/oauth/token"  # noqa: S105 (a path, not a token)
AVAILABILITY_DELAY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class ExportDefinition:
    """Definition of one export stream.

    Attributes:
        name: Name of the stream.
        request: Parameters of the export.
        columns: Columns declared before the first file is read.
        primary_keys: Columns that identify a record.
        required: Fields that every row must have, by the API's names.
        description: Meaning of one record.
    """

    name: str
    request: ExportRequest
    columns: tuple[Column, ...]
    primary_keys: tuple[str, ...]
    required: tuple[str, ...]
    description: str


CONVERSATION_FIELDS = ("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration")
"""Fields of a conversation in the vendor's guide, which calls them the schema of its events."""

BOT_CONVERSATIONS = ExportDefinition(
    name=BUILT_IN_EXPORT,
    request=ExportRequest(CONVERSATION_TYPE, "type eq 'bot'", "json", "gzip"),
    columns=(
        Column("id", description="Identity of the conversation."),
        Column("type", description="Its type: bot."),
        Column("date_from", "date-time", "When it began."),
        Column("date_to", "date-time", "When it ended."),
        Column("bot_id", description="The bot."),
        Column("agent_id", description="The agent who took over, if one did."),
        Column("duration", "number", "How long it lasted, in the API's unit."),
    ),
    primary_keys=("id",),
    required=CONVERSATION_FIELDS,
    description="Conversations that customers had with bots.",
)


def build_api_family(context: RunContext) -> ApiFamily:
    """Return the analytics exports of the tenant in the settings."""
    settings = context.settings
    family_settings = settings.section(AnalyticsExportsSettings)
    application = settings.application
    base_url = settings.base_url_for(NAME, DEFAULT_BASE_URL)
    token_url = settings.token_url(NAME, settings.endpoints.get(NAME, DEFAULT_BASE_URL), TOKEN_PATH)
    return ApiFamily(
        name=NAME,
        required_settings=("client_id", "client_secret"),
        grant=ClientCredentialsGrant(token_url, application, family_settings.scopes)
        if application
        else None,
        base_url=base_url,
        limits=RateLimits(max_concurrent=family_settings.max_concurrent, tenant_wide=True),
        availability_delay=AVAILABILITY_DELAY,
        probe_path=ACTIVE_EXPORTS_PATH,
        permission_hint=PERMISSION_HINT,
        describe_remaining=describe_active_exports,
        window_days=family_settings.window_days,
        max_window_days=MAX_WINDOW_DAYS,
        max_concurrent_jobs=MAX_CONCURRENT_JOBS,
        context=context,
    )


def streams(tap: Tap, context: RunContext) -> list[ExportStream]:
    """Return the built-in stream and one stream per configured export."""
    api_family = build_api_family(context)
    return [
        ExportStream(tap, api_family, export) for export in export_definitions(context.settings)
    ]


def export_definitions(settings: Settings) -> Iterator[ExportDefinition]:
    """Yield the built-in export with the user's overrides, then the custom exports."""
    entries = {export.name: export for export in settings.section(AnalyticsExportsSettings).exports}
    built_in_entry = entries.pop(BOT_CONVERSATIONS.name, None)
    yield (
        _merge_definition(BOT_CONVERSATIONS, built_in_entry)
        if built_in_entry
        else BOT_CONVERSATIONS
    )
    for entry in entries.values():
        export_type = entry.export_type or CONVERSATION_TYPE
        is_conversation = export_type == CONVERSATION_TYPE
        export = replace(
            BOT_CONVERSATIONS,
            name=entry.name,
            columns=BOT_CONVERSATIONS.columns if is_conversation else (),
            required=CONVERSATION_FIELDS if is_conversation else (),
            description=f"Records of type {export_type} where {entry.filter}.",
        )
        yield _merge_definition(export, entry)


def _merge_definition(export: ExportDefinition, entry: ExportSettings) -> ExportDefinition:
    request, required = export.request, entry.required_fields
    return replace(
        export,
        request=ExportRequest(
            entry.export_type or request.export_type,
            entry.filter or request.filter,
            entry.format,
            None if entry.compression == "none" else entry.compression,
        ),
        columns=with_types(export.columns, entry.columns),
        primary_keys=tuple(map(snake_case, entry.primary_keys)),
        required=export.required if required is None else required,
    )


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
        )
        super().__init__(tap, family, declaration)

    @cached_property
    @override
    def api(self) -> AnalyticsApi:
        family = self.family
        return AnalyticsApi(
            family.client, family.tenant, self.export.request, family.max_concurrent_jobs
        )

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        max_days = self.settings.section(AnalyticsExportsSettings).window_days
        return daily_windows(start, end, max_days=max_days, pending=pending)

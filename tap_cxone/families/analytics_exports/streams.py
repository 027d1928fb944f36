"""The streams of the analytics exports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.config import ANALYTICS_MAX_DAYS, ANALYTICS_PLACES
from tap_cxone.context import Family
from tap_cxone.families.analytics_exports.api import (
    ACTIVE,
    PERMISSIONS,
    AnalyticsApi,
    Request,
    taken,
)
from tap_cxone.http.auth import ClientCredentialsGrant
from tap_cxone.http.rate_limit import Limits
from tap_cxone.rows.columns import Column, snake_case, with_types
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import plan_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config import ExportSettings, Settings
    from tap_cxone.context import Surroundings
    from tap_cxone.windows import Window

NAME = "analytics_exports"
HOST = "https://api.nicecxone.com"
TOKEN_PATH = "/oauth/token"  # noqa: S105 (a path, not a token)
SETTLE = timedelta(minutes=30)
CONVERSATION = "conversation"


@dataclass(frozen=True, slots=True)
class Export:
    """One export: what to ask for, and what its records are.

    Attributes:
        name: The stream's name.
        request: What to ask for.
        columns: Those known beforehand.
        primary_keys: What identifies a record.
        required: Fields without which a record is none.
        description: What a record is.
    """

    name: str
    request: Request
    columns: tuple[Column, ...]
    primary_keys: tuple[str, ...]
    required: tuple[str, ...]
    description: str


CONVERSATION_FIELDS = ("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration")
"""What the vendor's guide calls the schema of a conversation's events."""

BOT_CONVERSATIONS = Export(
    name="bot_conversations",
    request=Request(CONVERSATION, "type eq 'bot'", "json", "gzip"),
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


def family(surroundings: Surroundings) -> Family:
    """Return the analytics exports of the tenant in the settings."""
    settings = surroundings.settings
    own, application = settings.analytics_exports, settings.application
    host = settings.host(NAME, HOST)
    url = settings.token_url(NAME, settings.endpoints.get(NAME, HOST), TOKEN_PATH)
    return Family(
        name=NAME,
        needs=("client_id", "client_secret"),
        grant=ClientCredentialsGrant(url, application, own.scopes) if application else None,
        host=host,
        limits=Limits(concurrent=own.max_concurrent, exclusive=True),
        settle=SETTLE,
        harmless=ACTIVE,
        granted=PERMISSIONS,
        left=taken,
        window_days=own.window_days,
        most_days=ANALYTICS_MAX_DAYS,
        places=ANALYTICS_PLACES,
        surroundings=surroundings,
    )


def streams(tap: Tap, surroundings: Surroundings) -> list[ExportStream]:
    """Return the built-in stream, and one per configured export."""
    shared = family(surroundings)
    return [ExportStream(tap, shared, export) for export in exports(surroundings.settings)]


def exports(settings: Settings) -> Iterator[Export]:
    """Yield the built-in export as the user changed it, then the user's own."""
    changes = {export.name: export for export in settings.analytics_exports.exports}
    change = changes.pop(BOT_CONVERSATIONS.name, None)
    yield _changed(BOT_CONVERSATIONS, change) if change else BOT_CONVERSATIONS
    for own in changes.values():
        kind = own.export_type or CONVERSATION
        known = kind == CONVERSATION
        export = replace(
            BOT_CONVERSATIONS,
            name=own.name,
            columns=BOT_CONVERSATIONS.columns if known else (),
            required=CONVERSATION_FIELDS if known else (),
            description=f"Records of type {kind} where {own.filter}.",
        )
        yield _changed(export, own)


def _changed(export: Export, change: ExportSettings) -> Export:
    request, keys, required = export.request, change.primary_keys, change.required_fields
    packed = request.compression if change.compression is None else "gzip"
    return replace(
        export,
        request=Request(
            change.export_type or request.export_type,
            change.filter or request.filter,
            change.format or request.format,
            None if change.compression == "none" else packed,
        ),
        columns=with_types(export.columns, dict(change.columns)),
        primary_keys=export.primary_keys if keys is None else tuple(map(snake_case, keys)),
        required=export.required if required is None else required,
    )


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the family's settings beyond their shape."""
    own = config.get(NAME)
    named = own.get("exports") if isinstance(own, dict) else None
    for export in named if isinstance(named, list) else []:
        if isinstance(export, dict) and not _filter(export).strip():
            yield (
                f"{NAME}.exports: '{export.get('name')}' has no filter; say which records, such "
                "as \"type eq 'bot'\""
            )


def _filter(export: Mapping[str, Any]) -> str:
    built_in = export.get("name") == BOT_CONVERSATIONS.name
    given = export.get("filter")
    return str(BOT_CONVERSATIONS.request.filter if given is None and built_in else given or "")


class ExportStream(JobStream):
    """One export, read in windows of whole UTC days."""

    def __init__(self, tap: Tap, family: Family, export: Export) -> None:
        """Declare the export's columns and keys."""
        self.export = export
        where = f"{NAME}.exports, entry '{export.name}'"
        declaration = Declaration(
            name=export.name,
            columns=export.columns,
            primary_keys=export.primary_keys,
            description=export.description,
            keys_setting=f"{where}, primary_keys",
            columns_setting=f"{where}, columns or required_fields",
            formats=("json", "csv"),
            required=export.required,
        )
        super().__init__(tap, family, declaration)

    @cached_property
    @override
    def api(self) -> AnalyticsApi:
        application = self.settings.application
        tenant = f"{self.family.host} {application.client_id if application else ''}"
        return AnalyticsApi(self.family.client, self.export.request, tenant, ANALYTICS_PLACES)

    @override
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterator[Window]:
        most = self.settings.analytics_exports.window_days
        return plan_days(start, horizon, most=most, asked=asked)

"""Streams of the reporting API: completed contacts, dimension tables and all others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import override

from tap_cxone.config.validation import ACCESS_KEY
from tap_cxone.context import ApiFamily
from tap_cxone.families.reporting.api import (
    BUSINESS_UNIT_PATH,
    ERROR_HEADER,
    PERMISSION_HINT,
    classify_error,
    describe_business_unit,
    versioned,
)
from tap_cxone.families.reporting.contact_table import CONTACTS
from tap_cxone.families.reporting.contacts import ContactSource, change_limit, contact_windows
from tap_cxone.families.reporting.data_downloads import DownloadStream
from tap_cxone.families.reporting.declarations import declaration_of
from tap_cxone.families.reporting.pages import ListSource
from tap_cxone.families.reporting.period_tables import PERIOD_TABLES
from tap_cxone.families.reporting.periods import period_stream
from tap_cxone.families.reporting.report_streams import report_stream
from tap_cxone.families.reporting.settings import (
    BUILT_IN_STREAMS,
    DEFAULT_VERSION,
    ReportingSettings,
)
from tap_cxone.families.reporting.tables import DIMENSIONS
from tap_cxone.http.auth import PasswordGrant
from tap_cxone.streams.snapshot import SnapshotStream
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import daily_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.errors import ApiError
    from tap_cxone.families.reporting.tables import Table
    from tap_cxone.http.auth import Grant
    from tap_cxone.streams.base import CXoneStream
    from tap_cxone.windows import Window

__all__ = ["BUILT_IN_STREAMS", "Reporting", "streams"]

NAME = ReportingSettings.NAME
_APPLICATION_LOGIN = "https://cxone.niceincontact.com"
_APPLICATION_TOKEN_PATH = "/auth/token"  # noqa: S105 (a path, not a token)


class Reporting(ApiFamily):
    """The reporting API."""

    settings_class = ReportingSettings
    credentials = ACCESS_KEY
    host = "https://api-{region}.niceincontact.com"
    login_host = "https://{region}.nice-incontact.com"
    token_path = "/authentication/v1/token/access-key"  # noqa: S105 (a path, not a token)
    probe_path = versioned(DEFAULT_VERSION, BUSINESS_UNIT_PATH)
    permission_hint = PERMISSION_HINT
    error_header = ERROR_HEADER
    remaining_source = "not counted; shows the name and zone of the business unit"
    submits_cost_exports = False

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        delay = context.settings.section(ReportingSettings).availability_delay
        return replace(super().from_settings(context), availability_delay=delay)

    @classmethod
    @override
    def grant_of(cls, settings: Settings) -> Grant | None:
        """Return the login of the application if one is configured, else of the access key."""
        key, application = settings.access_key, settings.application
        if not key or not application:
            return super().grant_of(settings)
        url = settings.token_url(NAME, _APPLICATION_LOGIN, _APPLICATION_TOKEN_PATH)
        return PasswordGrant(url, application, key)

    @override
    def classify_error(self, status: int, error_text: str) -> type[ApiError] | None:
        return classify_error(status, error_text)

    @override
    def probe_request_path(self) -> str:
        section = self.context.settings.section(ReportingSettings)
        return versioned(section.api_version, BUSINESS_UNIT_PATH)

    @override
    def describe_remaining(self, response_json: Any) -> str:
        return describe_business_unit(response_json)


def streams(tap: Tap, context: RunContext) -> list[CXoneStream]:
    """Return the built-in streams, and those of configured data downloads and reports."""
    api_family = Reporting.from_settings(context)
    section = context.settings.section(ReportingSettings)
    return [
        ContactsStream(tap, api_family, declaration_of(CONTACTS, windowed=True)),
        *(DimensionStream(tap, api_family, table) for table in DIMENSIONS),
        *(period_stream(tap, api_family, table) for table in PERIOD_TABLES),
        *(DownloadStream(tap, api_family, entry) for entry in section.data_downloads),
        *(report_stream(tap, api_family, entry) for entry in section.report_jobs),
    ]


class DimensionStream(SnapshotStream):
    """Stream of one dimension table, which each run reads whole."""

    def __init__(self, tap: Tap, family: ApiFamily, table: Table) -> None:
        """Store the table and declare its columns and keys."""
        self.table = table
        super().__init__(tap, family, declaration_of(table, windowed=False))

    @override
    def source(self) -> ListSource:
        return ListSource.of(self, self.table)


class ContactsStream(WindowedStream):
    """Stream of completed contacts, read by start date and then by change."""

    @override
    def source(self) -> ContactSource:
        now = self.now()
        return ContactSource.of(
            self,
            CONTACTS,
            changed_from=None if self.settings.end_date else change_limit(now),
            lookback=self.settings.section(ReportingSettings).lookback,
            now=now,
        )

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        if self.settings.end_date:  # a fixed period has no changes to follow
            return daily_windows(start, end, max_days=1, pending=pending)
        return contact_windows(start, end, self.now())

"""Data downloads: one long request per window, whose response contains a CSV file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from msgspec import Struct, structs
from typing_extensions import override

from tap_cxone.clock import time_zone
from tap_cxone.config.csv import CsvSettings
from tap_cxone.errors import DownloadError, ResponseTimeout, SpoolError, with_permission_hint
from tap_cxone.families.reporting.api import ReportingApi, versioned
from tap_cxone.families.reporting.download_body import DownloadBody
from tap_cxone.families.reporting.fields import NUMBER_FORMAT
from tap_cxone.families.reporting.presets import DownloadDefinition, preset_of
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.http.json_pages import spool_json_pages
from tap_cxone.http.retry import Attempts
from tap_cxone.progress.activity import set_activity, sleep
from tap_cxone.spool import WindowFile
from tap_cxone.streams.definition import declare
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import daily_windows, midnight, whole_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import ApiFamily
    from tap_cxone.families.reporting.settings import DataDownloadSettings
    from tap_cxone.rows.dates import DateRule
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_HISTORY = timedelta(days=2 * 365)
_READ_SECONDS = 900  # a month of call details took up to 280 seconds
_PERMISSION_HINT = (
    "grant the user of the access key the permission Data Download > View "
    "(CXone: Admin > Security > Roles)"
)


class DownloadSource(Struct, frozen=True):
    """Source of the files of one data download (a `FileSource`).

    Attributes:
        api: Client of the API.
        report_id: ID of the report.
        zone: Zone of the dates in requests.
    """

    api: ReportingApi
    report_id: int
    zone: timezone

    def fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        """Download the CSV file of a window; a response without a file is an empty table.

        Raises:
            DownloadError: The report failed, or its file is incomplete.
            ResponseTimeout: The server needed too long in every attempt.
        """
        set_activity(f"downloading {window}")
        description = f"data download {self.report_id}, {window}"
        spool = self._download_with_retry(window, description)
        if not spool.size:  # 204, or no file: an empty file would be requested once more
            spool.file.close()
            spool = spool_json_pages((), description)
        return WindowFile(window, upcoming, description, None, spool)

    def _download_with_retry(self, window: Window, description: str) -> Spool:
        transport = self.api.client.transport
        attempts = Attempts(transport.retry_policy, transport.clock)
        while True:
            try:
                return self._download(window, description)
            except SpoolError:
                raise  # a retry frees no space on the disk
            except (DownloadError, ResponseTimeout) as error:
                attempt = attempts.record(error)
                if attempt.is_last:
                    msg = f"{error}; {attempt.count_text}; no record was emitted. Run again later"
                    is_timeout = isinstance(error, ResponseTimeout)
                    raise (ResponseTimeout if is_timeout else DownloadError)(msg) from error
            sleep(transport.clock, attempt.delay, "waiting to download again")

    def _download(self, window: Window, description: str) -> Spool:
        body = DownloadBody(description, self.api.client.redact)
        with with_permission_hint(_PERMISSION_HINT):
            return self.api.client.post_for_file(
                versioned(self.api.version, f"/report-jobs/datadownload/{self.report_id}"),
                self._params(window),
                description,
                unwrap=body.decode,
                read_seconds=_READ_SECONDS,
            )

    def _params(self, window: Window) -> dict[str, str]:
        return {
            "startDate": self._local(window.start),
            "endDate": self._local(window.end),
            "saveAsFile": "false",
            "includeHeaders": "true",
        }

    def _local(self, instant: datetime) -> str:
        """Return an instant as the API expects it: local and without an offset, or UTC with Z.

        The documents want an offset, but public clients report that one beside Z is refused.
        """
        suffix = "Z" if self.zone == UTC else ""
        return f"{instant.astimezone(self.zone):%Y-%m-%dT%H:%M:%S}{suffix}"

    def discard(self, window: Window) -> None:
        """Do nothing: every fetch requests the file again."""


class DownloadStream(WindowedStream):
    """Stream of one data download, read in windows of whole days of the user's time zone."""

    def __init__(self, tap: Tap, family: ApiFamily, entry: DataDownloadSettings) -> None:
        """Store the entry of the settings; declare the columns of the preset and of the entry."""
        self.entry = entry
        self.definition = _definition_of(entry)
        self.zone = standard_zone(entry, family.context.settings, family.context.clock.now())
        super().__init__(tap, family, self.definition)

    @override
    def _date_rule(self, window: Window) -> DateRule:
        return structs.replace(super()._date_rule(window), zone=self.zone)

    @property
    @override
    def configured_window_days(self) -> int:
        return self.entry.window_days

    @property
    @override
    def lookback(self) -> timedelta:
        return max(self.entry.lookback, self.settings.lookback)

    @override
    def history_limit(self, now: datetime) -> datetime:
        return midnight(now - _HISTORY, days=1, zone=self.zone)

    @override
    def source(self) -> DownloadSource:
        section = self.settings.section(ReportingSettings)
        api = ReportingApi(self.family.client, section.version_of(self.name))
        return DownloadSource(api, self.definition.report_id, self.zone)

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        return daily_windows(start, end, max_days=self.window_days, zone=self.zone, pending=pending)

    @override
    def whole_windows(self, time_range: Window) -> Window:
        return whole_days(time_range, self.zone)


def _definition_of(entry: DataDownloadSettings) -> DownloadDefinition:
    """Return the preset with the values of the user, or the user's own definition."""
    preset = preset_of(entry.name, entry.report_id)
    definition = preset or DownloadDefinition(name=entry.name, report_id=entry.report_id or 0)
    return declare(
        definition,
        entry,
        setting=f"{ReportingSettings.NAME}.data_downloads, entry '{entry.name}'",
        csv=CsvSettings(number_format=NUMBER_FORMAT),
        name=entry.name,
    )


def standard_zone(entry: DataDownloadSettings, settings: Settings, now: datetime) -> timezone:
    """Return the offset of the entry's time zone without daylight saving; UTC without a zone."""
    zone = time_zone(entry.timezone) or settings.zone or UTC
    # The offset in winter: Ireland calls that of summer its standard time, and Windows does not.
    offsets = (datetime(now.year, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
    return timezone(min(offset or timedelta(0) for offset in offsets))

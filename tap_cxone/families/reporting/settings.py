"""The settings of the reporting family."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar

from msgspec import Meta, field
from typing_extensions import override

from tap_cxone.config.csv import DATE_ORDER, CsvSettings
from tap_cxone.config.definition import ONE_WEEK, UNIQUE_NAMES, BaseSettings
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.model import Section, Settings
from tap_cxone.config.shared import ColumnTypes, StreamName, text_problems
from tap_cxone.families.reporting.contact_table import CONTACTS
from tap_cxone.families.reporting.period_tables import PERIOD_TABLES
from tap_cxone.families.reporting.presets import PRESET_NAMES, PRESETS, preset_of
from tap_cxone.families.reporting.report_job_settings import ReportJobSettings
from tap_cxone.families.reporting.tables import DIMENSIONS

BUILT_IN_STREAMS = tuple(table.name for table in (CONTACTS, *DIMENSIONS, *PERIOD_TABLES))
MEDIA_TYPES = (1, 3, 4, 5, 6, 7, 8)
MAX_PAGE_SIZE = 10_000
MAX_DOWNLOAD_DAYS = 30
DEFAULT_VERSION = "v34.0"
OPT_IN_REASON = "its data need other permissions than those of Data Extraction"

Version = Annotated[str, Meta(pattern=r"^v[0-9]+\.[0-9]+(?!\n)$")]


class DataDownloadSettings(BaseSettings, frozen=True, kw_only=True):
    """The settings of one data download; None keeps the preset's value."""

    name: Annotated[
        StreamName,
        Meta(
            examples=[PRESETS[0].name],
            description=f"Stream name, snake_case. Presets: {PRESET_NAMES}.",
        ),
    ]
    report_id: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="ID of the report. Default: that of the preset with this name."),
    ] = None
    primary_keys: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns that identify a row. Default: those of the preset with this "
            "`report_id`, else `_row_hash`."
        ),
    ] = None
    columns: ColumnTypes = field(default_factory=dict)
    timezone: Annotated[
        str | None,
        Meta(
            description="Time zone of the user of the access key, which the API uses for dates "
            "without daylight saving. Default: the setting `timezone`, else `UTC`."
        ),
    ] = None
    window_days: Annotated[
        int,
        Meta(ge=1, le=MAX_DOWNLOAD_DAYS, description="Days per request (the API allows 30)."),
    ] = 1
    date_order: DATE_ORDER = None
    csv: Annotated[
        CsvSettings,
        Meta(description="How the file writes texts; `number_format` is `1,234.5` by default."),
    ] = field(default_factory=CsvSettings)
    lookback_days: Annotated[
        Annotated[int, Meta(ge=0, le=366)] | None,
        Meta(
            description="Days before the bookmark to read again, at least those of the setting "
            "`lookback_days`. Default: `window_days`."
        ),
    ] = None

    @property
    def lookback(self) -> timedelta:
        """Return how far before the bookmark rows are read again."""
        days = self.window_days if self.lookback_days is None else self.lookback_days
        return timedelta(days=days)


class ReportingSettings(Section, frozen=True, kw_only=True):
    """The settings of the reporting family."""

    NAME: ClassVar[str] = "reporting"
    TITLE: ClassVar[str] = "Reporting"
    DESCRIPTION: ClassVar[str] = "Contacts, dimension tables, aggregates and reports."
    EVIDENCE: ClassVar[Evidence] = Evidence.NICE_AND_CLIENTS
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ("data_downloads", "report_jobs")

    api_version: Annotated[
        Version,
        Meta(
            examples=[DEFAULT_VERSION],
            description="Version in the path of the API. It determines names and types of fields.",
        ),
    ] = DEFAULT_VERSION
    api_versions: Annotated[
        dict[str, Version],
        Meta(description="Stream name to the version of its requests, where it differs."),
    ] = field(default_factory=dict)
    page_size: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_PAGE_SIZE,
            description="Rows per page, at most 10,000 (the limit of the API). A page that the "
            "server cannot build in time (408) is halved.",
        ),
    ] = 1000
    lookback_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=ONE_WEEK,
            description="Minutes before the bookmark from which changed contacts, and windows of "
            "aggregates, state histories and WFM data, are read again.",
        ),
    ] = 60
    settle_minutes: Annotated[
        float,
        Meta(
            ge=15,
            le=ONE_WEEK,
            description="Minutes until the API shows every row and every figure, at least 15. "
            "Newer rows are not requested.",
        ),
    ] = 30
    window_minutes: Annotated[
        int,
        Meta(
            extra_json_schema={"enum": [15, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440]},
            description="Minutes that a row of `agents_performance`, `teams_performance`, "
            "`skills_summary` and `skills_sla_summary` sums up: a part of a day, or the day "
            "(1440). Days are those of the setting `timezone` (default: `UTC`). Each window costs "
            "a call.",
        ),
    ] = 1440
    wfm_media_types: Annotated[
        tuple[Annotated[int, Meta(extra_json_schema={"enum": list(MEDIA_TYPES)})], ...],
        Meta(
            description="Media types that `wfm_skills_contacts` and `wfm_skills_dialer_contacts` "
            "read: each costs a call per window. The stream `media_types` lists them. `[]` reads "
            "all with one call, which the API may refuse."
        ),
    ] = MEDIA_TYPES

    data_downloads: Annotated[
        tuple[DataDownloadSettings, ...],
        Meta(
            description="Data downloads; each is a stream.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()

    report_jobs: Annotated[
        tuple[ReportJobSettings, ...],
        Meta(
            description="Custom reports; each is a stream.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()
    file_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts beside those of NICE that may receive the token for the file of a "
            "report, subdomains included."
        ),
    ] = ()

    @property
    def lookback(self) -> timedelta:
        """Return how far before the bookmark changed contacts and windows are read again."""
        return timedelta(minutes=self.lookback_minutes)

    @property
    def availability_delay(self) -> timedelta:
        """Return how old a row is when the API shows it for certain."""
        return timedelta(minutes=self.settle_minutes)

    @property
    def window(self) -> timedelta:
        """Return the length of the window of an aggregate."""
        return timedelta(minutes=self.window_minutes)

    @classmethod
    @override
    def opt_in_reason(cls) -> str:
        return OPT_IN_REASON

    def version_of(self, stream: str) -> str:
        """Return the version in the paths of a stream."""
        return self.api_versions.get(stream, self.api_version)

    def problems(self, core: Settings) -> Iterator[str]:  # noqa: ARG002 (no check needs the core)
        """Yield the problems of stream names, report IDs and time zones."""
        downloads = self.data_downloads
        names = [*BUILT_IN_STREAMS, *(entry.name for entry in downloads)]
        names += [entry.name for entry in self.report_jobs]
        for name in self.api_versions:
            if name not in names:
                hint = did_you_mean(name, names, cutoff=0)
                yield f"{self.NAME}.api_versions names the stream '{name}'; {hint}"
        for download in downloads:
            setting = f"{self.NAME}.data_downloads, entry '{download.name}'"
            if download.report_id is None and preset_of(download.name) is None:
                yield f"{setting} has no report_id; set it, or use a preset ({PRESET_NAMES})"
            yield from text_problems(setting, download)
        for report in self.report_jobs:
            yield from report.problems(f"{self.NAME}.report_jobs, entry '{report.name}'")

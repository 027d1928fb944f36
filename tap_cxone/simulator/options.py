"""Everything that can be chosen about a simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from tap_cxone.simulator.metrics import PUBLISHED, CustomMetric

if TYPE_CHECKING:
    from collections.abc import Mapping

SyncResponse = Literal[
    "job-status", "url", "download-url", "result", "string-url", "string-id", "404", "405"
]
SubmitResponse = Literal["string", "object"]
StatusCase = Literal["upper", "lower", "title"]
RunningResult = Literal["null", "absent", "empty"]
ErrorField = Literal["errorMessage", "messageError"]
Compression = Literal["none", "gzip-encoding", "gzip-type", "gzip-bare", "gzip-members"]
EmptyFile = Literal["header", "zero-bytes", "204"]
ClientAuth = Literal["post", "basic", "any"]
GrNamespace = Literal["both", "AutopilotKnowledge", "autopilot"]
Location = Literal["absolute", "relative", "absolute-status", "relative-status"]
ExportStatusKey = Literal["status", "state", "exportStatus"]
AnalyticsJson = Literal["array", "lines", "pretty"]
ExportLinkKey = Literal["downloadUrl", "url", "presignedUrl", "fileUrl", "location"]
ZoneShape = Literal["timeZone", "timezone", "tenant", "absent"]
CatalogueShape = Literal["list", "customMetrics", "entities", "data"]
SchedulesShape = Literal["list", "entities", "schedules"]
PageQuirk = Literal["none", "short", "repeat", "wrong-returned", "no-total"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""What the simulated tenant holds and how its API answers.

    Attributes:
        seed: The data are a function of it.
        speed: Divides the spacing, the life of a link, the time of a job and the lateness of rows.
        rows_per_day: Rows of each entity and table per day.
        rows_of: Rows per day of single entities or tables; 0 makes one empty.
        token_seconds: Life of a token, never divided by `speed`.
        spacing_seconds: Least time between two accepted submits.
        link_seconds: Life of a download link.
        job_seconds: Time that a job takes.
        job_polls: Polls that find a job running; set, it replaces `job_seconds` for asynchronous
            jobs.
        lateness_minutes: Longest time until a row may be seen.
        forbidden: Entities that the access key may not extract.
        end_inclusive: Whether a file holds the rows of the end date too.
        sync_answer: What `POST …/jobs/sync` answers.
        submit_answer: What `POST …/jobs` answers: the id as a JSON string, or `{"jobId"}`.
        status_case: How a job's status is spelled; None as each API's description spells it.
        running_result: What stands for the result of a job without one.
        error_field: Where the reason of a failed job stands.
        bom: Whether a file begins with a byte order mark.
        newline: What ends a line of a file.
        compression: How a file is compressed, and how it shows.
        empty: What a file without rows is.
        extra_columns: Columns added at the end of an entity's or a table's file.
        missing_columns: Columns left out of an entity's or a table's file.
        content_length: Whether a download tells its length.
        client_auth: Where a registered application may put its credentials.
        gr_namespace: Under which path the table of generated responses is found; the options call
            it `AutopilotKnowledge/GRTable` either way.
        exports_per_day: Exports accepted in `quota_hours`, over all tables; None for no limit.
        quota_hours: The time in which they are counted, never divided by `speed`.
        history_months: Calendar months that an export may reach back; None for no limit.
        location: How the header `Location` of an accepted export is written.
        export_body: What comes with it.
        export_status_key: Where the word for an export's status stands.
        export_words: The words for running, completed and failed.
        export_link_key: Where the link to an export's file stands.
        export_link_only: Whether a completed export shows its link and no word.
        client_token_seconds: Life of a registered application's own token, never divided by
            `speed`.
        granted_scopes: What such a token may be good for.
        analytics_places: How many analytics exports may be active at once.
        foreign_exports: How many of somebody else are active from the start, and for ever.
        list_queries: Whether the list of analytics exports tells more than id and status.
        analytics_json: How a JSON file is laid out: an array, an object a line, an array indented.
        analytics_gzip: How an analytics export that is to be compressed is, and how it shows;
            `compression` is without effect on it.
        duplicates: Rows of an analytics export's file that come a second time; every second one
            with another duration.
        misfits: Elements of such a file, added to its rows, that are not what they should be.
        reporting_scopes: What a token for data downloads may be good for.
        token_region: The region that such a token names, if it names one.
        tenant_zone: The tenant's time zone.
        zone_shape: Where `users/me` tells it.
        catalogue: The custom metrics that are published at first.
        catalogue_shape: What their list stands in.
        catalogue_names: What a custom metric's name is called in it.
        catalogue_types: What its type is called.
        catalogue_enum: What its only texts are called.
        download_quota: Data downloads in an hour of the clock.
        rate_limit: Requests of the data download API in a minute of the clock; None for no limit.
        data_region: The region that this host serves, where data downloads for another find
            nothing; None serves any.
        wrong_region: What they find: 404, or no rows.
        undefined_metric: A custom metric of every row that nobody publishes or asks for.
        bad_values: Interactions of any 24 hours with a custom value that breaks its rule.
        growing: Last rows of a data download that are there once its first page was served.
        shrinking: Rows in front of a data download's own that are gone by then.
        page_quirk: What is odd about pages: half as long as asked for, the first each time, the
            number of returned records one too many, the total missing.
        report_token_seconds: Life of a registered application's own token if it was asked for
            with a scope of reports.
        schedules_shape: What the list of schedules stands in.
        schedule_id_key: What a schedule's id is called.
        name_filter: What the list makes of a name that it is asked for.
        run_id_key: What a run's id is called.
        report_minutes_max: Minutes of work after which a run goes on for ever.
        long_report_days: Days of a range for which more takes for ever; None for any number.
        report_result: Where a run's rows are: in the answers, or in a file of their own.
        page_size_reports: Rows of such an answer.
        token_quirk: Whether the token of every page leads to the second one.
        final_hour: Hour of the next day, in UTC, from which a day's figures stay as they are.
        extra_report_columns: Columns added to the rows of every report.
    """

    seed: int = 1
    speed: float = 1
    rows_per_day: int = 240
    rows_of: Mapping[str, int] = field(default_factory=dict)
    token_seconds: float = 3600
    spacing_seconds: float = 30
    link_seconds: float = 30
    job_seconds: float = 20
    job_polls: int | None = None
    lateness_minutes: float = 30
    forbidden: frozenset[str] = frozenset()
    end_inclusive: bool = False
    sync_response: SyncResponse = "job-status"
    submit_response: SubmitResponse = "string"
    status_case: StatusCase | None = None
    running_result: RunningResult = "null"
    error_field: ErrorField = "errorMessage"
    bom: bool = False
    newline: Literal["\r\n", "\n"] = "\r\n"
    compression: Compression = "none"
    empty: EmptyFile = "header"
    extra_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    content_length: bool = True
    client_auth: ClientAuth = "any"
    gr_namespace: GrNamespace = "both"
    exports_per_day: int | None = 3
    quota_hours: float = 24
    history_months: int | None = 4
    location: Location = "absolute"
    export_body: Literal["empty", "json"] = "empty"
    export_status_key: ExportStatusKey = "status"
    export_status_names: tuple[str, str, str] = ("InProgress", "Completed", "Failed")
    export_link_key: ExportLinkKey = "downloadUrl"
    export_link_only: bool = False
    client_token_seconds: float = 1200
    granted_scopes: tuple[str, ...] = (
        "analytics:export:read",
        "analytics:export:write",
        "analytics:reports:read",
        "analytics:reports:write",
    )
    max_analytics_exports: int = 3
    foreign_exports: int = 0
    list_queries: bool = True
    analytics_json: AnalyticsJson = "array"
    analytics_gzip: Compression = "gzip-type"
    duplicates: int = 0
    invalid_elements: int = 0
    reporting_scopes: tuple[str, ...] = (
        "api:reporting:read",
        "api:data-download:read",
        "api:custom-metrics:read",
    )
    token_region: str | None = "na1"  # noqa: S105 - no password
    tenant_zone: str = "America/New_York"
    zone_shape: ZoneShape = "timeZone"
    catalogue: tuple[CustomMetric, ...] = PUBLISHED
    catalogue_shape: CatalogueShape = "list"
    catalogue_names: Literal["name", "displayName"] = "name"
    catalogue_types: Literal["type", "dataType"] = "type"
    catalogue_enum: Literal["enum", "allowedValues"] = "enum"
    download_quota: int = 1000
    rate_limit: int | None = None
    data_region: str | None = None
    wrong_region: Literal["404", "empty"] = "404"
    undefined_metric: str | None = None
    bad_values: int = 0
    late_rows: int = 0
    vanishing_rows: int = 0
    page_quirk: PageQuirk = "none"
    report_token_seconds: float = 3600
    schedules_shape: SchedulesShape = "entities"
    schedule_id_key: Literal["scheduleId", "id"] = "scheduleId"
    name_filter: Literal["exact", "contains", "ignored"] = "exact"
    run_id_key: Literal["runId", "id"] = "runId"
    report_minutes_max: float = 30
    long_report_days: int | None = None
    report_result: Literal["inline", "csv"] = "inline"
    page_size_reports: int = 100
    token_quirk: Literal["none", "repeat"] = "none"  # noqa: S105 - no password
    final_hour: int = 5
    extra_report_columns: tuple[str, ...] = ()

    @property
    def spacing(self) -> timedelta:
        """Return the least time between two accepted submits."""
        return timedelta(seconds=self.spacing_seconds / self.speed)

    @property
    def link_life(self) -> timedelta:
        """Return for how long a download link is good."""
        return timedelta(seconds=self.link_seconds / self.speed)

    @property
    def job_time(self) -> timedelta:
        """Return how long a job takes."""
        return timedelta(seconds=self.job_seconds / self.speed)

    @property
    def lateness(self) -> timedelta:
        """Return the longest time until a row may be seen."""
        return timedelta(minutes=self.lateness_minutes / self.speed)

    @property
    def quota_period(self) -> timedelta:
        """Return the time in which exports are counted."""
        return timedelta(hours=self.quota_hours)

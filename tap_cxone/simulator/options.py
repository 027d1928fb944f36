"""Options of the simulator."""

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
Location = Literal["absolute", "relative", "absolute-status", "relative-status", "absent"]
ExportStatusKey = Literal["status", "state", "exportStatus"]
AnalyticsJson = Literal["array", "lines", "pretty"]
ExportLinkKey = Literal[
    "downloadUrl", "url", "presignedUrl", "fileUrl", "location", "downloadURL", "download_url"
]
ZoneShape = Literal["timeZone", "timezone", "tenant", "absent"]
CatalogueShape = Literal["list", "customMetrics", "entities", "data"]
SchedulesShape = Literal["list", "entities", "schedules"]
ScheduleSpelling = Literal["as-sent", "canonical"]
ListPages = Literal["token", "number"]
PageQuirk = Literal["none", "short", "repeat", "wrong-returned", "no-total"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    r"""Data of the simulated tenant and behaviour of its APIs.

    Attributes:
        seed: Seed of the generated data.
        speed: Divides the spacing, the lifetime of a link, the duration of a job and the lateness
            of rows.
        rows_per_day: Rows of each entity and table per day.
        rows_of: Rows per day of single entities or tables; 0 makes one empty.
        token_seconds: Lifetime of a token, never divided by `speed`.
        spacing_seconds: Minimum interval between two accepted submits.
        spacing_counts: Which accepted requests of the Data Extraction API the interval counts.
        link_seconds: Lifetime of a download link.
        job_seconds: Duration of a job.
        job_polls: Number of polls that return a running job. If set, it replaces `job_seconds` for
            asynchronous jobs.
        lateness_minutes: Maximum delay until a row becomes visible.
        forbidden: Entities and tables that the access key may not extract.
        day_zone: Time zone of the days of the Data Extraction API.
        end_inclusive: True if a file also contains the rows of the end date.
        sync_response: Shape of the response of `POST …/jobs/sync`.
        submit_response: Shape of the response of `POST …/jobs`: the id as a JSON string, or an
            object `{"jobId"}`.
        status_case: Case of a status; None for the case of each API's documentation.
        running_result: Value of `result` for a job without a result.
        error_field: Field with the reason of a failed job.
        bom: True if a file starts with a byte order mark.
        newline: Line terminator of a file.
        compression: Compression of a file, and the headers that announce it.
        empty: Content of a file without rows.
        extra_columns: Columns appended to the file of an entity or a table.
        missing_columns: Columns omitted from the file of an entity or a table.
        content_length: True if a download has the header `Content-Length`.
        link_style: Spelling of a link: `plain`, or `exact` with characters that libraries rewrite.
            The signature of an exact link covers its spelling.
        link_redirects: Number of redirects from a link to its file.
        link_redirect_status: Status of these redirects.
        client_auth: Where a registered application may send its credentials.
        gr_namespace: Path of the table of generated responses. Its name in the options is
            `AutopilotKnowledge/GRTable` in any case.
        missing_table: Status of the response to a submit for a table that the tenant lacks.
        exports_per_day: Exports accepted in `quota_hours`, over all tables; None for no limit.
        quota_hours: Period of the export quota, never divided by `speed`.
        history_months: Calendar months that an export may reach back; None for no limit.
        days_per_month: Days that the API counts as a month of `history_months`; None for calendar
            months.
        location: Form of the header `Location` of an accepted export.
        export_body: Body of the response to an accepted export.
        export_status_key: Field with the status of an export.
        export_status_names: Names of the statuses running, completed and failed.
        export_link_key: Field with the link to an export's file.
        export_link_only: True if a completed export has a link but no status.
        export_link_form: Form of that link: an absolute URL, or the path and query of one.
        export_answer_key: Field of the response with the status that contains all others; None for
            the top level.
        export_redirect: True if the response to a poll of a completed export redirects to its file.
        unseen_polls: Number of polls of an export that return 404 before the API knows it.
        client_token_seconds: Lifetime of a client credentials token, never divided by `speed`.
        granted_scopes: Scopes that such a token may have.
        max_analytics_exports: Maximum number of active analytics exports.
        foreign_exports: Number of active exports of another client that never end.
        list_queries: True if the list of analytics exports has more fields than id and status.
        list_ignores_status: True if this list has exports of every status, whatever is requested.
        unlisted_fields: Fields of the request that this list omits, such as `format` or
            `query.filter`.
        analytics_json: Layout of a JSON file: an array, one object per line, or an indented array.
        analytics_gzip: Compression of an analytics export that requests it, and the headers that
            announce it. `compression` does not apply to it.
        duplicates: Number of duplicated rows in the file of an analytics export. Every second
            duplicate has another duration.
        invalid_elements: Number of invalid elements inserted into such a file.
        reporting_scopes: Scopes that a token for data downloads may have.
        token_region: Region named in such a token; None for no region.
        tenant_zone: The tenant's time zone.
        zone_shape: Field of `users/me` with the time zone.
        catalogue: The initially published custom metrics.
        catalogue_shape: Field that contains the list of custom metrics, or `list` for an array.
        catalogue_names: Field with the name of a custom metric.
        catalogue_types: Field with the type of a custom metric.
        catalogue_enum: Field with the allowed strings of a custom metric.
        download_quota: Data downloads per clock hour.
        rate_limit: Requests of the data download API per clock minute; None for no limit.
        data_region: The region that this host serves. Data downloads for another region return
            nothing. None serves all regions.
        wrong_region: Response to a data download for another region: 404, or no rows.
        undefined_metric: A custom metric in every row that is neither published nor requested.
        bad_values: Interactions per 24 hours with a custom value that violates its rule.
        late_rows: Last rows of a data download that appear only after its first page was served.
        vanishing_rows: Rows before the first row of a data download that vanish after its first
            page was served.
        page_quirk: Defect of pages: half the requested length, always the first page, a number of
            returned records that is one too high, or no total.
        report_token_seconds: Lifetime of a client credentials token with a scope of reports.
        schedules_shape: Field that contains the list of schedules, or `list` for an array.
        schedule_id_key: Field with the id of a schedule.
        returns_schedule_id: True if the response to a registration has the id.
        schedule_spelling: How a schedule is returned: as it was sent, or in another spelling and
            with further fields.
        list_names_only: True if the list of schedules has only their id and name.
        schedule_by_id: True if a schedule can be read by its id.
        hidden_listings: Number of lists of schedules in which a new schedule is missing.
        frozen_schedules: True if an accepted change of a schedule has no effect.
        list_page_size: Entries per page of the lists of schedules and of custom metrics; None for
            one page.
        list_pages: How such a page leads to the next: a token, or a number and a total.
        name_filter: How the list of schedules applies the filter on the name.
        run_id_key: Field with the id of a run.
        report_minutes_max: A run that needs more minutes never ends.
        long_report_days: A run over more days never ends; None for no limit.
        report_result: Where the rows of a run are: in the responses, or in a file.
        page_size_reports: Rows per page of such a response.
        token_quirk: `repeat` if the token of every page leads to the second page.
        final_hour: Hour of the next day, in UTC, after which the metrics of a day are final.
        extra_report_columns: Columns added to the rows of every report.
        reporting_generation: Generation of the reporting API. The older one has other names, texts
            for numbers, and the wrapper `resultSet`.
        reporting_errors: Where an error of the reporting API has its text.
        reporting_total: Whether lists of the reporting API announce their number of rows.
        max_page_rows: Maximum number of rows that a page of the reporting API has.
        slow_page_rows: Rows above which the reporting API does not build a page in time (408);
            None for no limit.
        download_zone_hours: Offset of the user's time zone in data downloads, without daylight
            saving.
        download_error: Error text of a data download in place of its file; empty for none.
        report_job_wrapper: Whether a report job is inside `jobResult`, and a list of them inside
            `jobResults`, with IDs as texts. Without the wrappers IDs are numbers, as documented.
        report_dates: Whether a report job uses the dates of its request, or ignores them.
        report_title_lines: Number of title lines before the header of a report job's file.
        file_base_url: Base URL in the links to files of report jobs; empty for that of a request.
        file_misses: Number of requests for a file of a report job that get 404 first.
        moving_contacts: Number of contacts that change right after their page was served.
    """

    seed: int = 1
    speed: float = 1
    rows_per_day: int = 240
    rows_of: Mapping[str, int] = field(default_factory=dict)
    token_seconds: float = 3600
    spacing_seconds: float = 30
    spacing_counts: Literal["submits", "requests"] = "submits"
    link_seconds: float = 30
    job_seconds: float = 20
    job_polls: int | None = None
    lateness_minutes: float = 30
    forbidden: frozenset[str] = frozenset()
    day_zone: str = "UTC"
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
    link_style: Literal["plain", "exact"] = "plain"
    link_redirects: int = 0
    link_redirect_status: int = 302
    client_auth: ClientAuth = "any"
    gr_namespace: GrNamespace = "both"
    missing_table: Literal[400, 403, 404, 405] = 404
    exports_per_day: int | None = 3
    quota_hours: float = 24
    history_months: int | None = 4
    days_per_month: int | None = None
    location: Location = "absolute"
    export_body: Literal["empty", "json"] = "empty"
    export_status_key: ExportStatusKey = "status"
    export_status_names: tuple[str, str, str] = ("InProgress", "Completed", "Failed")
    export_link_key: ExportLinkKey = "downloadUrl"
    export_link_only: bool = False
    export_link_form: Literal["absolute", "relative"] = "absolute"
    export_answer_key: str | None = None
    export_redirect: bool = False
    unseen_polls: int = 0
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
    list_ignores_status: bool = False
    unlisted_fields: tuple[str, ...] = ()
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
    returns_schedule_id: bool = True
    schedule_spelling: ScheduleSpelling = "as-sent"
    list_names_only: bool = False
    schedule_by_id: bool = True
    hidden_listings: int = 0
    frozen_schedules: bool = False
    list_page_size: int | None = None
    list_pages: ListPages = "token"
    name_filter: Literal["exact", "contains", "ignored"] = "exact"
    run_id_key: Literal["runId", "id"] = "runId"
    report_minutes_max: float = 30
    long_report_days: int | None = None
    report_result: Literal["inline", "csv"] = "inline"
    page_size_reports: int = 100
    token_quirk: Literal["none", "repeat"] = "none"  # noqa: S105 - no password
    final_hour: int = 5
    extra_report_columns: tuple[str, ...] = ()
    reporting_generation: Literal["new", "old"] = "new"
    reporting_errors: Literal["body", "header"] = "body"
    reporting_total: Literal["present", "absent"] = "present"
    max_page_rows: int = 10_000
    slow_page_rows: int | None = None
    download_zone_hours: float = -5
    download_error: str = ""
    report_job_wrapper: Literal["present", "absent"] = "present"
    report_dates: Literal["used", "ignored"] = "used"
    report_title_lines: int = 0
    file_base_url: str = ""
    file_misses: int = 0
    moving_contacts: int = 0

    @property
    def spacing(self) -> timedelta:
        """Return the minimum interval between two accepted submits."""
        return timedelta(seconds=self.spacing_seconds / self.speed)

    @property
    def link_life(self) -> timedelta:
        """Return the lifetime of a download link."""
        return timedelta(seconds=self.link_seconds / self.speed)

    @property
    def job_time(self) -> timedelta:
        """Return the duration of a job."""
        return timedelta(seconds=self.job_seconds / self.speed)

    @property
    def lateness(self) -> timedelta:
        """Return the maximum delay until a row becomes visible."""
        return timedelta(minutes=self.lateness_minutes / self.speed)

    @property
    def quota_period(self) -> timedelta:
        """Return the period of the export quota."""
        return timedelta(hours=self.quota_hours)

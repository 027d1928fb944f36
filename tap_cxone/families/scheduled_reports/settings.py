"""The settings of the scheduled reports."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from tap_cxone.clock import is_same_zone, time_zone
from tap_cxone.config.column_rules import COLUMN_RULES, ColumnRule
from tap_cxone.config.csv import DATE_ORDER, CsvSettings
from tap_cxone.config.definition import ONE_WEEK, UNIQUE_NAMES, BaseSettings
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.messages import did_you_mean
from tap_cxone.config.model import JOB_TIMEOUT_SETTING, Section, Settings
from tap_cxone.config.shared import Scopes, StreamName
from tap_cxone.config.totals import TotalsSettings
from tap_cxone.config.validation import aggregate_window_problems

_CALL_REPORT_TYPES = ("agent", "queue", "skill")
METRIC_REPORT_TYPES: dict[str, tuple[str, ...]] = {
    "handleTime": _CALL_REPORT_TYPES,
    "wrapUpTime": _CALL_REPORT_TYPES,
    "callsHandled": _CALL_REPORT_TYPES,
    "avgHandleTime": _CALL_REPORT_TYPES,
    "talkTime": ("agent", "queue"),
    "messageCount": ("ic",),
    "avgResponseTime": ("ic",),
}
"""Metric → the report types that have it, as far as the tutorial names them. Others need
`allow_unknown_metrics`."""

REPORT_TYPES = ("agent", "queue", "skill", "ic", "voicemail")
OPERATORS = ("in", "notIn", "eq")
"""Report types and operators that the tutorial names. Others need `allow_unknown_metrics`."""

_FINAL_HOUR_UTC = 5  # the tutorial: daily figures are final between 03:00 and 05:00
_MIN_POLL_INTERVAL = timedelta(seconds=15)  # the tutorial: a faster poll returns nothing new
_UTC = "UTC"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


class ReportFilter(BaseSettings, frozen=True):
    """A filter of the rows of a report."""

    dimension: Annotated[str, Meta(description="Dimension to filter by.")]
    values: Annotated[tuple[str, ...], Meta(description="Values of the dimension.")]
    operator: Annotated[
        str, Meta(description="Comparison with the values: `in`, `notIn`, `eq`.")
    ] = "in"


class ScheduleSettings(BaseSettings, frozen=True):
    """The schedule on which CXone runs a report by itself."""

    type: Annotated[
        Literal["daily", "weekly", "monthly"],
        Meta(description="Frequency of the runs that CXone starts."),
    ] = "daily"
    time: Annotated[str, Meta(description="Time of these runs, in UTC.")] = "05:30"
    timezone: Annotated[
        str,
        Meta(
            description="Time zone of the schedule. Only `UTC` under any name, in which the data "
            "is stored."
        ),
    ] = _UTC


class DateRangeSettings(BaseSettings, frozen=True):
    """The dates of the runs that CXone starts. The tap sets the dates of its own runs."""

    type: Annotated[
        Literal["relative", "absolute"],
        Meta(description="Kind of the range. Only `relative`, since a schedule is run repeatedly."),
    ] = "relative"
    value: Annotated[str, Meta(description="The range, relative to the run.")] = "previousDay"
    start: Annotated[str | None, Meta(description="Start of an absolute range; refused.")] = None
    end: Annotated[str | None, Meta(description="End of an absolute range; refused.")] = None
    startDate: Annotated[  # noqa: N815 (the API's key)
        str | None, Meta(description="The same as `start`; refused.")
    ] = None
    endDate: Annotated[  # noqa: N815 (the API's key)
        str | None, Meta(description="The same as `end`; refused.")
    ] = None

    @property
    def has_fixed_dates(self) -> bool:
        """Return True if the range names a start or an end."""
        return any((self.start, self.end, self.startDate, self.endDate))


class ReportSettings(BaseSettings, frozen=True):
    """The settings of one scheduled report."""

    name: Annotated[StreamName, Meta(examples=["agent_performance_daily"])]
    type: Annotated[
        str,
        Meta(description="Type of the report: `agent`, `queue`, `skill`, `ic`, `voicemail`."),
    ]
    metrics: Annotated[
        tuple[str, ...], Meta(description="Metrics of the report, such as `handleTime`.")
    ]
    dimensions: Annotated[
        tuple[str, ...], Meta(description="Dimensions of the report, such as `agentId`.")
    ]
    grouping: Annotated[
        tuple[str, ...],
        Meta(
            description="Dimensions that identify a row; with the window they are the key. An "
            "empty list stands for all dimensions."
        ),
    ] = ()
    filters: Annotated[
        tuple[ReportFilter, ...], Meta(description="Filters of the rows; all of them apply.")
    ] = ()
    schedule: Annotated[
        ScheduleSettings,
        Meta(description="The schedule that is registered. The runs of the tap do not use it."),
    ] = ScheduleSettings()
    schedule_name: Annotated[
        str | None, Meta(description="Name of the schedule in CXone. Default: the stream name.")
    ] = None
    register: Annotated[
        bool,
        Meta(
            description="Whether the tap registers the schedule and changes it with the settings. "
            "`false` runs an existing schedule as it is."
        ),
    ] = True
    take_over: Annotated[
        bool,
        Meta(description="Whether the tap may change a schedule that it did not register itself."),
    ] = False
    dateRange: Annotated[  # noqa: N815 (the API's own name, as in the vendor's definitions)
        DateRangeSettings,
        Meta(description="The dates of the scheduled runs, as in a definition of the API."),
    ] = DateRangeSettings()
    columns: Annotated[dict[str, ColumnRule], COLUMN_RULES] = field(default_factory=dict)
    verify_totals: Annotated[
        TotalsSettings | None,
        Meta(
            description="Totals to compare the sum of each window's rows with, before any record "
            "is emitted: a second schedule, whose report has no dimensions. Default: none."
        ),
    ] = None
    date_order: DATE_ORDER = None
    csv: Annotated[
        CsvSettings, Meta(description="As `scheduled_reports.csv`, for this report only.")
    ] = field(default_factory=CsvSettings)

    @property
    def schedule_names(self) -> tuple[str, ...]:
        """Return the name of its schedule in CXone, and that of the schedule of its totals."""
        name = self.schedule_name or self.name
        return (name, f"{name} (totals)") if self.verify_totals else (name,)


class ScheduledReportsSettings(Section, frozen=True, kw_only=True):
    """The settings of the scheduled reports."""

    NAME: ClassVar[str] = "scheduled_reports"
    TITLE: ClassVar[str] = "Scheduled reports"
    DESCRIPTION: ClassVar[str] = "Custom reports that run on a schedule."
    EVIDENCE: ClassVar[Evidence] = Evidence.TUTORIAL_ONLY
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ("reports",)
    JOB_TIMEOUT_PATH: ClassVar[str] = f"{NAME}.{JOB_TIMEOUT_SETTING}"

    reports: Annotated[
        tuple[ReportSettings, ...],
        Meta(
            description="Reports to register and run; each is a stream.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()
    window_days: Annotated[
        int,
        Meta(
            ge=1,
            le=366,
            description="UTC days per run; a row sums up its window. Windows of several days end "
            "at fixed days of the calendar, and an unfinished one is not read.",
        ),
    ] = 1
    settle_hour_utc: Annotated[
        float,
        Meta(
            ge=0,
            le=48,
            description="Hour of the next day (UTC) from which the figures of a day are final.",
        ),
    ] = 5
    poll_interval_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=ONE_WEEK,
            description="Seconds between two polls of a run. The interval grows to eight times as "
            "long. It is at least 15, since the API shows nothing new before; an API on this "
            "machine may be polled faster.",
        ),
    ] = 15
    job_timeout_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=ONE_WEEK,
            description="Minutes that one run may take. Then it is cancelled and, once, retried "
            "with half the days, or with its only day. The engine itself stops at 30.",
        ),
    ] = 45
    allow_unknown_metrics: Annotated[
        bool,
        Meta(
            description="Whether reports may have metrics, types and operators that this tap does "
            "not know for them."
        ),
    ] = False
    scopes: Scopes = ("analytics:reports:read", "analytics:reports:write")
    csv: Annotated[CsvSettings, Meta(description="How the results of all reports write texts.")] = (
        field(default_factory=CsvSettings)
    )

    @property
    def availability_delay(self) -> timedelta:
        """Return how long after its end the figures of a day are final."""
        return timedelta(hours=self.settle_hour_utc)

    @property
    def poll_interval(self) -> timedelta:
        """Return the time between two polls of a run of an API on this machine."""
        return timedelta(seconds=self.poll_interval_seconds)

    @property
    def remote_poll_interval(self) -> timedelta:
        """Return the time between two polls of a run."""
        return max(self.poll_interval, _MIN_POLL_INTERVAL)

    @property
    def job_timeout(self) -> timedelta:
        """Return how long one run may take."""
        return timedelta(minutes=self.job_timeout_minutes)

    def problems(self, core: Settings) -> Iterator[str]:
        """Yield the problems of windows beside a lookback, and what the API refuses of a report."""
        yield from aggregate_window_problems(self.NAME, self.window_days, core)
        yield from self.csv.problems(f"{self.NAME}.csv")
        for report in self.reports:
            path = f"{self.NAME}.reports, '{report.name}'"
            yield from report.csv.problems(f"{self.NAME}.reports, entry '{report.name}', csv")
            for problem in self._report_problems(report):
                yield f"{path}{problem}"
        yield from self._shared_schedule_problems()

    def _shared_schedule_problems(self) -> Iterator[str]:
        users: dict[str, str] = {}  # name of a schedule → the report that uses it
        for report in self.reports:
            names = report.schedule_names
            if shared_name := next((name for name in names if name in users), None):
                yield (
                    f"{self.NAME}.reports, '{report.name}': schedule_name: the report "
                    f"'{users[shared_name]}' uses the schedule '{shared_name}' too; set another "
                    "schedule_name"
                )
            users |= dict.fromkeys(names, report.name)

    def _report_problems(self, report: ReportSettings) -> Iterator[str]:
        if not report.metrics:
            yield " has no metrics; name at least one"
        if not self.allow_unknown_metrics:
            yield from _unknown_word_problems(report)
            for metric in report.metrics:
                yield from _metric_problems(metric, report.type)
        for dimension in report.grouping:
            if dimension not in report.dimensions:
                yield f": grouping '{dimension}' is not in its dimensions; add it to them"
        for metric in report.verify_totals.metrics if report.verify_totals else ():
            if metric not in report.metrics:
                yield f": verify_totals.metrics has '{metric}', which is not in its metrics; add it"
        yield from _definition_problems(report)
        if not re.fullmatch(_TIME, report.schedule.time):
            yield (
                f": schedule.time is '{report.schedule.time}'; write hours and minutes, such as "
                "05:30"
            )

    def warnings(self) -> Iterator[str]:
        """Yield the settings that read or run a report before its figures are final."""
        if self.settle_hour_utc < _FINAL_HOUR_UTC:
            yield (
                f"{self.NAME}.settle_hour_utc is {self.settle_hour_utc:g}: figures of a day are "
                f"final from {_FINAL_HOUR_UTC} of the next day, so a window may miss rows"
            )
        for report in self.reports:
            if report.register and report.schedule.time < f"{_FINAL_HOUR_UTC:02}:00":
                yield (
                    f"{self.NAME}.reports, '{report.name}': schedule.time is "
                    f"{report.schedule.time}; runs of CXone before {_FINAL_HOUR_UTC:02}:00 miss "
                    "rows of the day before. Runs of the tap are not affected"
                )


def _unknown_word_problems(report: ReportSettings) -> Iterator[str]:
    remedy = f"set {ScheduledReportsSettings.NAME}.allow_unknown_metrics if the API has it"
    if report.type not in REPORT_TYPES:
        yield f": type is '{report.type}', not one of {', '.join(REPORT_TYPES)}; {remedy}"
    for item in report.filters:
        if item.operator not in OPERATORS:
            yield f": operator is '{item.operator}', not one of {', '.join(OPERATORS)}; {remedy}"


def _metric_problems(metric: str, report_type: str) -> Iterator[str]:
    types = METRIC_REPORT_TYPES.get(metric)
    remedy = f"set {ScheduledReportsSettings.NAME}.allow_unknown_metrics if the API has it"
    if types is None:
        hint = did_you_mean(metric, METRIC_REPORT_TYPES, remedy)
        yield f": the metric '{metric}' is not known; {hint}"
    elif report_type in REPORT_TYPES and report_type not in types:
        others = [name for name, others in METRIC_REPORT_TYPES.items() if report_type in others]
        yield (
            f": '{metric}' is a metric of {', '.join(types)} reports, not of {report_type}; "
            f"those have: {', '.join(others) or 'none known'}; {remedy}"
        )


def _definition_problems(report: ReportSettings) -> Iterator[str]:
    """Yield what would give wrong days in a definition that the API itself accepts."""
    schedule, date_range = report.schedule, report.dateRange
    if not is_same_zone(time_zone(schedule.timezone), time_zone(_UTC)):
        yield (
            f": schedule.timezone is '{schedule.timezone}'; write UTC: the data is stored in UTC, "
            "so the days of another zone overlap or have gaps"
        )
    if date_range.type != "relative" or date_range.has_fixed_dates:
        yield (
            ": dateRange is absolute; write a relative one, such as previousDay: a schedule with "
            "fixed dates gives the same days in every run. start_date and end_date are the dates "
            "of the extraction"
        )

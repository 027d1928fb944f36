"""The settings of the tap itself; those of a family are a `Section` in the family's folder."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Meta, field, structs

from tap_cxone import __version__
from tap_cxone.clock import time_zone
from tap_cxone.config.definition import ONE_WEEK, BaseSettings, read
from tap_cxone.config.destinations import (
    BatchSettings,
    WebhookSettings,
)
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.hours import TIME_PATTERN, DailyHours
from tap_cxone.config.local_dates import as_local_days, find_plain_dates
from tap_cxone.config.run_files import RunFileSettings
from tap_cxone.config.types import TypeChangePolicy

JOB_TIMEOUT_SETTING = "job_timeout_minutes"

_LAST_SECOND = 59
_MAX_MEGABYTES = 1_000_000_000
_BYTES_PER_MEGABYTE = 1_000_000
_Section = TypeVar("_Section", bound="Section")


class Section(BaseSettings, frozen=True, kw_only=True):
    """Base class of the settings of one family.

    Attributes:
        NAME: The name of the section, which is the name of the family.
        TITLE: The title of the section.
        DESCRIPTION: What the section is for. The evidence and the list of its settings are added
            to it.
        EVIDENCE: How well the API of the family is documented.
        STREAMS_SETTINGS: The settings of the section whose entries are streams.
    """

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    DESCRIPTION: ClassVar[str]
    EVIDENCE: ClassVar[Evidence]
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def opt_in_reason(cls) -> str:
        """Return why the family runs only with its own settings object; empty if it does not."""
        return f"its API is {cls.EVIDENCE.label}" if cls.EVIDENCE.opt_in else ""

    not_before_utc: Annotated[
        str,
        Meta(
            pattern=TIME_PATTERN,
            examples=["22:00"],
            description="Time of day, in UTC, before which no stream of the family is read.",
        ),
    ] = "00:00"
    not_after_utc: Annotated[
        str,
        Meta(
            pattern=TIME_PATTERN,
            examples=["05:00"],
            description="Time of day, in UTC, from which no further window of the family is read; "
            "the next run continues. It may be earlier than `not_before_utc`.",
        ),
    ] = "00:00"

    @property
    def hours(self) -> DailyHours:
        """Return the hours of the day in which the family may be read."""
        return DailyHours.parse(self.not_before_utc, self.not_after_utc)

    def problems(self, core: "Settings") -> Iterator[str]:  # noqa: ARG002 (no checks by default)
        """Yield the problems of valid settings that contradict each other.

        Args:
            core: The settings of the tap; a default stands for each setting that is not valid.
        """
        return iter(())

    def warnings(self) -> Iterator[str]:
        """Yield what is worth a warning, but no problem."""
        return iter(())


def _default_user_agent() -> str:
    return f"tap-cxone/{__version__}"


class Settings(RunFileSettings, frozen=True, kw_only=True):
    """All settings of a run, validated and typed."""

    start_date: Annotated[
        datetime | None,
        Meta(
            title="Start date",
            description="Earliest instant to extract, ISO 8601 (UTC if it has no offset). A date "
            "without a time is a day of UTC, or of the zone whose days an API takes. Default: 30 "
            "days before the run.",
        ),
    ] = None
    end_date: Annotated[
        datetime | None,
        Meta(
            title="End date",
            description="Instant to end at, ISO 8601, for a backfill of a fixed period; it is not "
            "read itself. `23:59:59` is the end of the day, and a date is read as in `start_date`. "
            "So is `23:59:59Z`, the end of its date. "
            "Default: the newest instant for which the API has all rows.",
        ),
    ] = None
    lookback_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36500,
            title="Lookback days",
            description="Number of days before the bookmark to read again, for rows that change "
            "later.",
        ),
    ] = 0
    timezone: Annotated[
        str | None,
        Meta(
            title="Time zone",
            description="Time zone of days, and of dates in requests and files, for an API that "
            "takes one, by its IANA or Windows name. Default: the zone of the tenant if the API "
            "reports it, else `UTC`.",
        ),
    ] = None
    families: Annotated[
        tuple[str, ...],
        Meta(
            title="Families",
            description="Names of the families to run. The others have no stream in the catalog, "
            "and neither log in nor count in a plan or test. Default: all families.",
        ),
    ] = ()
    sections: dict[str, Any] = field(default_factory=dict)
    plain_dates: dict[str, Any] = field(default_factory=dict)  # of the settings without a time
    on_quota_exhausted: Annotated[
        Literal["stop", "fail"],
        Meta(
            title="When a quota is used up",
            description="`stop` keeps what is committed, logs when to run again and exits with 0; "
            "`fail` exits with 1.",
        ),
    ] = "stop"
    schema_drift: Annotated[
        Literal["evolve", "ignore", "fail"],
        Meta(
            title="Schema drift",
            description="How to treat a new column: `evolve` adds it as a nullable string with a "
            "new SCHEMA, `ignore` omits it, `fail` fails the window.",
        ),
    ] = "evolve"
    on_type_change: Annotated[
        TypeChangePolicy,
        Meta(
            title="When a column changes its type",
            description="How to treat a known column whose type changes: `alter` emits the new "
            "type, `new_column` uses a new column with the type as suffix. `string` makes it a "
            "string, `fail` fails the stream.",
        ),
    ] = "alter"
    max_unpacked_mb: Annotated[
        float,
        Meta(
            gt=0,
            le=_MAX_MEGABYTES,
            title="Maximum unpacked size (MB)",
            description="Maximum size of a downloaded file after unpacking, in megabytes. A larger "
            "file is treated as a decompression bomb and fails its window.",
        ),
    ] = 20_000
    parallel_families: Annotated[
        bool,
        Meta(
            title="Parallel families",
            description="Whether each family has a worker thread that runs jobs and downloads "
            "files while other streams emit records. `false` fetches one window after the other.",
        ),
    ] = True
    prefetch_limit_mb: Annotated[
        float,
        Meta(
            gt=0,
            le=_MAX_MEGABYTES,
            title="Prefetch limit (MB)",
            description="Maximum size of all prefetched files on the disk, in megabytes. Above it "
            "a worker fetches only the file that is read next. The largest file of each family may "
            "exceed the limit.",
        ),
    ] = 2000
    completion_webhook: Annotated[
        WebhookSettings | None,
        Meta(
            title="Completion webhook",
            description="Address that receives a notification of every committed window, and of "
            "the other events that are named. A failed notification never fails the run. Default: "
            "none.",
        ),
    ] = None
    batch_config: Annotated[
        BatchSettings | None,
        Meta(
            title="Batches",
            description="Write rows to files that BATCH messages name, instead of RECORD messages. "
            "The target must support batches. Default: none.",
        ),
    ] = None
    poll_interval_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=ONE_WEEK,
            title="Poll interval (seconds)",
            description="Seconds before a job is polled for the first time. The interval grows to "
            "six times as long.",
        ),
    ] = 5
    job_timeout_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=ONE_WEEK,
            title="Job time-out (minutes)",
            description="Minutes that one job may run.",
        ),
    ] = 30
    throttle_timeout_minutes: Annotated[
        float,
        Meta(
            gt=0,
            le=ONE_WEEK,
            title="Throttle time-out (minutes)",
            description="Minutes to wait for an API that throttles requests, logins or submits, "
            "and for another process that uses the tenant.",
        ),
    ] = 30
    max_retries: Annotated[
        int,
        Meta(
            ge=0,
            title="Retries",
            description="Number of retries of a failed read, login, submit or download.",
        ),
    ] = 8
    user_agent: Annotated[
        str,
        Meta(
            title="User agent",
            description="User-Agent header of all requests. Default: `tap-cxone/<version>`.",
        ),
    ] = field(default_factory=_default_user_agent)

    def __post_init__(self) -> None:
        """Treat empty texts as missing, and the last second of a minute as its end.

        Environments often set a variable to an empty text. An end such as `23:59:59.999Z` is
        written for the end of the day.
        """
        if self.end_date is not None and self.end_date.second == _LAST_SECOND:
            end_date = self.end_date.replace(second=0, microsecond=0) + timedelta(minutes=1)
            structs.force_setattr(self, "end_date", end_date)
        structs.force_setattr(self, "user_agent", self.user_agent or _default_user_agent())
        for name in ("audit_log_path", "summary_json", "journal", "keep_failed_files"):
            structs.force_setattr(self, name, getattr(self, name) or None)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], sections: Iterable[type[Section]] = ()) -> Self:
        """Read settings that fit the schema (see `validation.check`).

        Args:
            config: The settings as JSON.
            sections: The settings classes of the families.
        """
        present = (section for section in sections if config.get(section.NAME) is not None)
        values = {section.NAME: read(section, config[section.NAME]) for section in present}
        return structs.replace(
            read(cls, config), sections=values, plain_dates=find_plain_dates(config)
        )

    def with_local_dates(self, zone: ZoneInfo) -> Self:
        """Return the settings with dates without a time as local days of a zone."""
        return structs.replace(self, **as_local_days(self, self.plain_dates, zone))

    def section(self, section: type[_Section]) -> _Section:
        """Return the settings of a family: its defaults if the config has none."""
        value = self.sections.get(section.NAME, section())
        assert isinstance(value, section)  # noqa: S101 (one class per name)
        return value

    def runs(self, family: str) -> bool:
        """Return True if the settings do not exclude a family from the run."""
        return not self.families or family in self.families

    @property
    def zone(self) -> ZoneInfo | None:
        """Return the time zone that the user set, or None."""
        return time_zone(self.timezone)

    @property
    def lookback(self) -> timedelta:
        """Return how far before the bookmark to read again."""
        return timedelta(days=self.lookback_days)

    @property
    def max_unpacked_bytes(self) -> int:
        """Return the maximum size of a file after unpacking, in bytes."""
        return int(self.max_unpacked_mb * _BYTES_PER_MEGABYTE)

    @property
    def prefetch_limit_bytes(self) -> int:
        """Return the maximum size of all prefetched files, in bytes."""
        return int(self.prefetch_limit_mb * _BYTES_PER_MEGABYTE)

    @property
    def poll_interval(self) -> timedelta:
        """Return the age at which a job is polled for the first time."""
        return timedelta(seconds=self.poll_interval_seconds)

    @property
    def job_timeout(self) -> timedelta:
        """Return how long one job may run."""
        return timedelta(minutes=self.job_timeout_minutes)

    @property
    def throttle_timeout(self) -> timedelta:
        """Return how long to wait for an API that throttles, or for another process."""
        return timedelta(minutes=self.throttle_timeout_minutes)

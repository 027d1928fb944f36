"""The settings of data download."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta, field

from tap_cxone.config.column_rules import COLUMN_RULES, ColumnRule
from tap_cxone.config.csv import DATE_ORDER, NULL_CHARACTERS, TIMEZONE, timezone_problems
from tap_cxone.config.definition import UNIQUE_NAMES, BaseSettings
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.model import Section, Settings
from tap_cxone.config.shared import Scopes, StreamName
from tap_cxone.config.totals import TotalsSettings
from tap_cxone.config.validation import aggregate_window_problems

MAX_PAGE_SIZE = 10_000  # the tutorial on custom metrics


class GroupSettings(BaseSettings, frozen=True):
    """The group to which a download is restricted."""

    type: Annotated[str, Meta(description="Type of the group, such as `queue`.")]
    id: Annotated[str, Meta(description="ID of the group.")]


class DownloadSettings(BaseSettings, frozen=True):
    """The settings of one download."""

    name: Annotated[StreamName, Meta(examples=["metrics_by_interaction"])]
    report: Annotated[str, Meta(description="Report of the API, such as `Interaction/Call`.")]
    metrics: Annotated[
        tuple[str, ...], Meta(description="Metrics of the report, such as `duration`.")
    ] = ()
    custom_metrics: Annotated[
        tuple[str, ...],
        Meta(
            description="Custom metrics by ID or display name; `*` stands for all published ones."
        ),
    ] = ()
    group_by: Annotated[
        tuple[str, ...],
        Meta(
            description="Fields that rows are grouped by, such as `interactionId`. With the window "
            "they are the key."
        ),
    ] = ()
    group: Annotated[
        GroupSettings | None,
        Meta(description="Group to restrict the rows to. Default: none."),
    ] = None
    columns: Annotated[dict[str, ColumnRule], COLUMN_RULES] = field(default_factory=dict)
    verify_totals: Annotated[
        TotalsSettings | None,
        Meta(
            description="Totals to compare the sum of each window's rows with, before any record "
            "is emitted: the same figures without `group_by`. Default: none."
        ),
    ] = None
    timezone: TIMEZONE = None
    date_order: DATE_ORDER = None


class DataDownloadSettings(Section, frozen=True, kw_only=True):
    """The settings of data download."""

    NAME: ClassVar[str] = "data_download"
    TITLE: ClassVar[str] = "Data download"
    DESCRIPTION: ClassVar[str] = "Reports with custom metrics."
    EVIDENCE: ClassVar[Evidence] = Evidence.TUTORIAL_ONLY
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ("downloads",)

    downloads: Annotated[
        tuple[DownloadSettings, ...],
        Meta(
            description="Downloads; each is a stream.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()
    page_size: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_PAGE_SIZE,
            description="Rows per page, at most 10,000 (the limit of the API).",
        ),
    ] = MAX_PAGE_SIZE
    window_days: Annotated[
        int,
        Meta(
            ge=1,
            le=366,
            description="Local days per window; a row sums up its window. Windows of several days "
            "end at fixed days of the calendar, and an unfinished one is not read.",
        ),
    ] = 1
    scopes: Scopes = ("api:reporting:read", "api:data-download:read", "api:custom-metrics:read")
    accept_drift: Annotated[
        int,
        Meta(
            ge=0,
            description="Version of the catalogue of custom metrics to accept although "
            "`schema_drift` is `fail`. The error of a change names it.",
        ),
    ] = 0
    live_discovery: Annotated[
        bool,
        Meta(
            description="Whether `--discover` requests the custom metrics from the API. Without it "
            "the catalog has those of the last run."
        ),
    ] = False
    null_characters: NULL_CHARACTERS = None

    def problems(self, core: Settings) -> Iterator[str]:
        """Yield the problems of windows beside a lookback, and of downloads without metrics."""
        yield from aggregate_window_problems(self.NAME, self.window_days, core)
        for download in self.downloads:
            if not download.metrics and not download.custom_metrics:
                yield (
                    f"{self.NAME}.downloads: '{download.name}' has no metrics; set metrics or "
                    "custom_metrics"
                )
            path = f"{self.NAME}.downloads, entry '{download.name}', timezone"
            yield from timezone_problems(path, download.timezone)

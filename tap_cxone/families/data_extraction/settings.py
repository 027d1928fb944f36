"""The settings of the Data Extraction family."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from tap_cxone.config.csv import DATE_ORDER, TIMEZONE, CsvSettings
from tap_cxone.config.definition import ONE_WEEK, UNIQUE_NAMES, BaseSettings
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.model import Section, Settings
from tap_cxone.config.shared import ColumnTypes, OverlapDays, StreamName, text_problems
from tap_cxone.families.data_extraction.schemas import ENTITIES

MAX_WINDOW_DAYS = 14  # "up to two weeks per request", the vendor's usage guidelines


class EntitySettings(BaseSettings, frozen=True):
    """The settings of one entity; None keeps the built-in value."""

    name: Annotated[StreamName, Meta(examples=["wfm_payroll"])]
    entity_name: Annotated[str | None, Meta(description="`entityName` of the API.")] = None
    version: Annotated[str | None, Meta(description="`version` of the entity, as text.")] = None
    primary_keys: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns that identify a row. Default: those of the built-in entity, else "
            "`_row_hash`."
        ),
    ] = None
    columns: ColumnTypes = field(default_factory=dict)
    order_by: Annotated[
        str | None,
        Meta(
            description="Title or name of a column. Of several rows with one key in a file, the "
            "one with its greatest value is emitted. An undeclared column "
            "compares as numbers or dates if all its values are such, else as texts. Default: "
            "`Last Updated` for `qm_workflows`, else none, which emits the first row."
        ),
    ] = None
    timezone: TIMEZONE = None
    date_order: DATE_ORDER = None
    csv: Annotated[
        CsvSettings, Meta(description="As `data_extraction.csv`, for this entity only.")
    ] = field(default_factory=CsvSettings)


class DataExtractionSettings(Section, frozen=True, kw_only=True):
    """The settings of the Data Extraction family."""

    NAME: ClassVar[str] = "data_extraction"
    TITLE: ClassVar[str] = "Data Extraction"
    DESCRIPTION: ClassVar[str] = "The Data Extraction family."
    EVIDENCE: ClassVar[Evidence] = Evidence.NICE_AND_CLIENTS
    STREAMS_SETTINGS: ClassVar[tuple[str, ...]] = ("entities",)

    mode: Annotated[
        Literal["auto", "sync", "async"],
        Meta(
            description="`sync` posts to `/jobs/sync`; `async` posts to `/jobs` and polls; `auto` "
            "tries `sync` first and remembers a tenant without a sync endpoint."
        ),
    ] = "auto"
    window_days: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_WINDOW_DAYS,
            description="Days per request, 1 to 14 (the limit of the API).",
        ),
    ] = MAX_WINDOW_DAYS
    request_spacing_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=ONE_WEEK,
            description="Minimum seconds between two submits of a tenant. The API allows no less "
            "than 30.",
        ),
    ] = 30
    settle_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=ONE_WEEK,
            description="Minutes until the API shows every row. Newer rows are not requested.",
        ),
    ] = 30
    overlap_days: OverlapDays = 1
    complete_days_only: Annotated[
        bool,
        Meta(
            description="Whether to request only days that are over (in UTC, plus "
            "`settle_minutes`): one request a day and nothing twice, so `overlap_days` does not "
            "apply. For a tenant whose days end later than those of UTC, raise `settle_minutes` by "
            "the difference, such as 300 for New York."
        ),
    ] = False
    entities: Annotated[
        tuple[EntitySettings, ...],
        Meta(
            description="Entities beside the built-in ones. An entry with the name of a built-in "
            "stream changes the values that it sets and keeps the others.",
            extra_json_schema={UNIQUE_NAMES: True},
        ),
    ] = ()
    csv: Annotated[CsvSettings, Meta(description="How the files of all entities write texts.")] = (
        field(default_factory=CsvSettings)
    )

    @property
    def min_submit_interval(self) -> timedelta:
        """Return the minimum time between two submits of a tenant."""
        return timedelta(seconds=self.request_spacing_seconds)

    @property
    def availability_delay(self) -> timedelta:
        """Return how old a row is when the API shows it for certain."""
        return timedelta(minutes=self.settle_minutes)

    @property
    def overlap(self) -> timedelta:
        """Return how far before the bookmark to read again."""
        return timedelta(days=0 if self.complete_days_only else self.overlap_days)

    def problems(self, core: Settings) -> Iterator[str]:  # noqa: ARG002 (no check needs the core)
        """Yield the problems of entities that are not built in and not complete."""
        yield from self.csv.problems(f"{self.NAME}.csv")
        built_in = {entity.name for entity in ENTITIES}
        for entity in self.entities:
            path = f"{self.NAME}.entities, entry '{entity.name}'"
            yield from text_problems(path, entity)
            values = {"entity_name": entity.entity_name, "version": entity.version}
            for setting in (name for name, value in values.items() if not value):
                if entity.name not in built_in:
                    yield (
                        f"{self.NAME}.entities: '{entity.name}' has no {setting}; it is not a "
                        f"built-in stream ({', '.join(sorted(built_in))}), so set it to the "
                        "name in the API"
                    )

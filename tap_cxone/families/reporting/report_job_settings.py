"""The settings of one custom report."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, field

from tap_cxone.config.csv import DATE_ORDER, TIMEZONE, CsvSettings
from tap_cxone.config.definition import BaseSettings
from tap_cxone.config.shared import ColumnTypes, StreamName, text_problems
from tap_cxone.config.types import ColumnType
from tap_cxone.rows.titles import spelling

MAX_RETENTION_DAYS = 14
MAX_WINDOW_DAYS = 89


class ReportJobSettings(BaseSettings, frozen=True, kw_only=True):
    """The settings of one custom report."""

    name: Annotated[StreamName, Meta(examples=["contacts_of_yesterday"])]
    report_id: Annotated[
        int, Meta(ge=1, description="ID of the report; the stream `reports` lists all.")
    ]
    mode: Annotated[
        Literal["run", "collect"],
        Meta(
            description="`run` starts the report in each run and emits its result. `collect` "
            "starts nothing, and emits every job that finished since the bookmark."
        ),
    ] = "run"
    primary_keys: Annotated[
        tuple[str, ...],
        Meta(description="Columns that identify a row. Default: `_row_hash`."),
    ] = ()
    columns: ColumnTypes = field(default_factory=dict)
    delete_after_days: Annotated[
        int,
        Meta(
            ge=7,
            le=MAX_RETENTION_DAYS,
            description="Days for which the API keeps the file of a job that the tap starts.",
        ),
    ] = 7
    timezone: TIMEZONE = None
    date_order: DATE_ORDER = None
    csv: Annotated[
        CsvSettings,
        Meta(description="How the file writes texts; `number_format` is `1,234.5` by default."),
    ] = field(default_factory=CsvSettings)
    skip_lines: Annotated[
        int, Meta(ge=0, description="Lines before the header, such as the title of the report.")
    ] = 0
    send_dates: Annotated[
        bool,
        Meta(
            description="Whether to request windows of dates, which some tenants ignore. Then a "
            "window whose rows have other dates fails. It needs `date_column` and `mode: run`."
        ),
    ] = False
    date_column: Annotated[
        str | None,
        Meta(
            description="Column with the date of a row, which shows whether the dates of the "
            "request were used. Its type is date-time unless `columns` says date."
        ),
    ] = None
    window_days: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_WINDOW_DAYS,
            description="Days per job with `send_dates` (the API allows fewer than 90).",
        ),
    ] = 1

    @property
    def column_types(self) -> dict[str, ColumnType]:
        """Return the types of the declared columns, with that of `date_column`."""
        declared = set(map(spelling, self.columns))
        if self.date_column is None or spelling(self.date_column) in declared:
            return self.columns
        return {**self.columns, self.date_column: "date-time"}

    def problems(self, setting: str) -> Iterator[str]:
        """Yield the problems of time zone, texts and dates.

        Args:
            setting: Full path of the entry.
        """
        yield from text_problems(setting, self)
        if self.send_dates and self.mode == "collect":
            yield f"{setting} has send_dates, but mode is 'collect'; set mode to run"
        if self.send_dates and self.date_column is None:
            yield f"{setting} has send_dates and no date_column; name the column with the date"
        if self.date_column is not None and not self.send_dates:
            yield f"{setting} has date_column without send_dates; set send_dates or remove it"
        types = {spelling(title): kind for title, kind in self.column_types.items()}
        kind = types.get(spelling(self.date_column or ""), "date")
        if kind not in {"date", "date-time"}:
            yield f"{setting}: columns declares date_column as {kind}; set date or date-time"

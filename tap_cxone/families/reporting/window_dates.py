"""Check that the rows of a window have its dates, since a tenant may ignore those of a request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct

from tap_cxone.errors import InvalidRecords
from tap_cxone.rows.row_counts import InvalidRow

if TYPE_CHECKING:
    from datetime import tzinfo

    from tap_cxone.rows.columnar import Records
    from tap_cxone.windows import Window


class WindowDates(Struct):
    """Counts of the rows of one file by their dates (a `RowCheck`).

    An instant at the end of the window is in neither count: the API may include the end.

    Attributes:
        window: The requested window.
        column: Column with the date of a row.
        zone: Zone of dates without a time.
        setting: Full path of the settings of the report.
    """

    window: Window
    column: str
    zone: tzinfo
    setting: str
    _rows: int = 0
    _inside: int = 0
    _outside: int = 0

    def add(self, part: Records | InvalidRow) -> None:
        """Count the rows of a part of the file; an invalid row has no date."""
        if isinstance(part, InvalidRow):
            return
        self._rows += part.count
        for value in filter(None, part.values_of(self.column)):
            date = datetime.fromisoformat(value)
            instant = date if date.tzinfo else date.replace(tzinfo=self.zone)
            is_end = instant == self.window.end and date.tzinfo is not None
            is_inside = self.window.start <= instant < self.window.end
            self._inside += is_inside
            self._outside += not is_inside and not is_end

    def require_valid(self, name: str) -> None:
        """Raise `InvalidRecords` if a row is outside of the window, or rows exist and none inside.

        Args:
            name: Name of the file.
        """
        if self._outside:
            self._fail(f"{name}: {self._outside} of {self._rows} rows are outside of the window")
        if self._rows and not self._inside:
            self._fail(f"{name}: none of {self._rows} rows is inside of the window")

    def _fail(self, problem: str) -> NoReturn:
        msg = (
            f"{problem} by their {self.column}, so the tenant's API ignores the dates of the "
            f"request; no record was emitted. Set {self.setting}, send_dates to false and give the "
            "template a range such as Yesterday, or correct date_column or timezone"
        )
        raise InvalidRecords(msg)

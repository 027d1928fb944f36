"""Numbers of valid and invalid rows of a file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from tap_cxone.redact import SecretStruct
from tap_cxone.rows.decode.table import SkippedLines

if TYPE_CHECKING:
    from tap_cxone.rows.columnar import Records


class InvalidRow(SecretStruct, frozen=True):
    """A row that failed validation.

    Attributes:
        location: Position in the file, such as `line 7`.
        reason: Reason of the failure, without any value of the row.
        field: Name of the invalid column or field; None if the whole row is invalid.
        raw: The row as JSON text.
    """

    location: str
    reason: str
    field: str | None
    raw: str

    @property
    def count(self) -> int:
        """Return 1, as `Records.count` returns the number of records."""
        return 1


class RowCounts(Struct):
    """Numbers of valid and invalid rows of a file.

    Attributes:
        rows: Number of all rows.
        reasons: Number of invalid rows by reason.
        example: The first invalid row.
        skipped: Numbers of lines that are no rows; `rows` does not include them.
        recognized: Whether the file has the mandatory columns. In JSON a row must have them.
    """

    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    example: InvalidRow | None = None
    skipped: SkippedLines = field(default_factory=SkippedLines)
    recognized: bool = False

    @property
    def invalid(self) -> int:
        """Return the number of invalid rows."""
        return self.reasons.total()

    @property
    def ratio(self) -> float:
        """Return the share of invalid rows, from 0 to 1."""
        return self.invalid / self.rows if self.rows else 0.0

    def add(self, item: Records | InvalidRow) -> None:
        """Count rows; store the first invalid row as the example."""
        self.rows += item.count
        if isinstance(item, InvalidRow):
            self.reasons[item.reason] += 1
            self.example = self.example or item

    def __str__(self) -> str:
        """Return the number of invalid rows with the three most frequent reasons."""
        top = self.reasons.most_common(3)
        reasons = ", ".join(f"{number} times: {reason}" for reason, number in top)
        others = len(self.reasons) - len(top)
        more = f", and {others} other reasons" if others else ""
        return f"{self.invalid} of {self.rows} rows failed validation ({reasons}{more})"

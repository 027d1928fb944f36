"""Parse dates, and find out in which order a file writes day and month.

ISO 8601 is taken as it is. `31.12.2026` has the day first. `12/31/2026` and `12-31-2026` have the
order of their column. These decide it, the first one that applies:

- the setting `date_order`,
- a date of the file that exists in one order only,
- the window, if the dates are near it in one order only,
- the order of earlier files,
- otherwise the month comes first.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from tap_cxone.config.types import DATE_ORDERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from tap_cxone.config.types import DateOrder
    from tap_cxone.windows import Window

# `31.12.2026`, `12/31/26`, `12-31-2026`: two numbers and a year, with one separator.
_NUMERIC_DATE = re.compile(
    r"(?<![0-9./-])(?P<first>[0-9]{1,2})(?P<separator>[./-])(?P<second>[0-9]{1,2})(?P=separator)"
    r"(?P<year>[0-9]{4}|(?<!-)[0-9]{2})(?![0-9./-])"
)
# A month by its name, or a year before two numbers.
_CERTAIN_ORDER = re.compile(
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|(?<![0-9])[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])",
    re.IGNORECASE,
)
_LAST_TWO_DIGIT_YEAR = 2068  # POSIX: 00 to 68 are years after 2000
_NEAR = timedelta(days=31)  # dates of a window's rows are at most this far outside of it
_APART = timedelta(days=14)  # the wrong order puts a date at least this much farther away
_VOTE_SHARE = 0.75  # share of a column's values that must show the same order
_MIN_OPPOSING_VOTES = 3  # values that must oppose a setting, or earlier files


class DateRule(Struct, frozen=True):
    """The rule for the dates of one file.

    Attributes:
        zone: Zone of dates without an offset.
        setting: The order that the user has set; None if it is not set.
        orders: The order that earlier files showed, by column.
        window: The window of the file; None if its rows belong to no window.
    """

    zone: tzinfo = UTC
    setting: DateOrder | None = None
    orders: Mapping[str, DateOrder] = {}
    window: Window | None = None


class ColumnDates:
    """Parser of one column's dates; it counts what they show of their order.

    Attributes:
        zone: Zone of dates without an offset.
        order: The order in which the column is read.
    """

    def __init__(self, rule: DateRule, column: str) -> None:
        """Create a parser of the column named `column`."""
        self.zone = rule.zone
        self.order: DateOrder = rule.setting or rule.orders.get(column, "month_first")
        self._is_set = rule.setting is not None
        self._is_known = self._is_set or column in rule.orders
        self._window = rule.window
        self._only: Counter[DateOrder] = Counter()  # dates that exist in this order only
        self._votes: Counter[DateOrder] = Counter()  # dates near the window in this order only
        self._ambiguous = 0  # dates that differ between the orders

    def parse(self, text: str) -> datetime:
        """Return a date or an instant; it is naive if the text has no offset.

        Raises:
            ValueError: The text is no complete date, or has another order than the setting.
        """
        if instant := _parse_iso(text):
            return instant
        month_first, day_first = _parse_both(text)
        if month_first == day_first and month_first is not None:
            return month_first
        if month_first is None or day_first is None:
            return self._only_reading(text, month_first, day_first)
        self._ambiguous += 1
        self._vote(month_first, day_first)
        return month_first if self.order == "month_first" else day_first

    def _only_reading(
        self, text: str, month_first: datetime | None, day_first: datetime | None
    ) -> datetime:
        order: DateOrder = "day_first" if month_first is None else "month_first"
        reading = day_first if month_first is None else month_first
        if reading is None or (self._is_set and order != self.order):
            raise ValueError(text)
        self._only[order] += 1
        return reading

    def _vote(self, month_first: datetime, day_first: datetime) -> None:
        """Count a date that is near the window in one order, and far outside in the other."""
        if self._window is None:
            return
        distances = [_distance(reading, self._window) for reading in (month_first, day_first)]
        if min(distances) <= _NEAR and abs(distances[1] - distances[0]) >= _APART:
            self._votes[DATE_ORDERS[distances.index(min(distances))]] += 1

    @property
    def is_contradictory(self) -> bool:
        """Return True if some dates exist in one order only, and others in the other one only."""
        return len(self._only) > 1

    @property
    def shown_order(self) -> DateOrder | None:
        """Return the order that the dates show, against a setting too; None for no order."""
        if self._only:
            return None if self.is_contradictory else next(iter(self._only))
        for order, votes in self._votes.items():
            is_enough = not self._is_known or order == self.order or votes >= _MIN_OPPOSING_VOTES
            if is_enough and votes >= _VOTE_SHARE * self._ambiguous:
                return order
        return None

    @property
    def is_undecided(self) -> bool:
        """Return True if neither the dates, nor earlier files, nor a setting say the order."""
        undecided = not self._only and self.shown_order is None
        return bool(self._ambiguous) and not self._is_known and undecided


class FileDates:
    """The parsers of a file's date columns.

    Attributes:
        rule: The rule that the parsers follow.
    """

    def __init__(self, rule: DateRule | None = None) -> None:
        """Create no parser yet."""
        self.rule = rule or DateRule()
        self._parsers: dict[str, ColumnDates] = {}

    def of_column(self, name: str) -> ColumnDates:
        """Return the parser of a column: the same one for the whole file."""
        if name not in self._parsers:
            self._parsers[name] = ColumnDates(self.rule, name)
        return self._parsers[name]

    def with_orders(self, orders: Mapping[str, DateOrder]) -> FileDates:
        """Return new parsers for the same file, with these orders of columns."""
        return FileDates(structs.replace(self.rule, orders={**self.rule.orders, **orders}))

    @property
    def contradictory(self) -> list[str]:
        """Return the columns that have dates of either order."""
        return [name for name, dates in self._parsers.items() if dates.is_contradictory]

    @property
    def undecided(self) -> list[str]:
        """Return the columns whose order nothing says."""
        return [name for name, dates in self._parsers.items() if dates.is_undecided]

    @property
    def shown_orders(self) -> dict[str, DateOrder]:
        """Return the orders that the dates show, by column."""
        shown = {name: dates.shown_order for name, dates in self._parsers.items()}
        return {name: order for name, order in shown.items() if order is not None}

    @property
    def opposed(self) -> dict[str, DateOrder]:
        """Return the orders that the dates show, of columns that were read in the other order."""
        shown = self.shown_orders.items()
        return {name: order for name, order in shown if order != self._parsers[name].order}


def _distance(instant: datetime, window: Window) -> timedelta:
    """Return how far outside of a window an instant is; its zone does not matter."""
    local = instant.replace(tzinfo=UTC)
    return max(window.start - local, local - window.end, timedelta(0))


@lru_cache(maxsize=4096)
def _parse_both(text: str) -> tuple[datetime | None, datetime | None]:
    """Return a text as a date with the month first, and with the day first.

    A date of a certain order is returned twice. A date that does not exist is None.

    Raises:
        ValueError: The text is no complete date, or its time zone is only a name.
    """
    match = _NUMERIC_DATE.search(text)
    if match is None:
        if not _CERTAIN_ORDER.search(text):
            raise ValueError(text)
        instant = _parse_informal(text)
        return instant, instant
    first, second = int(match["first"]), int(match["second"])
    day_first = _replace_date(text, match, second, first)
    if match["separator"] == ".":
        return day_first, day_first
    return _replace_date(text, match, first, second), day_first


def _replace_date(text: str, match: re.Match[str], month: int, day: int) -> datetime | None:
    """Return a text as an instant, with the matched date read so; None if there is no such date."""
    year = int(match["year"])
    if len(match["year"]) == 2:  # noqa: PLR2004 (digits)
        year += 2000 if year + 2000 <= _LAST_TWO_DIGIT_YEAR else 1900
    iso_text = f"{text[: match.start()]}{year:04}-{month:02}-{day:02}{text[match.end() :]}"
    try:
        date(year, month, day)
        return _parse_iso(iso_text) or _parse_informal(iso_text)
    except ValueError:
        return None


def _parse_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _parse_informal(text: str) -> datetime:
    """Parse a format other than ISO 8601, such as `2026-01-31 5:04 PM` or `31 Jan 2026`.

    dateutil fills missing components from a default. The text is parsed with two defaults;
    different results show that it is not a complete date.

    Raises:
        ValueError: The text is not a complete date, or its time zone is only a name.
    """
    from dateutil import parser  # imported late: few files need it

    try:
        candidates = {
            parser.parse(text, default=default, tzinfos=_require_offset)
            for default in (datetime(2000, 1, 1), datetime(2003, 12, 31))  # noqa: DTZ001
        }
    except OverflowError as error:
        raise ValueError from error
    (instant,) = candidates
    return instant


def _require_offset(name: str | None, offset: int | None) -> int | None:
    """Raise ValueError for a zone without an offset: `EST` and `CST` are ambiguous."""
    if name is not None and offset is None:
        raise ValueError(name)
    return offset

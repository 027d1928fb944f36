"""Parse dates, and find out in which order a file writes day and month.

ISO 8601 is taken as it is. `31.12.2026` has the day first. `12/31/2026` and `12-31-2026` have the
order of their column. These decide it, the first one that applies:

- the setting `date_order`,
- a date of the file that exists in one order only, unless the window shows the other order,
- the window, if the dates are near it in one order only,
- the order of earlier files,
- otherwise the month comes first.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from tap_cxone.config.types import DATE_ORDERS
from tap_cxone.rows.date_texts import parse_both, parse_iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from tap_cxone.config.types import DateOrder
    from tap_cxone.windows import Window

_NEAR = timedelta(days=31)  # dates of a window's rows are at most this far outside of it
_APART = timedelta(days=14)  # the wrong order puts a date at least this much farther away
_VOTE_SHARE = 0.75  # share of a column's votes that must show the same order
CERTAIN_VOTES = 3
"""Dates near their window that count as much as one date that exists in a single order."""


class DateRule(Struct, frozen=True):
    """The rule for the dates of one file.

    Attributes:
        zone: Zone of dates without an offset.
        setting: The order that the user has set; None if it is not set.
        orders: The order that earlier files showed, by column.
        votes: The number of dates by which they showed it, at most three; three if absent.
        window: The window of the file; None if its rows belong to no window.
    """

    zone: tzinfo = UTC
    setting: DateOrder | None = None
    orders: Mapping[str, DateOrder] = {}
    votes: Mapping[str, int] = {}
    window: Window | None = None


class _Counts(Struct):
    """What the dates of one column show.

    Attributes:
        only: Number of dates that exist in this order only.
        votes: Number of dates that are near the window in this order only.
        ambiguous: Number of dates that differ between the orders.
    """

    only: Counter[DateOrder] = field(default_factory=Counter)
    votes: Counter[DateOrder] = field(default_factory=Counter)
    ambiguous: int = 0

    def copy(self) -> _Counts:
        """Return the same counts."""
        return _Counts(self.only.copy(), self.votes.copy(), self.ambiguous)


class ColumnDates:
    """Parser of one column's dates; it counts what they show of their order.

    Attributes:
        zone: Zone of dates without an offset.
        order: The order in which the column is read.
        counts: What the dates show so far.
        is_counting: Whether `parse` counts dates.
    """

    def __init__(self, rule: DateRule, column: str) -> None:
        """Create a parser of the column named `column`."""
        self.zone = rule.zone
        self.order: DateOrder = rule.setting or rule.orders.get(column, "month_first")
        self.counts = _Counts()
        self.is_counting = True
        self._is_set = rule.setting is not None
        self._is_remembered = not self._is_set and column in rule.orders
        self._earlier_votes = rule.votes.get(column, CERTAIN_VOTES) if self._is_remembered else 0
        self._window = rule.window

    def parse(self, text: str) -> datetime:
        """Return a date or an instant; it is naive if the text has no offset.

        Raises:
            ValueError: The text is no complete date, or has another order than the setting.
        """
        if instant := parse_iso(text):
            return instant
        month_first, day_first = parse_both(text)
        if month_first == day_first and month_first is not None:
            return month_first
        if month_first is None or day_first is None:
            return self._only_reading(text, month_first, day_first)
        if self.is_counting:
            self.counts.ambiguous += 1
            self._vote(month_first, day_first)
        return month_first if self.order == "month_first" else day_first

    def _only_reading(
        self, text: str, month_first: datetime | None, day_first: datetime | None
    ) -> datetime:
        order: DateOrder = "day_first" if month_first is None else "month_first"
        reading = day_first if month_first is None else month_first
        if reading is None or (self._is_set and order != self.order):
            raise ValueError(text)
        if self.is_counting:
            self.counts.only[order] += 1
        return reading

    def _vote(self, month_first: datetime, day_first: datetime) -> None:
        """Count a date that is near the window in one order, and far outside in the other."""
        if self._window is None:
            return
        distances = [_distance(reading, self._window) for reading in (month_first, day_first)]
        if min(distances) <= _NEAR and abs(distances[1] - distances[0]) >= _APART:
            self.counts.votes[DATE_ORDERS[distances.index(min(distances))]] += 1

    @property
    def is_contradictory(self) -> bool:
        """Return True if some dates are certainly of one order, and others of the other one.

        Beside a date that exists in one order only, most dates may be near the window in the other.
        """
        only = self.counts.only
        return bool(only) and len({*only, *self._certain_votes}) > 1

    @property
    def _certain_votes(self) -> list[DateOrder]:
        """Return the order in which most dates are near the window, if they are at least three."""
        order = self._voted_order
        if order is None or self._is_set:
            return []
        number = self.counts.votes[order]
        is_certain = number >= max(CERTAIN_VOTES, _VOTE_SHARE * self.counts.ambiguous)
        return [order] if is_certain else []

    @property
    def shown_order(self) -> DateOrder | None:
        """Return the order that the dates show, against a setting too; None for no order.

        Against what earlier files showed, as many dates must be near the window as there.
        """
        if self.counts.only:
            return None if self.is_contradictory else next(iter(self.counts.only))
        voted = self._voted_order
        if voted is None or voted == self.order:
            return voted
        return voted if self.counts.votes[voted] >= self._earlier_votes else None

    @property
    def votes(self) -> int:
        """Return how many dates show the order, with those of earlier files; at most three."""
        if self.counts.only:
            return CERTAIN_VOTES
        if (order := self.shown_order) is None:
            return 0
        earlier = self._earlier_votes if order == self.order else 0
        return min(CERTAIN_VOTES, earlier + self.counts.votes[order])

    @property
    def is_doubtful(self) -> bool:
        """Return True if few dates show another order than earlier files, whose order counts."""
        is_followed = self.counts.only or self.shown_order is not None
        return not is_followed and self._voted_order is not None

    @property
    def _voted_order(self) -> DateOrder | None:
        """Return the order in which most dates are near the window; None without one.

        A date that is far from the window in both orders, or near it in both, shows nothing.
        """
        votes = self.counts.votes
        minimum = max(1, _VOTE_SHARE * votes.total())
        return next((order for order, number in votes.items() if number >= minimum), None)

    @property
    def is_weak(self) -> bool:
        """Return True if only few of many dates show the order, which nothing else says."""
        order = self.shown_order
        if order is None or self.counts.only or self._is_set or self._earlier_votes:
            return False
        return self.counts.votes[order] < _VOTE_SHARE * self.counts.ambiguous

    @property
    def is_undecided(self) -> bool:
        """Return True if neither the dates, nor earlier files, nor a setting say the order."""
        is_known = self._is_set or self._is_remembered
        undecided = not self.counts.only and self.shown_order is None
        return bool(self.counts.ambiguous) and not is_known and undecided


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

    def forget(self, name: str) -> None:
        """Report nothing of a column, because its values are not all dates."""
        self._parsers.pop(name, None)

    def with_orders(self, orders: Mapping[str, DateOrder]) -> FileDates:
        """Return new parsers for the same file, with these orders of columns."""
        votes = {**self.rule.votes, **dict.fromkeys(orders, 0)}
        rule = structs.replace(self.rule, orders={**self.rule.orders, **orders}, votes=votes)
        return FileDates(rule)

    @contextmanager
    def counting_if_valid(self) -> Iterator[None]:
        """Forget the dates that a block parses if it raises: they are parsed again."""
        before = {name: dates.counts.copy() for name, dates in self._parsers.items()}
        try:
            yield
        except ValueError:
            for name, dates in self._parsers.items():
                dates.counts = before.get(name) or _Counts()
            raise

    def stop_counting(self) -> None:
        """Count no more dates: the first pass over the file has counted all of them."""
        for dates in self._parsers.values():
            dates.is_counting = False

    @property
    def contradictory(self) -> list[str]:
        """Return the columns that have dates of either order, by their form or by the window."""
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
    def shown_votes(self) -> dict[str, int]:
        """Return the numbers of dates that show these orders, by column."""
        return {name: self._parsers[name].votes for name in self.shown_orders}

    @property
    def weak(self) -> list[str]:
        """Return the columns whose order only few of their dates show, and nothing else says."""
        return [name for name, dates in self._parsers.items() if dates.is_weak]

    @property
    def doubtful(self) -> list[str]:
        """Return the columns in which few dates show another order than earlier files."""
        return [name for name, dates in self._parsers.items() if dates.is_doubtful]

    @property
    def opposed(self) -> dict[str, DateOrder]:
        """Return the orders that the dates show, of columns that were read in the other order."""
        shown = self.shown_orders.items()
        return {name: order for name, order in shown if order != self._parsers[name].order}


def _distance(instant: datetime, window: Window) -> timedelta:
    """Return how far outside of a window an instant is; its zone does not matter."""
    local = instant.replace(tzinfo=UTC)
    return max(window.start - local, local - window.end, timedelta(0))

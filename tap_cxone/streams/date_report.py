"""Report what the files of a stream show of the order of day and month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from tap_cxone.config.types import DateOrder
    from tap_cxone.rows.dates import FileDates
    from tap_cxone.rows.reader import RowReader
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.streams.state import StreamState


def describe_contradiction(reader: RowReader, declaration: Declaration) -> str:
    """Return the message of a file that has dates of either order in one column."""
    columns = reader.spec.dates.contradictory
    other = f"declare a string in {declaration.columns_setting}"
    if reader.order.column in columns:
        other = f"correct {declaration.order_by_setting}"
    return (
        f"{reader.table.name}: {', '.join(columns)} has dates that fit only with the month "
        "first, and dates that fit only with the day first: no record was emitted; set "
        f"{declaration.text_format.date_order_setting}, or {other}"
    )


class DateReporter(Struct, frozen=True):
    """Stores the orders that files show, and warns once of each column.

    Attributes:
        state: State of the stream.
        setting: Full path of the setting `date_order`.
        warned: The warnings of this run; `report` adds to it.
        log: Logger of the stream.
    """

    state: StreamState
    setting: str
    warned: set[str]
    log: logging.Logger

    def report(self, dates: FileDates, name: str) -> None:
        """Store and report what a file shows; `name` names the file."""
        if dates.rule.setting is not None:
            text = "%s: the dates of %s are near their window only in the other order; correct %s"
            self._warn(text, dates.opposed, name)
            return
        text = "%s: no date of %s shows its order, so the month counts as first; set %s"
        self._warn(text, dates.undecided, name)
        text = (
            "%s: only a few dates of %s are near their window, which shows the order of all; if it "
            "is wrong, set %s"
        )
        self._warn(text, dates.weak, name)
        text = "%s: the dates of %s have another order than in earlier windows; check those, set %s"
        self._warn(text, self._changed(dates.shown_orders), name)
        text = (
            "%s: dates of %s are near their window only in another order than earlier ones, which "
            "was kept; if they are wrong, set %s"
        )
        self._warn(text, dates.doubtful, name)
        self.state.add_date_orders(dates.shown_orders, dates.shown_votes)

    def _changed(self, shown: Mapping[str, DateOrder]) -> list[str]:
        """Return the columns that earlier windows had, or may have had, in another order."""
        known = self.state.date_orders()
        default: DateOrder | None = "month_first" if self.state.bookmark() else None
        earlier = {column: known.get(column, default) for column in shown}
        return [column for column, order in shown.items() if earlier[column] not in {None, order}]

    def _warn(self, text: str, columns: Iterable[str], name: str) -> None:
        topics = {column: f"{self.state.stream}, {column}: {text}" for column in columns}
        new = [column for column, topic in topics.items() if topic not in self.warned]
        if new:
            self.warned.update(topics.values())
            self.log.warning(text, name, ", ".join(new), self.setting)

"""Report what the columns of a window's file leave open."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from tap_cxone.progress.formatting import listed
from tap_cxone.streams.declared_titles import report_declared_titles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tap_cxone.rows.layout import FileLayout
    from tap_cxone.streams.loaded_window import LoadedWindow
    from tap_cxone.streams.schema import Declaration


class _Log(Protocol):
    def __call__(self, message: str, *args: Any, level: int = ..., **kwargs: Any) -> None:
        """Log a message."""


class LayoutReporter(Struct, kw_only=True):
    """Reporter of requested and declared columns, and of the column of `order_by`.

    Attributes:
        declaration: Declaration of the stream.
        requested_titles: Returns the titles that the request of the stream names.
        log: Logs at a level.
        log_once: Logs a topic, as a warning once a run.
    """

    declaration: Declaration
    requested_titles: Callable[[], Collection[str]]
    log: _Log
    log_once: Callable[..., None]
    _unfulfilled: set[str] = field(default_factory=set)

    def report(self, layout: FileLayout, loaded: LoadedWindow) -> None:
        """Report what the file of a window lacks, and what its titles leave open."""
        self._report_unfulfilled(layout, loaded)
        self._report_order(layout, loaded)
        if loaded.reader.order.is_mixed and loaded.reader.has_duplicates:
            self._report_mixed(loaded)
        name, setting = loaded.reader.table.name, self.declaration.columns_setting
        report_declared_titles(layout, name, setting, self.log_once)

    def _report_unfulfilled(self, layout: FileLayout, loaded: LoadedWindow) -> None:
        """Report the columns that were requested and are in no row of a window; warn once a run."""
        rows = loaded.counts.rows
        requested = self.requested_titles() if rows and layout.absent_columns else ()
        missing = set(requested) - {title.text for title in layout.column_names}
        names = [column.name for column in layout.absent_columns if column.exact_title in missing]
        if not names:
            return
        loaded.audit_context.write("requested_columns_absent", columns=names, rows=rows)
        level = logging.INFO if self._unfulfilled.issuperset(names) else logging.WARNING
        self._unfulfilled.update(names)
        report = (
            "%s: requested, and in none of %d rows: %s. They are null; check in CXone that these "
            "names exist for this report and that the application may read them"
        )
        self.log(report, loaded.reader.table.name, rows, listed(names), level=level)

    def _report_order(self, layout: FileLayout, loaded: LoadedWindow) -> None:
        """Warn once of a file that lacks the column of `order_by`."""
        title, reader = self.declaration.order_by, loaded.reader
        is_absent = title in {column.name for column in layout.absent_columns}
        if is_absent and not reader.has_duplicates:  # no row has another one to be ordered with
            return
        if title and loaded.counts.rows and layout.order_column is None:
            warning = (
                "%s: no column that is read has the title '%s'; the first row of each key is "
                "emitted. Declare the column, or correct %s; titles: %s"
            )
            titles = ", ".join(title.text for title in layout.titles)
            name, setting = reader.table.name, self.declaration.order_by_setting
            topic = f"{self.declaration.name}, order_by"
            self.log_once(topic, warning, name, title, setting, titles)

    def _report_mixed(self, loaded: LoadedWindow) -> None:
        """Warn once of a column of `order_by` that has texts beside other values."""
        declaration, column = self.declaration, loaded.reader.order.column
        warning = (
            "%s: %s has numbers or dates beside other texts, so all its values are compared as "
            "texts; declare its type in %s, or set %s.null_values"
        )
        settings = declaration.columns_setting, declaration.text_format.csv_setting
        topic = f"{declaration.name}, {column}"
        self.log_once(topic, warning, loaded.reader.table.name, column, *settings)

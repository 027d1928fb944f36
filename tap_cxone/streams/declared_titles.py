"""Report declared titles whose column another title has, or that no title of a file equals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.rows.titles import Title, default_name, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cxone.rows.columns import Column
    from tap_cxone.rows.layout import FileLayout


def report_declared_titles(
    layout: FileLayout, name: str, setting: str, log_once: Callable[..., None]
) -> None:
    """Warn of each declared title that has been in no file and does not get what one may expect.

    Args:
        layout: The layout of a file.
        name: Name of the file.
        setting: Full path of the setting that declares columns.
        log_once: Logs a topic, a text and its arguments, as a warning the first time.
    """
    titles_by_name = layout.spec.column_map.titles_by_name()
    for column in _unseen_titles(layout):
        title = column.exact_title
        if Title(title) in layout.titles:
            held_name = default_name(title)
            if held_name != column.name and held_name in titles_by_name:
                text = (
                    "%s: '%s' has the column %s, because '%s' has had %s since an earlier file. To "
                    "exchange them, delete both from 'columns' in the STATE of the stream, and "
                    "reload"
                )
                holder = titles_by_name[held_name][0].text
                log_once(f"{setting}, {title}", text, name, title, column.name, holder, held_name)
        elif other := _resembling_title(layout, title):
            text = (
                "%s: no title is '%s', which %s declares. '%s' is another title, with a column of "
                "its own; if it is meant, declare it instead"
            )
            log_once(f"{setting}, {title}", text, name, title, setting, other)


def _unseen_titles(layout: FileLayout) -> Iterator[Column]:
    """Yield the columns that are declared by a title which no earlier file had."""
    known_titles = layout.spec.column_map.names
    for column in layout.spec.columns:
        is_declared = column.match == "exact" and column.name != column.exact_title
        if is_declared and not column.requested and Title(column.exact_title) not in known_titles:
            yield column


def _resembling_title(layout: FileLayout, text: str) -> str:
    """Return the first title of a file with the same letters and digits; empty without one."""
    folded = fold(text)
    matches = (title.text for title in layout.titles if folded and fold(title.text) == folded)
    return next(matches, "")

"""Log lines about the rows of an emitted window that are not as they were in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.rows.layout import ROW_HASH
from tap_cxone.streams.quarantine import NAME as QUARANTINE

if TYPE_CHECKING:
    import logging

    from tap_cxone.rows.reader import RowReader
    from tap_cxone.streams.loaded_window import LoadedWindow
    from tap_cxone.streams.schema import Declaration


def report_rows(loaded: LoadedWindow, declaration: Declaration, log: logging.Logger) -> None:
    """Log the rows that were quarantined, changed, skipped or dropped."""
    table, counts = loaded.reader.table, loaded.counts
    if counts.invalid:
        log.warning("%s: %s and were sent to stream '%s'", table.name, counts, QUARANTINE)
    if null_count := table.null_character_count:
        text = "%s: %d NUL characters became U+FFFD; to keep them, set %s"
        setting = f"{declaration.text_format.csv_setting}.null_characters"
        log.warning(text, table.name, null_count, setting)
    if skipped := counts.skipped:
        info = "%s: skipped %d blank lines and %d repeated headers, which are no rows"
        log.info(info, table.name, skipped.blank, skipped.repeated_headers)
    if skipped.short_titles:
        text = (
            "%s: %d values end with their title '%s', as if parts of the file were joined there. "
            "They were emitted as they are; compare them with CXone"
        )
        log.warning(text, table.name, skipped.short_titles, table.header[0])
    if loaded.reader.duplicate_count:
        _report_duplicates(loaded.reader, declaration, log)


def _report_duplicates(reader: RowReader, declaration: Declaration, log: logging.Logger) -> None:
    name, count, spec = reader.table.name, reader.duplicate_count, reader.spec
    if ROW_HASH in spec.key_columns:
        info = "%s: %d rows equal an earlier row and were dropped; to emit them, set %s"
        log.info(info, name, count, "count_identical_rows to true")
        return
    if reader.layout is not None and (column := reader.layout.order_column):
        info = "%s: %d rows with the key of a row with a later %s were dropped, as %s requests"
        log.info(info, name, count, column.name, declaration.order_by_setting)
        return
    text = (
        "%s: %d rows with the key of an earlier row were dropped; if they are different rows, "
        "add key columns to %s"
    )
    log.warning(text, name, count, declaration.keys_setting)

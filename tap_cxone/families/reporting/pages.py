"""Download all pages of a list into one spool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from tap_cxone.clock import iso_z
from tap_cxone.errors import DownloadError, ResponseTimeout
from tap_cxone.families.reporting.api import Page, api_of
from tap_cxone.families.reporting.fields import FieldRules
from tap_cxone.families.reporting.list_progress import ListProgress, Row
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.http.json_numbers import encode_json
from tap_cxone.http.json_pages import spool_json_pages
from tap_cxone.http.pagination import OffsetPaginator
from tap_cxone.progress.activity import set_activity
from tap_cxone.spool import WindowFile

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_cxone.families.reporting.api import ReportingApi
    from tap_cxone.families.reporting.tables import Table
    from tap_cxone.streams.family_stream import FamilyStream
    from tap_cxone.windows import Window


def date_range(window: Window) -> dict[str, str]:
    """Return the query parameters of the date range of a window."""
    return {"startDate": iso_z(window.start), "endDate": iso_z(window.end)}


class RowsMoved(DownloadError):
    """Rows moved across a page boundary while paging, so some were not read."""


class ListSource(Struct, kw_only=True):
    """Source of the rows of one list (a `FileSource`).

    It reads the list with `skip`, and once more if rows moved meanwhile.

    Attributes:
        api: Client of the API.
        table: The list.
        rules: Rules for the fields of its rows.
        page_size: Rows per page; halved when the server cannot build a page in time.
        max_retries: How many times a list is read again after its rows moved.
        log: Logger of the stream.
    """

    api: ReportingApi
    table: Table
    rules: FieldRules
    page_size: int
    max_retries: int
    log: logging.Logger
    _last_listed: set[int] | None = None

    @classmethod
    def of(cls, stream: FamilyStream, table: Table, **more: Any) -> Self:
        """Return the source of a stream's list, with `more` attributes of a subclass."""
        return cls(
            api=api_of(stream.family, stream.name),
            table=table,
            rules=FieldRules.of(table.aliases, table.columns),
            page_size=stream.settings.section(ReportingSettings).page_size,
            max_retries=stream.settings.max_retries,
            log=stream.logger,
            **more,
        )

    def fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        """Download all rows of a window as one JSON array.

        Raises:
            DownloadError: The rows moved while paging, in every attempt.
        """
        set_activity(f"downloading {window}")
        for attempt in range(self.max_retries + 1):
            try:
                return self._fetch_once(window, upcoming)
            except RowsMoved as error:
                if attempt == self.max_retries:
                    raise
                self.log.warning("%s; reading the list again", error)
        raise AssertionError  # pragma: no cover (the last attempt returns or raises)

    def _fetch_once(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        description = self.description(window)
        encoded = (list(map(encode_json, rows)) for rows in self.pages(window))
        return WindowFile(
            window, upcoming, description, None, spool_json_pages(encoded, description)
        )

    def discard(self, window: Window) -> None:
        """Do nothing: every fetch requests the pages again."""

    def description(self, window: Window) -> str:
        """Return the name of a window, for messages."""
        return f"{self.table.name}, {window}"

    def get_page(self, params: Mapping[str, str], skip: int | None = 0) -> Page:
        """Return a page that the server can build in time: halved, or requested once more."""
        is_repeated = False
        while True:
            try:
                return self._request_page(params, skip)
            except ResponseTimeout as error:
                if self.table.paged and self.page_size > 1:
                    self.page_size = self.page_size // 2
                    self.log.warning("%s; continuing with %d rows per page", error, self.page_size)
                elif is_repeated:
                    raise
                else:
                    is_repeated = True
                    self.log.warning("%s; reading the list again", error)

    def _request_page(self, params: Mapping[str, str], skip: int | None) -> Page:
        paging = OffsetPaginator.params(skip, self.page_size) if self.table.paged else {}
        query = {**self.table.params, **params, **paging}
        table = self.table
        return self.api.page(table.path, query, table.data_keys, table.row_field)

    def queries(self, window: Window) -> Iterable[Mapping[str, str]]:  # noqa: ARG002 (overrides)
        """Return the query parameters of each list of a window, beside those of the table."""
        return ({},)

    def pages(self, window: Window) -> Iterator[Sequence[Row]]:
        """Yield the rows of a window, page by page.

        Raises:
            RowsMoved: Fewer distinct rows were read than the API announced.
        """
        for params in self.queries(window):
            if self.table.paged:
                yield from self._distinct_rows(window, params)
            else:
                yield [self.to_row(row, params) for row in self.get_page(params).rows]

    def to_row(self, row: Row, params: Mapping[str, str]) -> Row:  # noqa: ARG002 (overrides)
        """Return a row of a response to `params` with one spelling of its fields."""
        return self.rules.apply(row)

    def _distinct_rows(self, window: Window, params: Mapping[str, str]) -> Iterator[Sequence[Row]]:
        """Yield the rows of a list, page by page, each row once.

        Raises:
            RowsMoved: Fewer distinct rows were read than the API announced.
            DownloadError: The same rows are missing as in the attempt before.
        """
        progress, previous = ListProgress.of(self.table.primary_keys), Page(())
        while True:
            page = self.get_page(params, progress.skip)
            if self._is_repeated(page, previous, window):
                return
            rows, previous = [self.to_row(row, params) for row in page.rows], page
            yield progress.add(page, rows)
            if progress.is_last(page, self.page_size):
                break
            if later_params := self.later_params(params, rows):
                params, previous = later_params, Page(())
                progress.start_again()
        if progress.missing > 0:
            self._report_missing(progress, window)

    def later_params(
        self,
        params: Mapping[str, str],  # noqa: ARG002 (overrides)
        rows: Sequence[Row],  # noqa: ARG002 (overrides)
    ) -> Mapping[str, str] | None:
        """Return a query of the rows from the last ones of a page on; None to read on by number."""
        return None

    def _is_repeated(self, page: Page, previous: Page, window: Window) -> bool:
        """Return True if a page is the one before it again, and the list was complete then.

        Raises:
            DownloadError: The list may have more rows.
        """
        if not page.rows or page.rows != previous.rows:
            return False
        text = f"{self.description(window)}: the API ignores skip, and repeated a page"
        if (page.total or 0) > len(page.rows) or len(page.rows) >= self.page_size:
            msg = f"{text}; no record was emitted. Raise reporting.page_size above the list"
            raise DownloadError(msg)
        self.log.warning("%s; the list of %d rows counts as complete", text, len(page.rows))
        return True

    def _report_missing(self, progress: ListProgress, window: Window) -> None:
        """Raise an error, or warn of repeated keys if the attempt before read the same rows."""
        count, total = len(progress.listed), progress.total
        text = f"{self.description(window)}: {count} of {total} announced rows are distinct"
        if progress.listed != self._last_listed:
            self._last_listed = progress.listed
            msg = f"{text}, because rows moved while paging"
            raise RowsMoved(msg)
        if progress.skip < (total or 0):
            msg = (
                f"{self.description(window)}: received {progress.skip} of {total} announced rows; "
                "run again"
            )
            raise DownloadError(msg)
        self.log.warning("%s; rows with the key of an earlier row were dropped", text)

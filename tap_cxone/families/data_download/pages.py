"""Download all pages of a window into one spool, each page once."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from tap_cxone.errors import DownloadError
from tap_cxone.http.empty_result import report_empty_result
from tap_cxone.http.json_pages import spool_json_pages
from tap_cxone.http.pagination import OffsetPaginator
from tap_cxone.progress.activity import set_activity
from tap_cxone.rows.dedupe import PageOverlap
from tap_cxone.spool import WindowFile

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.families.data_download.api import DataDownloadApi, DownloadRequest, Page
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_QUOTA_CHECK_PAGES = 10  # a window with more pages checks the quota first


class _ResultChanged(DownloadError):
    """Rows before the current offset were added or removed, so later pages would not match."""


class PagedSource(Struct):
    """Source of the rows of one download (a `FileSource`).

    Attributes:
        api: Requests to the tenant's API.
        build_request: Returns the request. It is called late, when the catalogue is known.
        page_size: Rows per page.
        max_retries: How many times a window is read again after its result changed.
        log: Logger for repeated reads and the quota.
    """

    api: DataDownloadApi
    build_request: Callable[[], DownloadRequest]
    page_size: int
    max_retries: int
    log: logging.Logger
    _quota_checked: bool = field(default=False)

    def fetch(self, window: Window, upcoming: Sequence[Window]) -> WindowFile:
        """Download all rows of a window as one JSON object per line.

        The window is read again if the result set changes while paging.

        Raises:
            DownloadError: The result set changed while paging, or a page was repeated.
            QuotaExhausted: No calls remain.
        """
        set_activity(f"downloading {window}")
        for attempt in range(self.max_retries + 1):
            try:
                with closing(PageOverlap()) as overlap:
                    pages = self._pages(window, overlap)
                    spool = spool_json_pages(pages, self.description(window))
                return WindowFile(window, upcoming, self.description(window), None, spool)
            except _ResultChanged as error:
                if attempt == self.max_retries:
                    raise
                self.log.warning("%s; reading the window again", error)
        raise AssertionError  # pragma: no cover (the last attempt returns or raises)

    def fetch_ungrouped(self, window: Window) -> Spool:
        """Download the figures of a window without its grouping, which are one row."""
        request = self.build_request()
        ungrouped = structs.replace(
            request, download=structs.replace(request.download, group_by=())
        )
        page = self.api.page(ungrouped, window, 0, 1)
        return spool_json_pages([page.rows], self.description(window))

    def discard(self, window: Window) -> None:
        """Do nothing: every fetch requests the pages again."""

    def description(self, window: Window) -> str:
        """Return the name of a window, for messages."""
        return f"{self.build_request().download.report}, {window}"

    def _pages(self, window: Window, overlap: PageOverlap) -> Iterator[Sequence[bytes]]:
        request = self.build_request()
        paginator = OffsetPaginator(
            self.description(window),
            lambda page: (len(page.rows), page.total),
            page_size=self.page_size,
        )
        for page in paginator.pages(
            lambda offset: self.api.page(request, window, offset or 0, self.page_size)
        ):
            offset, total = paginator.offset, paginator.total
            self._check_first_page(window, page, offset)
            growth = 0 if page.total is None or total is None else page.total - total
            if growth < 0:
                description = self.description(window)
                msg = f"{description}: {total} rows became {page.total} while paging"
                raise _ResultChanged(msg)
            # Equal rows within one page do not count as repeated.
            distinct, repeated = overlap.add_page(page.rows)
            if repeated:
                raise self._repeated_rows_error(
                    window, offset, result_changed=growth > 0 or repeated < distinct
                )
            yield page.rows
        if overlap.has_duplicates():
            raise self._repeated_rows_error(window, paginator.offset, result_changed=True)

    def _repeated_rows_error(
        self, window: Window, offset: int, *, result_changed: bool
    ) -> DownloadError:
        """Return the error for a page that repeats rows of an earlier page.

        Either rows were added before the offset, or the API sent the same page twice.
        """
        if result_changed:
            msg = f"{self.description(window)}: rows were added before offset {offset} while paging"
            return _ResultChanged(msg)
        msg = (
            f"{self.description(window)}: the page at offset {offset} repeats an earlier "
            "one; lower data_download.window_days until one page is enough"
        )
        return DownloadError(msg)

    def _check_first_page(self, window: Window, page: Page, offset: int) -> None:
        """Check the quota before many calls; warn of a window without rows that has a reason."""
        if offset:
            return
        report_empty_result(self.log, self.api.client, self.description(window), page.message)
        if not page.rows and (token_region := self.api.mismatched_region()):
            self.log.warning(
                "%s has no rows; the token names the region %s, the setting is %s. If rows exist, "
                "correct region or endpoints.data_download",
                self.description(window),
                token_region,
                self.api.region,
            )
        if page.total is not None and page.total > _QUOTA_CHECK_PAGES * self.page_size:
            self.check_quota(-(-page.total // self.page_size) - 1)

    def check_quota(self, calls: int) -> None:
        """Log the remaining quota before a number of calls; only the first check does.

        Args:
            calls: Number of further calls.

        Raises:
            QuotaExhausted: No calls remain.
        """
        if self._quota_checked:
            return
        self._quota_checked = True
        quota = self.api.quota()
        if quota is None:
            return
        if quota.remaining <= 0:
            raise quota.quota_error()
        log = self.log.warning if quota.remaining < calls else self.log.info
        log("%d more calls needed; %s", calls, quota)

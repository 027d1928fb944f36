"""The pages of a window, into one spool: all of them, each once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_cxone.errors import DownloadError
from tap_cxone.progress.activity import set_activity
from tap_cxone.rows.dedupe import PageOverlap
from tap_cxone.spool import spool_json_pages

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.families.data_download.api import DataDownloadApi, DownloadRequest, Page
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_QUOTA_CHECK_PAGES = 10  # pages; before so many calls the quota is asked


class _ResultChanged(DownloadError):
    """Rows came or went before the place reached: what follows would not fit what was read."""


@dataclass(slots=True)
class PagedSource:
    """Where the rows of one download come from (a `Source`).

    Attributes:
        api: The calls.
        request: What to ask for; it is asked for late, when the catalogue is known.
        size: Rows a page.
        retries: How often a window is read again.
        log: Where to say so.
    """

    api: DataDownloadApi
    build_request: Callable[[], DownloadRequest]
    page_size: int
    max_retries: int
    log: logging.Logger
    _quota_checked: bool = field(default=False)

    def fetch_file(self, window: Window, upcoming: Sequence[Window]) -> Spool:  # noqa: ARG002 (no jobs)
        """Return all rows of a window, one JSON object a line.

        Rows that are read from moving ground are read again.

        Raises:
            DownloadError: They would not stand still, or a page came twice.
            QuotaExhausted: No call is left.
        """
        set_activity(f"downloading {window}")
        for tries in range(self.max_retries + 1):
            try:
                with closing(PageOverlap()) as passed:
                    return spool_json_pages(self._pages(window, passed), self.description(window))
            except _ResultChanged as error:
                if tries == self.max_retries:
                    raise
                self.log.warning("%s; reading the window again", error)
        raise AssertionError  # pragma: no cover (the last try returns or raises)

    def discard(self, window: Window) -> None:
        """Do nothing: every fetch asks anew."""

    def job_id(self, window: Window) -> None:
        """Return None: a page is an answer, not a job."""

    def description(self, window: Window) -> str:
        """Name a window in a message."""
        return f"{self.build_request().download.report}, {window}"

    def _pages(self, window: Window, overlap: PageOverlap) -> Iterator[Sequence[bytes]]:
        request, offset, total = self.build_request(), 0, None
        while True:
            page = self.api.page(request, window, offset, self.page_size)
            self._check_first_page(window, page, offset)
            if total is not None and page.total is not None and page.total < total:
                msg = f"{self.description(window)}: {total} rows became {page.total} while they were read"
                raise _ResultChanged(msg)
            has_grown = total is not None and page.total is not None and page.total > total
            total = page.total if page.total is not None else total
            if not page.rows:
                break
            distinct, repeated = overlap.add_page(
                page.rows
            )  # twice in one page is no matter of pages
            if repeated:
                raise self._repeated_rows_error(
                    window, offset, result_changed=has_grown or repeated < distinct
                )
            yield page.rows
            offset += len(page.rows)
            if total is not None and offset >= total:
                break
        if total is not None and offset < total:
            msg = (
                f"{self.description(window)}: {total} rows were announced, {offset} came; run again"
            )
            raise DownloadError(msg)
        if overlap.has_duplicates():
            raise self._repeated_rows_error(window, offset, result_changed=True)

    def _repeated_rows_error(
        self, window: Window, offset: int, *, result_changed: bool
    ) -> DownloadError:
        """Say why a page has rows of an earlier one: rows came before it, or it is that one."""
        if result_changed:
            msg = f"{self.description(window)}: rows before {offset} came while they were read"
            return _ResultChanged(msg)
        msg = (
            f"{self.description(window)}: the page at {offset} is one that came before; the API does "
            "not page as it should: lower data_download.window_days until one page is enough"
        )
        return DownloadError(msg)

    def _check_first_page(self, window: Window, page: Page, offset: int) -> None:
        """Look at the quota before many calls, and wonder at a window without rows."""
        if offset:
            return
        if not page.rows and (token_region := self.api.mismatched_region()):
            self.log.warning(
                "%s has no rows; the token names the region %s, the setting is %s: if there should "
                "be some, correct region or endpoints.data_download",
                self.description(window),
                token_region,
                self.api.region,
            )
        if page.total is not None and page.total > _QUOTA_CHECK_PAGES * self.page_size:
            self.check_quota(-(-page.total // self.page_size) - 1)

    def check_quota(self, calls: int) -> None:
        """Say what is left of the quota before `calls` of them, once a run.

        Raises:
            QuotaExhausted: Nothing is left.
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
        log("%d calls to come, %s", calls, quota)

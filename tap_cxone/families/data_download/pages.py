"""The pages of a window, into one spool: all of them, each once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_cxone.errors import DownloadError
from tap_cxone.progress.activity import doing
from tap_cxone.rows.dedupe import Passed
from tap_cxone.spool import fill_pages

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.families.data_download.api import DataDownloadApi, Page, Request
    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window

_LARGE = 10  # pages; before so many calls the quota is asked


class _Moved(DownloadError):
    """Rows came or went before the place reached: what follows would not fit what was read."""


@dataclass(slots=True)
class Pages:
    """Where the rows of one download come from (a `Source`).

    Attributes:
        api: The calls.
        request: What to ask for; it is asked for late, when the catalogue is known.
        size: Rows a page.
        retries: How often a window is read again.
        log: Where to say so.
    """

    api: DataDownloadApi
    request: Callable[[], Request]
    size: int
    retries: int
    log: logging.Logger
    _asked: bool = field(default=False)

    def fetch(self, window: Window, coming: Sequence[Window]) -> Spool:  # noqa: ARG002 (no jobs)
        """Return all rows of a window, one JSON object a line.

        Rows that are read from moving ground are read again.

        Raises:
            DownloadError: They would not stand still, or a page came twice.
            QuotaExhausted: No call is left.
        """
        doing(f"downloading {window}")
        for tries in range(self.retries + 1):
            try:
                with closing(Passed()) as passed:
                    return fill_pages(self._pages(window, passed), self.title(window))
            except _Moved as error:
                if tries == self.retries:
                    raise
                self.log.warning("%s; reading the window again", error)
        raise AssertionError  # pragma: no cover (the last try returns or raises)

    def forget(self, window: Window) -> None:
        """Do nothing: every fetch asks anew."""

    def job_id(self, window: Window) -> None:
        """Return None: a page is an answer, not a job."""

    def title(self, window: Window) -> str:
        """Name a window in a message."""
        return f"{self.request().download.report}, {window}"

    def _pages(self, window: Window, passed: Passed) -> Iterator[Sequence[bytes]]:
        request, offset, total = self.request(), 0, None
        while True:
            page = self.api.page(request, window, offset, self.size)
            self._beware(window, page, offset)
            if total is not None and page.total is not None and page.total < total:
                msg = f"{self.title(window)}: {total} rows became {page.total} while they were read"
                raise _Moved(msg)
            grown = total is not None and page.total is not None and page.total > total
            total = page.total if page.total is not None else total
            if not page.rows:
                break
            different, known = passed.again(page.rows)  # twice in one page is no matter of pages
            if known:
                raise self._twice(window, offset, moved=grown or known < different)
            yield page.rows
            offset += len(page.rows)
            if total is not None and offset >= total:
                break
        if total is not None and offset < total:
            msg = f"{self.title(window)}: {total} rows were announced, {offset} came; run again"
            raise DownloadError(msg)
        if passed.twice():
            raise self._twice(window, offset, moved=True)

    def _twice(self, window: Window, offset: int, *, moved: bool) -> DownloadError:
        """Say why a page has rows of an earlier one: rows came before it, or it is that one."""
        if moved:
            msg = f"{self.title(window)}: rows before {offset} came while they were read"
            return _Moved(msg)
        msg = (
            f"{self.title(window)}: the page at {offset} is one that came before; the API does "
            "not page as it should: lower data_download.window_days until one page is enough"
        )
        return DownloadError(msg)

    def _beware(self, window: Window, page: Page, offset: int) -> None:
        """Look at the quota before many calls, and wonder at a window without rows."""
        if offset:
            return
        if not page.rows and (region := self.api.elsewhere()):
            self.log.warning(
                "%s has no rows; the token names the region %s, the setting is %s: if there should "
                "be some, correct region or endpoints.data_download",
                self.title(window),
                region,
                self.api.region,
            )
        if page.total is not None and page.total > _LARGE * self.size:
            self.ask_quota(-(-page.total // self.size) - 1)

    def ask_quota(self, calls: int) -> None:
        """Say what is left of the quota before `calls` of them, once a run.

        Raises:
            QuotaExhausted: Nothing is left.
        """
        if self._asked:
            return
        self._asked = True
        quota = self.api.quota()
        if quota is None:
            return
        if quota.remaining <= 0:
            raise quota.used_up()
        say = self.log.warning if quota.remaining < calls else self.log.info
        say("%d calls to come, %s", calls, quota)

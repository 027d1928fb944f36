"""Read a result in pages: by token, by offset or by link."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from typing_extensions import override

from tap_cxone.errors import ApiError, DownloadError
from tap_cxone.http.json_body import (
    json_count,
    json_id,
    json_list,
    json_object,
    json_objects,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_TOTAL_KEYS = ("total", "totalCount", "totalRecords")
_NUMBER_KEYS = ("page", "pageNumber")
_PAGE_COUNT_KEYS = ("totalPages", "pageCount")
Position = TypeVar("Position", str, int)
_Page = TypeVar("_Page")


def announced_total(page: Mapping[str, Any]) -> int | None:
    """Return the number of entries of the whole result that a page announces, or None."""
    found = _first_count(page, _TOTAL_KEYS)
    return found and found[1]


def _first_count(body: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, int] | None:
    """Return the first of the keys with a number, and the number; None if there is none."""
    counts = ((key, json_count(body.get(key))) for key in keys)
    return next(((key, count) for key, count in counts if count is not None), None)


@dataclass
class Paginator(ABC, Generic[Position]):
    """Reader of one result; it refuses a repeated position.

    Attributes:
        description: Name of the result in messages.
    """

    KIND: ClassVar[str]
    description: str

    @abstractmethod
    def next_position(self, page: Any) -> Position | None:
        """Return the position of the page after this one, or None after the last page.

        Raises:
            DownloadError: The page has an invalid position, or pages are missing.
        """

    def pages(
        self, fetch: Callable[[Position | None], _Page], first_page: _Page | None = None
    ) -> Iterator[_Page]:
        """Yield all pages in order.

        Args:
            fetch: Returns the page at a position; the position of the first page is None.
            first_page: First page, if it is known already.

        Raises:
            DownloadError: A position is invalid or repeated, or pages are missing.
        """
        page = fetch(None) if first_page is None else first_page
        seen: set[Position] = set()
        while True:
            yield page
            if (position := self.next_position(page)) is None:
                return
            if position in seen:
                msg = (
                    f"{self.description}: the API repeated the page {self.KIND}, so paging "
                    "would never end; run again"
                )
                raise DownloadError(msg)
            seen.add(position)
            page = fetch(position)

    def _position_text(self, value: Any) -> str | None:
        """Return a position as a text, or None if there is none."""
        if not value:
            return None
        if (text := json_id(value)) is None:
            msg = f"{self.description}: the page {self.KIND} of the API is not a text; run again"
            raise DownloadError(msg)
        return text


@dataclass
class TokenPaginator(Paginator[str]):
    """Pages that name the token of the next page.

    Attributes:
        token_key: Key of the token in a page.
        token_parameter: Query parameter of the token in a request.
    """

    KIND: ClassVar[str] = "token"
    token_key: str = "nextPageToken"  # noqa: S105 (a key, not a token)
    token_parameter: str = "pageToken"  # noqa: S105 (a parameter, not a token)

    @override
    def next_position(self, page: Any) -> str | None:
        return self._position_text(json_object(page).get(self.token_key))

    def params(self, token: str | None) -> dict[str, str]:
        """Return the query parameters of a request for a page."""
        return {self.token_parameter: token} if token else {}


@dataclass
class ListPaginator(Paginator[str]):
    """Pages of a list of objects that name a token, or that are numbered and announce a total.

    The total is that of the entries or of the pages.

    A position is the query of a page, such as `page=2`.

    Attributes:
        list_keys: Keys of the list in a page.
        count: Number of different entries so far.
        total: Number of entries of the whole list; None if no page announced it.
    """

    KIND: ClassVar[str] = "token"
    list_keys: Sequence[str]
    count: int = 0
    total: int | None = None
    _number: int = 1
    _seen: set[str] = field(default_factory=set)

    def entries(self, page: Any) -> list[dict[str, Any]] | None:
        """Return the objects of a page, or None if it has no list."""
        entries = json_list(page, self.list_keys)
        return None if entries is None else json_objects(entries)

    def require_all(self) -> None:
        """Raise `ApiError` if the pages had fewer entries than they announced."""
        if self.total is not None and self.count < self.total:
            msg = (
                f"{self.description}: received {self.count} of {self.total} announced entries; "
                "run again"
            )
            raise ApiError(msg)

    @override
    def next_position(self, page: Any) -> str | None:
        body, known_count = json_object(page), self.count
        self._seen |= {json.dumps(entry, default=str) for entry in self.entries(page) or ()}
        self.count = len(self._seen)
        self.total = self.total if (total := announced_total(body)) is None else total
        if token := self._position_text(body.get("nextPageToken")):
            return urlencode({"pageToken": token})
        if self.count == known_count:
            return None
        key, number = _first_count(body, _NUMBER_KEYS) or ("page", self._number)
        _, page_count = _first_count(body, _PAGE_COUNT_KEYS) or ("", number)
        if self.count >= (self.total or 0) and number >= page_count:
            return None
        self._number = number + 1
        return urlencode({key: self._number})

    @staticmethod
    def params(query: str | None) -> dict[str, str]:
        """Return the query parameters of a request for a page."""
        return dict(parse_qsl(query)) if query else {}


@dataclass
class LinkPaginator(Paginator[str]):
    """Pages with the URL of the next page under `_links.next`; fetch it with `Client.get_url`."""

    KIND: ClassVar[str] = "link"

    @override
    def next_position(self, page: Any) -> str | None:
        return self._position_text(json_object(json_object(page).get("_links")).get("next"))


@dataclass
class OffsetPaginator(Paginator[int]):
    """Pages at offsets of rows, until a page is empty or exactly the announced rows are read.

    A total smaller than the rows that came is wrong; then only an empty page ends the result.

    Attributes:
        measure: Returns the number of rows of a page, and the number of rows of the whole result
            if the page announces it.
        offset: Offset of the page that was read last.
        total: Number of rows that earlier pages announced; None if they announced none.
        page_size: Requested number of rows per page; None if it is not known.
    """

    KIND: ClassVar[str] = "offset"
    measure: Callable[[Any], tuple[int, int | None]]
    offset: int = 0
    total: int | None = None
    page_size: int | None = None

    @staticmethod
    def params(offset: int | None, limit: int) -> dict[str, str]:
        """Return the query parameters of a request for a page of at most `limit` rows."""
        return {"skip": str(offset or 0), "top": str(limit)}

    @override
    def next_position(self, page: Any) -> int | None:
        count, total = self.measure(page)
        is_first, self.total = not self.offset, self.total if total is None else total
        self.offset += count
        # A total that equals one full page may be the number of rows of that page.
        may_be_page_total = is_first and count == self.page_size
        if count and (self.offset != self.total or may_be_page_total):
            return self.offset  # also past the total, which then was wrong
        if self.total is None or self.offset >= self.total:
            return None
        msg = (
            f"{self.description}: received {self.offset} of {self.total} announced rows; run again"
        )
        raise DownloadError(msg)

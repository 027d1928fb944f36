"""Pages of a result, by token, by offset and by link."""

from __future__ import annotations

import pytest

from tap_cxone.errors import ApiError, DownloadError
from tap_cxone.http.pagination import (
    LinkPaginator,
    ListPaginator,
    OffsetPaginator,
    TokenPaginator,
)


def offsets(page_rows, total=None):
    """Return the offsets that are fetched of pages with these numbers of rows."""
    fetched: list[int | None] = []
    paginator = OffsetPaginator("a result", lambda count: (count, total))

    def fetch(offset):
        fetched.append(offset)
        return page_rows[len(fetched) - 1]

    list(paginator.pages(fetch))
    return fetched


def test_token_pages_end_without_a_token():
    """Each token leads to the next page, and the first page needs none."""
    pages = {None: {"nextPageToken": "a"}, "a": {"nextPageToken": 5}, "5": {"nextPageToken": ""}}

    assert list(TokenPaginator("a result").pages(pages.get)) == list(pages.values())


def test_token_pages_use_a_first_page_that_is_known():
    """A first page that came already is not fetched again."""
    pages = TokenPaginator("a result").pages(
        lambda token: {"of": str(token)}, {"nextPageToken": "a"}
    )

    assert list(pages) == [{"nextPageToken": "a"}, {"of": "a"}]


@pytest.mark.parametrize(
    ("paginator", "page", "message"),
    [
        (TokenPaginator("a result"), {"nextPageToken": "a"}, "the API repeated the page token"),
        (TokenPaginator("a result"), {"nextPageToken": [5]}, "page token of the API is not a text"),
        (LinkPaginator("a result"), {"_links": {"next": "a"}}, "the API repeated the page link"),
        (LinkPaginator("a result"), {"_links": {"next": {}, "x": 1}}, None),
        (
            LinkPaginator("a result"),
            {"_links": {"next": ["a"]}},
            "page link of the API is not a text",
        ),
    ],
    ids=["token-repeated", "token-no-text", "link-repeated", "link-empty", "link-no-text"],
)
def test_position_that_leads_nowhere_is_refused(paginator, page, message):
    """A repeated or unreadable position is an error; an empty one is the end."""
    pages = paginator.pages(lambda _: page)

    if message is None:
        assert list(pages) == [page]
        return
    with pytest.raises(DownloadError, match=message):
        list(pages)


def test_link_pages_end_without_a_link():
    """`_links.next` names the next page."""
    pages = {None: {"_links": {"next": "https://a/2"}}, "https://a/2": {"_links": {"self": "x"}}}

    assert list(LinkPaginator("a result").pages(pages.get)) == list(pages.values())


def test_offset_pages_end_with_an_empty_page_or_the_announced_rows():
    """Without a total a page without rows ends the result."""
    assert offsets([2, 2, 0]) == [None, 2, 4]
    assert offsets([0]) == [None]
    assert offsets([2, 1], total=3) == [None, 2]


def test_offset_pages_that_lack_rows_are_an_error():
    """Fewer rows than announced are no complete result."""
    with pytest.raises(DownloadError, match="received 2 of 5 announced rows"):
        offsets([2, 0], total=5)


ENTRIES = [{"id": number} for number in range(5)]


def numbered(query, **shown):
    """Return a page of two entries, with what it shows beside them."""
    number = int(ListPaginator.params(query).get("page", "1"))
    return {"entities": ENTRIES[2 * number - 2 : 2 * number], **shown}


def read_list(fetch):
    """Return the entries of all pages of a list; all that are announced must come."""
    paginator = ListPaginator("the list", ["entities"])
    entries = [entry for page in paginator.pages(fetch) for entry in paginator.entries(page) or ()]
    paginator.require_all()
    return entries


@pytest.mark.parametrize("total", [5, "5"], ids=["number", "text"])
def test_list_that_only_announces_a_total_is_read_by_page_numbers(total):
    """A list that names neither token nor page is continued at its second page."""
    assert read_list(lambda query: numbered(query, total=total)) == ENTRIES


def test_list_that_ignores_page_numbers_is_incomplete():
    """A list that repeats its first page is an error, with both numbers."""
    with pytest.raises(ApiError, match="the list: received 2 of 5 announced entries"):
        read_list(lambda _: numbered(None, total=5))


def test_list_of_tokens_that_lacks_entries_is_incomplete():
    """A list whose last page has no token must have as many entries as it announces."""
    with pytest.raises(ApiError, match="received 2 of 5 announced entries"):
        read_list(lambda query: {"total": 5} if query else numbered(query, nextPageToken="a"))

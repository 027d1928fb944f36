"""Pages of a list of entries: by token, or by number with a total of entries or pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.simulator.options import CommonOptions


def list_page(
    entries: Sequence[Any], list_key: str, query: Mapping[str, str], options: CommonOptions
) -> dict[str, Any]:
    """Return the page that a query selects, with the way to the next page."""
    size = options.list_page_size
    if size is None:
        return {list_key: entries}
    by_token = options.list_pages == "token"
    number = int(query.get("pageToken" if by_token else "page", "1"))
    page = {list_key: entries[(number - 1) * size : number * size]}
    if options.list_pages == "page count":
        return {**page, "page": number, "totalPages": -(-len(entries) // size)}
    if not by_token:
        return {**page, "page": number, "total": len(entries)}
    return {**page, "nextPageToken": str(number + 1)} if number * size < len(entries) else page

"""Protocols of the streams and items that family workers handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator


class FetchedItem(Protocol):
    """A prefetched item, waiting to be read."""

    @property
    def size(self) -> int:
        """Return the bytes that the item occupies on disk."""

    def close(self) -> None:
        """Release the resources of the item."""


ItemT = TypeVar("ItemT", bound=FetchedItem)
_ItemT_co = TypeVar("_ItemT_co", bound=FetchedItem, covariant=True)


class FetchingStream(Protocol[_ItemT_co]):
    """The part of a stream that a worker uses."""

    @property
    def name(self) -> str:
        """Return the unique name of the stream."""

    @property
    def worker_name(self) -> str:
        """Return the name of the stream's family, which is the name of its worker."""

    def fetch(self) -> Iterator[_ItemT_co]:
        """Fetch and yield items in order."""

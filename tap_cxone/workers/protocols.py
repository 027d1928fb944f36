"""Protocols of the streams and items that family workers handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


class FetchedItem(Protocol):
    """A prefetched item, waiting to be read."""

    @property
    def size(self) -> int:
        """Return the bytes that the item occupies on disk."""

    def close(self) -> None:
        """Release the resources of the item."""


ItemT = TypeVar("ItemT", bound=FetchedItem)
_ItemT_co = TypeVar("_ItemT_co", bound=FetchedItem, covariant=True)


class FetchingFamily(Protocol):
    """The part of an API family that a worker uses."""

    @property
    def name(self) -> str:
        """Return the name of the family, which is the name of its worker."""

    def fetching(self) -> AbstractContextManager[None]:
        """Return a block in which one stream fetches; its errors count against the family."""


class FetchingStream(Protocol[_ItemT_co]):
    """The part of a stream that a worker uses."""

    @property
    def name(self) -> str:
        """Return the unique name of the stream."""

    @property
    def family(self) -> FetchingFamily:
        """Return the stream's family."""

    def iter_files(self) -> Iterator[_ItemT_co]:
        """Fetch and yield items in order."""

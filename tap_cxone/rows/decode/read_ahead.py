"""Make the next item of an iterator on another thread while the present one is used."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

_T = TypeVar("_T")


def read_ahead(items: Generator[_T]) -> Generator[_T]:
    """Yield the items, and raise their error; one item more is in memory than without the thread.

    It pays where most of the work releases the interpreter's lock. The generator runs on the other
    thread only, but for its closing, which follows its last step there.
    """
    with closing(items), ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        end = object()
        pending = thread.submit(next, items, end)
        while (item := pending.result()) is not end:
            pending = thread.submit(next, items, end)
            yield item  # type: ignore[misc]

"""Items that are made on another thread, one ahead."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tap_cxone.rows.decode.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Generator


def test_read_ahead_makes_the_next_item_while_one_is_used():
    """The next item is made on another thread before it is requested, and no further one."""
    made = [threading.Event() for _ in range(3)]
    makers = set()

    def numbers() -> Generator[int]:
        for number, event in enumerate(made):
            makers.add(threading.current_thread())
            event.set()
            yield number

    items = read_ahead(numbers())

    assert next(items) == 0
    assert made[1].wait(9)
    assert not made[2].is_set()
    assert list(items) == [1, 2]
    assert threading.current_thread() not in makers


def test_read_ahead_raises_the_error_behind_the_items_before_it():
    """An error of the generator is raised where its item would be."""

    def broken() -> Generator[int]:
        yield 1
        raise UnicodeError

    items = read_ahead(broken())

    assert next(items) == 1
    with pytest.raises(UnicodeError):
        next(items)


def test_read_ahead_closed_early_ends_its_thread_and_generator():
    """Nothing runs on after the last item that is used."""
    closed = []

    def numbers() -> Generator[int]:
        try:
            yield from range(9)
        finally:
            closed.append(True)

    items = read_ahead(numbers())
    next(items)
    items.close()

    assert closed == [True]
    assert not [t for t in threading.enumerate() if t.name.startswith("read-ahead")]

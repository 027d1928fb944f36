"""Notes how many interruptions a test tried; `tests/conftest.py` tells it at the end."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.resilience.kills.killing import TRIED

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROPERTY = "interruptions"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Omit what hundreds of runs log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note what a test tried; a worker of xdist reports it to the one process that tells."""
    before = Counter(TRIED)
    try:
        return (yield)
    finally:
        item.user_properties.append((_PROPERTY, dict(TRIED - before)))

"""The PostgreSQL that a test writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.postgres import Postgres, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Postgres]:
    """Return a server that is empty."""
    with postgres() as running:
        yield running

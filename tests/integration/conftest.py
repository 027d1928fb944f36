"""The PostgreSQL that a test writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.postgres import Postgres, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Return the server of all tests of a process: to make one takes more than a second."""
    with postgres() as running:
        yield running


@pytest.fixture
def server(postgres_server: Postgres) -> Iterator[Postgres]:
    """Return a server that is empty."""
    yield postgres_server
    postgres_server.clear()

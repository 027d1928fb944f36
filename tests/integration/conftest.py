"""What tests with real loaders need."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def duckdb() -> Any:
    """Return the library DuckDB; skip the test on Python 3.14, where its loader cannot run."""
    return pytest.importorskip("duckdb", reason="DuckDB 1.2 has no wheel for Python 3.14")

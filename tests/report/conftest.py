"""An audit log to write into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.report.logbook import Logbook

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def book(tmp_path: Path) -> Logbook:
    """Return an audit log without a line."""
    return Logbook(tmp_path / "audit.jsonl")

"""The file, or the listener, that the tests of this folder share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the audit log is to be."""
    return tmp_path / "audit.jsonl"

"""What the table of faults needs of pytest."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.resilience.faults.play")

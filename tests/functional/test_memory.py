"""A run takes no more memory for many rows than for few, but for what their keys take."""

from __future__ import annotations

import pytest

from tests.benchmarks import memory


@pytest.mark.promise("constant-memory")
@pytest.mark.slow
@pytest.mark.parametrize("form", memory.FORMATS)
def test_memory_of_half_a_million_rows_stays_below_150_mb(form):
    """Half a million rows stay below 150 MB, and near what fifty thousand take."""
    few, many = memory.peak_of_run(form, 50_000), memory.peak_of_run(form, 500_000)

    assert many < 150
    assert many < few * 1.5

"""A run takes no more memory for many rows than for few, but for what their keys take."""

from __future__ import annotations

import pytest

from tests.benchmarks import batches, memory, ours, table
from tests.benchmarks.serving import serving


@pytest.mark.promise("constant-memory")
@pytest.mark.slow
@pytest.mark.parametrize("form", memory.FORMATS)
def test_memory_of_half_a_million_rows_stays_below_150_mb(form):
    """Half a million rows stay below 150 MB, and near what fifty thousand take."""
    few, many = memory.peak_of_run(form, 50_000), memory.peak_of_run(form, 500_000)

    assert many < 150
    assert many < few * 1.5


@pytest.mark.promise("constant-memory")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most"), [("jsonl", 120), ("parquet", 300)], ids=["jsonl", "parquet"]
)
def test_memory_of_batches_does_not_grow_with_their_size(name, most):
    """A hundred thousand rows in one file take less memory than the limit of the format."""
    body = table.csv_file(100_000, batches.COLUMNS)
    with serving([ours.file_fault(body)]) as serve, serve() as url:
        peak = batches.measure_run(name, url, 100_000)["MB"]

    assert peak < most

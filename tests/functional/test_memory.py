"""A run takes no more memory for many rows than for few, but for what their keys take."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator.settings import tap_settings
from tests.benchmarks import batches, memory, ours, table
from tests.benchmarks.serving import serving
from tests.support.examples import full_lists
from tests.support.http_server import http_api
from tests.support.run import select

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW_BYTES = 9_999  # base64 encodes three bytes at once
QUERY = (
    "startDate=2026-03-16T00%3A00%3A00Z&endDate=2026-03-17T00%3A00%3A00Z"
    "&saveAsFile=false&includeHeaders=true"
)
RUN_AT_NOON = """
import json, logging, re, sys
from pathlib import Path
from tap_cxone.tap import TapCXone
from tests.support.run import FakeClock
logging.basicConfig(level="INFO", stream=sys.stderr)
config, catalog = map(json.loads, sys.argv[1:])
TapCXone(config=config, catalog=catalog, clock=FakeClock()).sync_all()
status = Path("/proc/self/status").read_text()
print("peak", re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
"""


@dataclass
class WrappedTable:
    """The response to a data download: a CSV file of wide rows, as base64 in JSON."""

    rows: int

    def __iter__(self) -> Iterator[bytes]:
        """Yield the JSON, one row of the file after the other."""
        yield b'{"errorMessage": "", "file": "'
        yield base64.b64encode(b"id,notes\n")
        for number in range(self.rows):
            yield base64.b64encode(f"{number:08},{'x' * (ROW_BYTES - 10)}\n".encode())
        yield b'", "fileType": "csv"}'


def peak_of_download(megabytes: int) -> float:
    """Return the most memory, in MB, that a data download of so many megabytes takes."""
    rows = megabytes * 1_000_000 // ROW_BYTES
    with http_api({f"{full_lists.DOWNLOAD_PATH}/7?{QUERY}": (200, WrappedTable(rows))}) as server:
        config: dict[str, Any] = {
            **tap_settings(server.url, families=(full_lists.FAMILY,)),
            "start_date": "2026-03-16",
            "end_date": "2026-03-17",
            full_lists.FAMILY: {
                "data_downloads": [{"name": "wide", "report_id": 7, "primary_keys": ["id"]}]
            },
        }
        arguments = json.dumps(config), json.dumps(select(config, "wide", "quarantine"))
        done = subprocess.run(
            [sys.executable, "-c", RUN_AT_NOON, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    assert f"rows={rows} " in done.stderr
    return int(done.stderr.rsplit("peak", 1)[1]) / 1024


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
@pytest.mark.parametrize("size", [1_000, 100_000], ids=["many files", "one file"])
@pytest.mark.parametrize(
    ("name", "most"), [("jsonl", 120), ("parquet", 300)], ids=["jsonl", "parquet"]
)
def test_memory_of_batches_does_not_depend_on_their_size(name, most, size):
    """A hundred thousand rows, in one file or in many, take less than the limit of the format."""
    body = table.csv_file(100_000, batches.COLUMNS)
    with serving([ours.file_fault(body)]) as serve, serve() as url:
        peak = batches.measure_run(name, url, 100_000, size)["MB"]

    assert peak < most


@pytest.mark.promise("constant-memory")
@pytest.mark.slow
def test_data_download_of_300_mb_takes_the_memory_of_a_small_one():
    """A file that is base64 in JSON is decoded in parts, and never held."""
    few, many = peak_of_download(10), peak_of_download(300)

    assert many < 150
    assert many < few * 1.5

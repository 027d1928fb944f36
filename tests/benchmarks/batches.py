"""How fast rows leave in batch files, beside RECORD messages and pyarrow alone.

Every run is a process of its own, which fetches the same packed CSV over HTTP. It prints its
seconds, without those of its imports, and its peak of memory.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import requests

from tests.benchmarks import ours, results, table
from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_cxone.simulator import Simulator

ROWS = int(os.environ.get("BENCH_BATCH_ROWS", "200000"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
COLUMNS, BATCH_SIZE = 30, 100_000
RECORD, ALONE = "RECORD", "pyarrow alone"
MAPPED = {"wide": {"column0": "column0"}}
CANDIDATES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "jsonl": ("jsonl", {}),
    "parquet": ("parquet", {}),
    "parquet, stream map": ("parquet", {"stream_maps": MAPPED}),
}


def _settings(name: str, folder: str, sim: Simulator) -> tuple[dict[str, Any], str]:
    config, stream = ours.of_csv(sim)
    if name == RECORD:
        return config, stream
    form, more = CANDIDATES[name]
    batches = {"encoding": {"format": form}, "storage": {"root": folder}, "batch_size": BATCH_SIZE}
    return {**config, **more, "batch_config": batches}, stream


def _pyarrow_alone(folder: str, url: str) -> None:
    """Read the file as pyarrow does by itself, and write it in the tap's compression."""
    import pyarrow as pa  # imported late, so that it takes no memory of the others
    import pyarrow.csv
    import pyarrow.parquet as pq

    packed = requests.get(f"{url}/files/any", timeout=60).content
    types = {"paid": pa.bool_(), "score": pa.float64(), "holds": pa.int64()}
    convert = pyarrow.csv.ConvertOptions(column_types=types)
    text = pa.py_buffer(gzip.decompress(packed))
    read = pyarrow.csv.read_csv(text, convert_options=convert)
    pq.write_table(read, Path(folder) / "alone.parquet", compression="zstd")


def run_once(name: str, folder: str, url: str) -> dict[str, float]:
    """Run one candidate in this process; return its seconds and its peak of memory in MB."""
    run: Callable[[str], None] = partial(_pyarrow_alone, folder)
    if name != ALONE:
        run = ours.runner(partial(_settings, name, folder))
    with open(os.devnull, "w") as void, redirect_stdout(void):  # noqa: PTH123
        began, worked = time.perf_counter(), time.process_time()
        run(url)
        wall, processor = time.perf_counter() - began, time.process_time() - worked
    status = Path("/proc/self/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+)", status)
    return {"seconds": wall, "processor": processor, "MB": int(peak[1]) / 1024 if peak else 0}


def measure_run(name: str, url: str, rows: int = ROWS) -> dict[str, float]:
    """Run one candidate in a process; check that its files have so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.batches", name, folder, url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        if name != RECORD and (count := sum(map(_row_count, Path(folder).iterdir()))) != rows:
            msg = f"{name} wrote {count} of {rows} rows"
            raise RuntimeError(msg)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _row_count(path: Path) -> int:
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    with fsspec.open(path, "rb", compression="infer") as file:
        return sum(1 for _ in file)


def measure_batches() -> None:
    """Measure all in turn; print and keep the medians, and the ratios to RECORD messages."""
    names = (RECORD, *CANDIDATES, ALONE)
    body = table.csv_file(ROWS, COLUMNS)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    with serving([ours.file_fault(body)]) as serve:
        for _ in range(RUNS):
            for name in names:
                with serve() as url:
                    runs[name].append(measure_run(name, url))
    found: dict[str, Any] = {"rows": ROWS, "columns": COLUMNS, "runs": RUNS}
    print(f"{ROWS:,} rows of {COLUMNS} columns in files of {BATCH_SIZE:,} rows")
    for name in names:
        found[name] = _summary(runs[name], runs[RECORD])
        print(f"  {name:20} {found[name]}")
    results.merge("batch", found)


def _summary(own: list[dict[str, float]], record: list[dict[str, float]]) -> dict[str, Any]:
    seconds, processor, peaks = ([run[what] for run in own] for what in own[0])
    pairs = list(zip(own, record, strict=True))
    return {
        "rows a second": round(ROWS / statistics.median(seconds)),
        "times as fast as RECORD": results.spread([r["seconds"] / o["seconds"] for o, r in pairs]),
        "in time of the processor": results.spread(
            [r["processor"] / o["processor"] for o, r in pairs]
        ),
        "processor seconds": round(statistics.median(processor), 2),
        "peak MB": round(max(peaks)),
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(run_once(*sys.argv[1:])))
    else:
        measure_batches()

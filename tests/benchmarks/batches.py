"""How fast rows leave in batch files, beside RECORD messages and pyarrow alone.

Every run is a process of its own (`batch_run.py`), which fetches the same packed CSV over HTTP.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec

from tests.benchmarks import ours, results, table
from tests.benchmarks.effort import RUNS, amount
from tests.benchmarks.serving import serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.simulator import Simulator

ROWS = amount("BATCH_ROWS", short=200_000, full=200_000)
# Of those that take as long as all others together.
MAPPED_RUNS = amount("MAPPED_RUNS", short=1, full=RUNS)
COLUMNS, BATCH_SIZE = table.WIDE_COLUMNS, 100_000
RECORD, ALONE = "RECORD", "pyarrow alone"
RECORD_BY_RECORD: Mapping[str, dict[str, Any]] = {
    "parquet, stream map": {"stream_maps": {"wide": {"column0": "column0"}}},
    "parquet, flattening": {"flattening_enabled": True, "flattening_max_depth": 1},
}
CANDIDATES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "jsonl": ("jsonl", {}),
    "parquet": ("parquet", {}),
    **{name: ("parquet", more) for name, more in RECORD_BY_RECORD.items()},
}


def _settings(name: str, folder: str, size: int, sim: Simulator) -> tuple[dict[str, Any], str]:
    config, stream = ours.of_csv(sim)
    if name == RECORD:
        return config, stream
    form, more = CANDIDATES[name]
    batches = {"encoding": {"format": form}, "storage": {"root": folder}, "batch_size": size}
    return {**config, **more, "batch_config": batches}, stream


def measure_run(name: str, url: str, rows: int = ROWS, size: int = BATCH_SIZE) -> dict[str, float]:
    """Run one candidate in a process; check that its files have so many rows, `size` in each."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.batch_run", url, folder]
        settings = partial(_settings, name, folder, size)
        own = None if name == ALONE else ours.settings_and_catalog(settings)
        done = subprocess.run(
            command, input=json.dumps(own), capture_output=True, text=True, check=True
        )
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
        for number in range(RUNS):
            for name in names:
                if name in RECORD_BY_RECORD and number >= MAPPED_RUNS:
                    continue
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
    pairs = list(zip(own, record, strict=False))
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
    measure_batches()

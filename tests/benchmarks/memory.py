"""How much memory a run takes at its peak, for few rows and for many.

The simulator holds the files, in this process; the tap is a separate process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Options, Simulator, environment
from tests.benchmarks import ours, results, table
from tests.benchmarks.effort import amount
from tests.support.run import select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_cxone.simulator import Fault

FEW = 100_000
MANY = amount("MANY_ROWS", short=1_000_000, full=3_000_000)
SPEED, PAGE = 1000, 5000
TAP = """
import re, sys
from pathlib import Path
from tap_cxone.tap import TapCXone
try:
    TapCXone.cli()
finally:
    status = Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
"""

FORMATS: dict[str, tuple[Any, Callable[[int], Sequence[Fault]]]] = {
    "CSV": (ours.of_csv, lambda rows: [ours.file_fault(table.narrow_csv_file(rows))]),
    "JSON array, gzip": (
        ours.of_json,
        lambda rows: [ours.file_fault(b"".join(table.chunks(rows, table.narrow_conversation)))],
    ),
    f"pages of {PAGE}": (
        ours.of_pages,
        lambda rows: list(
            map(ours.page_fault, table.download_pages(rows, PAGE, table.narrow_interaction))
        ),
    ),
}


def peak_of_run(form: str, rows: int) -> float:
    """Return the most memory, in MB, that a run of so many rows takes."""
    settings, answers = FORMATS[form]
    with (
        Simulator(Options(speed=SPEED, rows_per_day=1, link_seconds=9e6)) as sim,
        tempfile.NamedTemporaryFile("w", suffix=".json") as catalog,
    ):
        sim.faults.add(*answers(rows))
        config, stream = settings(sim)
        json.dump(select(config, stream, "quarantine"), catalog)
        catalog.flush()
        done = subprocess.run(
            [sys.executable, "-c", TAP, "--config=ENV", f"--catalog={catalog.name}"],
            env=os.environ | environment(config | {"poll_interval_seconds": 5}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    if f"rows={rows} " not in done.stderr:
        raise RuntimeError(done.stderr[-2000:])
    return int(done.stderr.rsplit("peak", 1)[1]) / 1024


def measure_memory() -> None:
    """Measure each format with few rows and with many."""
    found: dict[str, Any] = {"rows": [FEW, MANY]}
    print(f"peak memory, {FEW:,} and {MANY:,} rows")
    for form in FORMATS:
        few, many = peak_of_run(form, FEW), peak_of_run(form, MANY)
        found[form] = {"MB": [round(few), round(many)], "ratio": round(many / few, 2)}
        print(f"  {form:22} {few:4.0f} MB, {many:4.0f} MB: {many / few:.2f}")
    results.merge("memory", found)

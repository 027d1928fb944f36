"""One run of `batches` as a process of its own, which loads no more than the tap does.

Its standard input is the settings and the catalog of the tap as JSON, or null for pyarrow alone.
It prints its seconds, without those of its imports, and its peak of memory in MB.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import requests

from tap_cxone.tap import TapCXone
from tests.support.run import FakeClock


def _pyarrow_alone(url: str, folder: str) -> None:
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


def _run(url: str, folder: str) -> dict[str, float]:
    own = json.load(sys.stdin)
    with open(os.devnull, "w") as void, redirect_stdout(void):  # noqa: PTH123
        began, worked = time.perf_counter(), time.process_time()
        if own is None:
            _pyarrow_alone(url, folder)
        else:
            config, catalog = own
            config["base_url"] = url
            TapCXone(config=config, clock=FakeClock(), catalog=catalog).sync_all()
        wall, processor = time.perf_counter() - began, time.process_time() - worked
    status = Path("/proc/self/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+)", status)
    return {"seconds": wall, "processor": processor, "MB": int(peak[1]) / 1024 if peak else 0}


if __name__ == "__main__":
    print(json.dumps(_run(*sys.argv[1:])))

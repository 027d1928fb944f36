"""Runs whose rows are emitted in files, and what is in those."""

from __future__ import annotations

import gzip
import io
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import fsspec
import pyarrow.parquet as pq

from tests.support.batch_target import LinesTarget, encode

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.run import Output


def batch_config(
    root: object, form: str = "jsonl", size: int = 5, **storage: Any
) -> dict[str, Any]:
    """Return the setting for files under a root."""
    place = {"root": str(root), **storage}
    return {"encoding": {"format": form}, "storage": place, "batch_size": size}


def rows_in(message: dict[str, Any], params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the rows of the files that a BATCH names; `params` are those of fsspec."""
    rows = []
    for url in message["manifest"]:
        with fsspec.open(url, "rb", **(params or {})) as file:
            data = file.read()
        if message["encoding"]["format"] == "parquet":
            rows += pq.read_table(io.BytesIO(data)).to_pylist()
        else:
            plain = gzip.decompress(data) if "compression" in message["encoding"] else data
            rows += [json.loads(line) for line in plain.splitlines()]
    return rows


def batched(
    messages: list[dict[str, Any]], params: dict[str, Any] | None = None
) -> dict[str, list[str]]:
    """Return the rows of all batches by stream, each as one line."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        if message["type"] == "BATCH":
            found[message["stream"]] += map(encode, rows_in(message, params))
    return found


def recorded(out: Output) -> dict[str, list[str]]:
    """Return the records by stream, each as one line."""
    found: dict[str, list[str]] = defaultdict(list)
    for message in out.of("RECORD"):
        found[message["stream"]].append(encode(message["record"]))
    return found


def load_into_target(messages: list[dict[str, Any]], folder: Path) -> dict[str, list[str]]:
    """Hand messages to a target of the SDK, and return what it stored by stream."""
    folder.mkdir()
    lines = io.StringIO("".join(f"{json.dumps(message)}\n" for message in messages))
    LinesTarget(config={"folder": str(folder)}).listen(lines)
    return stored(folder)


def stored(folder: Path) -> dict[str, list[str]]:
    """Return what the target stored by stream, each row as one line of the same form."""
    files = {path.stem: path.read_text().splitlines() for path in folder.glob("*.jsonl")}
    return {s: [encode(_without_metadata(json.loads(row))) for row in f] for s, f in files.items()}


def _without_metadata(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if not name.startswith("_sdc")}

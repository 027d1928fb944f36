"""Rows in files, named by BATCH messages, in place of RECORD messages.

The SDK makes batches of what a stream reads, before selection and stream maps. Here they are made
of the RECORD messages themselves, on their way out: what is in a file is what would have left. A
batch ends when it is full, and before any other message leaves, so that no STATE overtakes its rows
and no SCHEMA those of the one before.
"""

from __future__ import annotations

import gzip
import importlib.util
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import serialize_jsonl
from singer_sdk.singerlib import RecordMessage, SchemaMessage
from singer_sdk.singerlib.encoding.base import SingerMessageType
from singer_sdk.singerlib.encoding.simple import Message
from typing_extensions import override

from tap_cxone.output import storage
from tap_cxone.output.storage import Storage
from tap_cxone.output.writer import SamplingWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.config.destinations import BatchSettings
    from tap_cxone.output.writer import RecordSample

_UNSAFE = re.compile(r"[^\w.-]")
_GZIP_LEVEL = 6  # gzip's own default; Python's costs twice the time for a hundredth of the size


@dataclass(slots=True)
class BatchMessage(Message):
    """A message that names the files of a batch, in the words of the SDK's targets."""

    stream: str
    encoding: Mapping[str, str]
    manifest: list[str]
    version: int | None = None

    def __post_init__(self) -> None:
        """Set the type, which is no argument."""
        self.type = SingerMessageType.BATCH


@dataclass(slots=True)
class _Batch:
    """The rows of one stream that wait for their file."""

    version: int | None
    rows: list[Mapping[str, Any]] = field(default_factory=list)


class BatchingWriter(SamplingWriter):
    """Writes rows into files, and all other messages as they come."""

    def __init__(self, settings: BatchSettings, sample: RecordSample, run_id: str) -> None:
        """Begin with the first file of a run; rows are shown to `sample` as they leave."""
        super().__init__(sample)
        self._settings = settings
        self._storage = Storage(settings.storage.root, settings.storage.params)
        self._run_id = run_id
        self._file_number = 0
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._batches: dict[str, _Batch] = {}

    @override
    def write_message(self, message: Message) -> None:
        if isinstance(message, RecordMessage):
            self._sample.add_message(message)
            batch = self._batches.setdefault(message.stream, _Batch(message.version))
            batch.rows.append(message.record)
            return
        self.flush_all()
        if isinstance(message, SchemaMessage):
            self._schemas[message.stream] = message.schema["properties"]
        super().write_message(message)

    def flush_full(self) -> None:
        """Write the batches that are full. Raises `BatchError`."""
        for stream, batch in list(self._batches.items()):
            if len(batch.rows) >= self._settings.batch_size:
                self._flush(stream)

    def flush_all(self) -> None:
        """Write every batch. Raises `BatchError`."""
        for stream in list(self._batches):
            self._flush(stream)

    def discard(self) -> None:
        """Forget what is batched: the rows of a window that fails, which comes again whole."""
        self._batches.clear()

    def _flush(self, stream: str) -> None:
        batch, settings = self._batches[stream], self._settings
        self._file_number += 1
        # The run, so that the audit log and the files can be laid side by side.
        prefix = f"{settings.storage.prefix}{_UNSAFE.sub('_', stream)}"
        name = f"{prefix}-{self._run_id}-{self._file_number:06}"
        url = self._storage.write(f"{name}.{self._suffix}", self._encode(stream, batch.rows))
        del self._batches[stream]  # not before: what is not written yet holds up every STATE
        compression = {"compression": "gzip"} if settings.compressed else {}
        encoding = {"format": settings.encoding.format, **compression}
        super().write_message(BatchMessage(stream, encoding, [url], batch.version))

    @property
    def _suffix(self) -> str:
        if self._settings.encoding.format == "parquet":
            return "parquet"
        return "jsonl.gz" if self._settings.compressed else "jsonl"

    def _encode(self, stream: str, rows: list[Mapping[str, Any]]) -> bytes:
        if self._settings.encoding.format == "parquet":
            from tap_cxone.output import parquet  # pyarrow is an extra

            schema = self._schemas[stream]
            return parquet.encode(rows, schema, compressed=self._settings.compressed)
        lines = b"".join(bytes(serialize_jsonl(row)) for row in rows)
        return gzip.compress(lines, _GZIP_LEVEL) if self._settings.compressed else lines


def problems(settings: BatchSettings) -> Iterator[str]:
    """Yield the problems of valid settings that this machine cannot use; asks no network."""
    if settings.encoding.format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        yield (
            "batch_config.encoding.format is parquet, which needs pyarrow: install "
            "tap-cxone[parquet], or set it to jsonl"
        )
    yield from storage.problems(settings.storage.root)

"""Write records to batch files and emit BATCH messages instead of RECORD messages.

The SDK builds batches from the records that a stream reads, before selection and stream maps. This
writer builds them from RECORD messages, so a file contains the records that would be emitted. A
batch is flushed when it is full, and before any other message is emitted. Therefore a STATE or
SCHEMA message never precedes the records that were written before it.
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
_GZIP_LEVEL = (
    6  # default of the gzip program; Python's default takes twice the time for 1 % less size
)


@dataclass(slots=True)
class BatchMessage(Message):
    """A BATCH message, as the SDK's targets read it.

    Attributes:
        stream: Name of the stream.
        encoding: Format and compression of the files.
        manifest: Addresses of the files.
        version: Version of the stream; None for none.
    """

    stream: str
    encoding: Mapping[str, str]
    manifest: list[str]
    version: int | None = None

    def __post_init__(self) -> None:
        """Set the message type, which is not an argument."""
        self.type = SingerMessageType.BATCH


@dataclass(slots=True)
class _Batch:
    """Records of one stream that are not yet written to a file."""

    version: int | None
    records: list[Mapping[str, Any]] = field(default_factory=list)


class BatchingWriter(SamplingWriter):
    """Writes records to batch files, and all other messages to the output."""

    def __init__(self, settings: BatchSettings, sample: RecordSample, run_id: str) -> None:
        """Start numbering files at 1; pass emitted records to `sample`."""
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
            batch.records.append(message.record)
            return
        self.flush_all()
        if isinstance(message, SchemaMessage):
            self._schemas[message.stream] = message.schema["properties"]
        super().write_message(message)

    def flush_full(self) -> None:
        """Flush the batches that are full. Raises `BatchError`."""
        for stream, batch in list(self._batches.items()):
            if len(batch.records) >= self._settings.batch_size:
                self._flush(stream)

    def flush_all(self) -> None:
        """Flush all batches. Raises `BatchError`."""
        for stream in list(self._batches):
            self._flush(stream)

    def discard(self) -> None:
        """Delete the batched records: their window failed and will be loaded again completely."""
        self._batches.clear()

    def _flush(self, stream: str) -> None:
        batch, settings = self._batches[stream], self._settings
        self._file_number += 1
        # The run ID links the files with the audit log.
        prefix = f"{settings.storage.prefix}{_UNSAFE.sub('_', stream)}"
        name = f"{prefix}-{self._run_id}-{self._file_number:06}"
        url = self._storage.write(f"{name}.{self._suffix}", self._encode(stream, batch.records))
        del self._batches[stream]  # only now: an unwritten batch must block STATE messages
        compression = {"compression": "gzip"} if settings.compressed else {}
        encoding = {"format": settings.encoding.format, **compression}
        super().write_message(BatchMessage(stream, encoding, [url], batch.version))

    @property
    def _suffix(self) -> str:
        if self._settings.encoding.format == "parquet":
            return "parquet"
        return "jsonl.gz" if self._settings.compressed else "jsonl"

    def _encode(self, stream: str, records: list[Mapping[str, Any]]) -> bytes:
        if self._settings.encoding.format == "parquet":
            from tap_cxone.output import parquet  # imported late: pyarrow is an optional dependency

            schema = self._schemas[stream]
            return parquet.encode(records, schema, compressed=self._settings.compressed)
        lines = b"".join(bytes(serialize_jsonl(record)) for record in records)
        return gzip.compress(lines, _GZIP_LEVEL) if self._settings.compressed else lines


def problems(settings: BatchSettings) -> Iterator[str]:
    """Yield the problems of valid settings that this machine cannot use; use no network."""
    if settings.encoding.format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        yield (
            "batch_config.encoding.format is parquet, which needs pyarrow: install "
            "tap-cxone[parquet], or set it to jsonl"
        )
    yield from storage.problems(settings.storage.root)

"""Write records to batch files and emit BATCH messages instead of RECORD messages.

The SDK builds batches from the records that a stream reads, before selection and stream maps. This
writer builds them from RECORD messages, so a file contains the records that would be emitted. A
batch is flushed when it is full, and before any other message is emitted. Therefore a STATE or
SCHEMA message never precedes the records that were written before it.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field, structs
from singer_sdk.singerlib import RecordMessage, SchemaMessage
from singer_sdk.singerlib.encoding.base import SingerMessageType
from singer_sdk.singerlib.encoding.simple import Message
from typing_extensions import override

from tap_cxone.config.addresses import address_problems
from tap_cxone.output.background import Background
from tap_cxone.output.batch_file import BatchFile
from tap_cxone.output.batch_files import BatchFiles
from tap_cxone.output.json_lines import JsonLines
from tap_cxone.output.storage import Storage
from tap_cxone.output.writer import SamplingWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cxone.clock import Clock
    from tap_cxone.config.destinations import BatchSettings
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.batch_file import EncodedRows, FileFormat
    from tap_cxone.output.writer import RecordSample

_UNSAFE = r"[^\w.-]"
_MAX_RECORDS = 1000  # records of RECORD messages that are kept before they go into a file


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


class _Batch(Struct):
    """Files of one stream, and records of RECORD messages that are in none of them yet."""

    version: int | None
    files: BatchFiles
    records: list[Mapping[str, Any]] = field(default_factory=list)


class BatchingWriter(SamplingWriter):
    """Writes records to batch files, and all other messages to the output."""

    def __init__(
        self, settings: BatchSettings, sample: RecordSample, run_id: str, clock: Clock
    ) -> None:
        """Start numbering files at 1; pass emitted records to `sample`."""
        super().__init__(sample)
        self._settings, self._run_id, self._clock = settings, run_id, clock
        self._storage = Storage(settings.storage.root, settings.storage.params, clock)
        self._background = Background()
        self._audit_context: AuditContext | None = None
        self._file_number = 0
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._batches: dict[str, _Batch] = {}

    @cached_property
    def format(self) -> FileFormat:
        """Return the format of the files."""
        settings = self._settings
        if settings.encoding.format == "jsonl":
            return JsonLines(self._clock, compressed=settings.compressed)
        from tap_cxone.output.parquet import Parquet  # imported late: pyarrow is optional

        return Parquet(settings)

    def load_format(self) -> None:
        """Import what the format needs, while the workers fetch: pyarrow takes a while to load."""
        _ = self.format

    def start_window(self, audit_context: AuditContext) -> None:
        """Name later files after this window, and write their events with its fields."""
        self._audit_context = audit_context

    @override
    def write_message(self, message: Message) -> None:
        if isinstance(message, RecordMessage):
            self._sample.add_message(message)
            self._batch_of(message.stream, message.version).records.append(message.record)
            return
        self.flush_all()
        if isinstance(message, SchemaMessage):
            self._schemas[message.stream] = message.schema["properties"]
        super().write_message(message)

    def _batch_of(self, stream: str, version: int | None) -> _Batch:
        if stream not in self._batches:
            self._batches[stream] = _Batch(version, self.new_files(stream))
        return self._batches[stream]

    def new_files(self, stream: str) -> BatchFiles:
        """Return the files of a stream, which nothing names before `accept`."""
        return BatchFiles(self.format, partial(self._new_file, stream), self._settings.batch_size)

    def _new_file(self, stream: str, rows: EncodedRows) -> BatchFile:
        self._file_number += 1
        name = f"{self._file_name(stream)}.{self.format.suffix}"
        return BatchFile(self._storage.create(name), self.format, rows.schema, self._background)

    def _file_name(self, stream: str) -> str:
        # The run ID links the files with the audit log.
        stream, prefix = re.sub(_UNSAFE, "_", stream), self._settings.storage.prefix
        number = f"{self._run_id}-{self._file_number:06}"
        if self._settings.storage.layout == "flat":
            return f"{prefix}{stream}-{number}"
        window = self._audit_context.window if self._audit_context else None
        folder = f"/window_start={window.start:%Y-%m-%dT%H%M%SZ}" if window else ""
        return f"{stream}{folder}/{prefix}{number}"

    def accept(self, stream: str, version: int | None, files: BatchFiles) -> None:
        """Take files that were filled elsewhere: `flush_all` names them."""
        self._batch_of(stream, version).files.extend(files)

    def flush_full(self) -> None:
        """Pass the records of RECORD messages to their files, if they are many.

        Raises:
            BatchError: A value fits no type of its column, or a file cannot be written.
        """
        for stream, batch in self._batches.items():
            if len(batch.records) >= min(_MAX_RECORDS, batch.files.space):
                self._pass_records(stream, batch)

    def _pass_records(self, stream: str, batch: _Batch) -> None:
        batch.files.add_messages(batch.records, self._schemas.get(stream, {}))
        batch.records = []

    def complete_files(self) -> None:
        """Wait until all files are stored, without names. No message is written meanwhile.

        Raises:
            BatchError: A value fits no type of its column, or a file cannot be written.
        """
        for stream, batch in self._batches.items():
            self._pass_records(stream, batch)
            batch.files.finish()
        self._background.wait()

    def flush_all(self) -> None:
        """Complete all files, then name each one in a BATCH message.

        Raises:
            BatchError: A value fits no type of its column, or a file cannot be written. No file of
                a stream is named then, and no other message can precede its records.
        """
        self.complete_files()
        named = [
            (stream, batch.version, file, file.commit())
            for stream, batch in self._batches.items()
            for file in batch.files.files
        ]
        self._batches = {}  # only now: unwritten records must block STATE messages
        for stream, version, file, url in named:
            super().write_message(BatchMessage(stream, self.format.encoding, [url], version))
            self._report(stream, file, url)

    def _report(self, stream: str, file: BatchFile, url: str) -> None:
        if self._audit_context is not None:
            structs.replace(self._audit_context, stream=stream).write(
                "batch_written",
                url=url,
                rows=file.rows,
                bytes=file.size,
                sha256=file.sha256,
                columns=list(file.columns),
            )

    def discard(self) -> None:
        """Delete the files and records that no message names: a run loads their window again."""
        batches, self._batches = self._batches, {}
        for batch in batches.values():
            self.delete(batch.files)

    def delete(self, files: BatchFiles) -> None:
        """Delete files that no BATCH message names."""
        for file in files.files:
            file.stop()
        self._background.wait()
        for file in files.files:
            file.discard()


def problems(settings: BatchSettings) -> Iterator[str]:
    """Yield the problems of valid settings that this machine cannot use; use no network."""
    if settings.encoding.format == "parquet" and importlib.util.find_spec("pyarrow") is None:
        yield (
            "batch_config.encoding.format is parquet, which needs pyarrow: install "
            "tap-cxone[parquet], or set it to jsonl"
        )
    root = "batch_config.storage.root"
    yield from address_problems(settings.storage.root, root, "batch_config.storage.params")

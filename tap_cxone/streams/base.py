"""What every stream of the tap does: fail alone, remember, announce; and how it does so.

The only room that touches private parts of the SDK, each guarded by a test:
`_increment_stream_state` (the bookmark moves per window, not per row), `_write_state_message` (one
STATE a commit and a submit), `_schema`, `_stream_maps` and `_tap.mapper` (new columns need a new
SCHEMA), `_write_schema_message` and `_write_record_message` (a row that does not fit its stream
leaves by another one, out of its turn).
"""

from __future__ import annotations

import logging
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_cxone.errors import CXoneError, DriftError, QuotaExhausted, StreamsFailed
from tap_cxone.events.audit_log import AuditContext
from tap_cxone.output.record_lines import LineEncoder
from tap_cxone.rows.convert import ROW_HASH
from tap_cxone.streams.quarantine import NAME as QUARANTINE
from tap_cxone.streams.quarantine import QuarantineStream
from tap_cxone.streams.schema import property_of, schema_of
from tap_cxone.streams.state import StreamState, merge_tenant_info

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.metrics import Counter

    from tap_cxone.config.model import Settings
    from tap_cxone.context import ApiFamily
    from tap_cxone.output.record_lines import RecordLines
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.rows.columns import Column
    from tap_cxone.streams.quarantine import QuarantinedRow
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.workers.pool import WorkerPool


_COLUMN_DEPTH = 2  # steps to a column in a selection mask: `properties`, its name


class CXoneStream(Stream, ABC):
    """A stream of one family, which fails without the others."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # `records` has typed every value

    def __init__(
        self,
        tap: Tap,
        family: ApiFamily,
        declaration: Declaration,
        *,
        select_by_default: bool = True,
    ) -> None:
        """Take the columns that are declared, and those that earlier runs learned.

        Without credentials, or not `wanted`, a stream is not selected by default.
        """
        self.family = family
        self.declaration = declaration
        self.failures = family.context.failures
        self.sample = family.context.sample
        self.batches = family.context.batches
        self.selected_by_default = family.configured and select_by_default
        initial_state = StreamState(declaration.name, _raw_state(tap, declaration.name))
        self.initial_bookmark = initial_state.bookmark()
        learned_columns = initial_state.columns()
        declared_names = {column.name for column in declaration.columns}
        undeclared_columns = (
            column for column in learned_columns if column.name not in declared_names
        )
        self.columns = [*declaration.columns, *undeclared_columns]
        self.key_columns = keys = declaration.primary_keys or (ROW_HASH,)
        super().__init__(
            tap, schema=schema_of(declaration, self.columns, keys), name=declaration.name
        )
        self.primary_keys = keys
        self.replication_key = "_window_end" if declaration.windowed else None

    @abstractmethod
    def iter_files(self) -> Iterator[Any]:
        """Yield what is to be read, as it comes from the API; in the thread of the family."""

    @abstractmethod
    def read_records(self) -> Iterator[Record]:
        """Yield every record of what was fetched."""

    def fetch(self) -> Iterator[Any]:
        """Yield what is `fetched`, unless the family fails again and again."""
        breaker = self.family.circuit_breaker
        breaker.raise_if_open(self.family.name)
        try:
            yield from self.iter_files()
        except Exception as error:
            breaker.record_failure(error)
            raise
        finally:
            self.family.slots.release_all()
        breaker.record_success()

    @property
    def workers(self) -> WorkerPool:
        """Return the families' threads."""
        return self.family.context.workers

    @property
    def worker_name(self) -> str:
        """Return the thread that asks this stream's API."""
        return self.family.name

    def refresh_catalog(self) -> None:
        """Ask the API for what a catalog shows of it, if the settings want that: here nothing."""

    def add_catalog_columns(self, columns: Iterable[Column]) -> None:
        """Take columns into the schema that a catalog shows."""
        properties = {column.name: property_of(column) for column in columns}
        self._schema = _with_properties(self.schema, properties)

    @property
    @override
    def is_sorted(self) -> bool:
        # Windows leave in order and the bookmark is written at their ends: always resumable.
        return True

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return none: the horizon bounds the bookmark, a signpost would only swell STATE."""

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark alone; `commit` moves it once per window."""

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield every record; a failure ends this stream, not the others."""
        try:
            self.progress.start()
            yield from self.read_records()
            self.progress.finish("complete")
        except BrokenPipeError:
            raise  # nobody reads any more, neither this stream nor the others
        except QuotaExhausted as error:
            self._stop(error)
        except CXoneError as error:
            self._fail(error)
        except Exception as error:
            self.logger.exception("A fault in the tap itself; please report it")
            self._fail(error)

    def _stop(self, error: QuotaExhausted) -> None:
        """End cleanly: what is done is committed, and the next run goes on from there."""
        if self.settings.on_quota_exhausted == "fail":
            self._fail(error)
        else:
            self.progress.finish("stopped")
            self.write_state()
            self.audit_context.write("stream_stopped", reason=str(error))
            self.log_once("quota", "%s stops here: %s", self.name, error)

    def _fail(self, error: Exception) -> None:
        self.failures[self.name] = error
        if self.batches is not None:
            self.batches.discard()
        self.progress.finish("failed")
        self.family.circuit_breaker.record_failure(error)
        self.state_view.mark_failed(failed=True)
        self.write_state()  # a submit may have been spent on it
        self.audit_context.write("stream_failed", reason=str(error))
        self.logger.error("Stream '%s' stops: %s", self.name, error)
        if self.ABORT_AT_RECORD_COUNT is not None:  # a trial run wants to know at once
            raise error

    @override
    def log_sync_costs(self) -> None:
        """Raise `StreamsFailed` at the end of the run if this stream failed."""
        super().log_sync_costs()
        if self.name in self.failures:
            raise StreamsFailed(self.failures)

    # Batches

    @override
    def get_batch_config(self, config: object) -> None:
        """Return none: the SDK's batches would go around selection, maps and state.

        Ours are made of the RECORD messages by the tap's writer.
        """

    def flush_full_batches(self) -> None:
        """Write each batch that is full. Raises `BatchError`, here where only this stream fails."""
        if self.batches is not None:
            self.batches.flush_full()

    def flush_batches(self) -> None:
        """Write what is batched so far, before the bookmark moves. Raises `BatchError`."""
        if self.batches is not None:
            self.batches.flush_all()

    # What a stream knows

    def replace_columns(self, columns: Iterable[Column]) -> None:
        """Take `columns` for those that are known; write a SCHEMA where that changes it."""
        self.columns = list(columns)
        properties = {column.name: property_of(column) for column in self.columns}
        schema_properties = self.effective_schema["properties"]
        keys = self.key_columns
        changed = {
            n: p for n, p in properties.items() if n not in keys and schema_properties.get(n) != p
        }
        if changed:
            self._extend_schema(changed)
            self._write_schema_message()

    @property
    def state_view(self) -> StreamState:
        """Return what the stream's state remembers."""
        return StreamState(self.name, self.stream_state)

    @property
    def settings(self) -> Settings:
        """Return what the run is told."""
        return self.family.context.settings

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self.family.context.clock.now()

    @property
    def audit_context(self) -> AuditContext:
        """Return what the stream's lines in the audit log have in common."""
        return AuditContext(self.family.context.audit, self.family.name, self.name)

    @property
    def progress(self) -> StreamProgress:
        """Return who is told how far this stream has come."""
        return self.family.context.progress.stream(self.name)

    def log_once(self, topic: str, text: str, *arguments: object) -> None:
        """Warn the first time in this run that a stream of the family says so, then inform."""
        level = logging.INFO if topic in self.family.logged_topics else logging.WARNING
        self.family.logged_topics.add(topic)
        self.log(text, *arguments, level=level)

    # Columns

    @property
    def drift_policy(self) -> str:
        """Return what to do about unknown columns; the first header of all is no drift."""
        return self.settings.schema_drift if self.columns else "evolve"

    def emit_new_columns(
        self, new_columns: Sequence[Column], description: str, audit_context: AuditContext
    ) -> None:
        """Write a SCHEMA with the columns that no SCHEMA had so far."""
        if not new_columns:
            return
        existing_names = {column.name for column in self.columns}
        unknown_columns = [column for column in new_columns if column.name not in existing_names]
        names = ", ".join(column.name for column in unknown_columns or new_columns)
        if unknown_columns and self.drift_policy == "fail":
            msg = f"{description}: new columns: {names}; set schema_drift to evolve or ignore"
            raise DriftError(msg)
        level = logging.WARNING if unknown_columns and existing_names else logging.INFO
        self.log("%s has columns that no SCHEMA had: %s", description, names, level=level)
        audit_context.write("drift", columns=[column.name for column in new_columns])
        self.columns += unknown_columns
        self.state_view.add_columns(unknown_columns)
        self._extend_schema({column.name: property_of(column) for column in new_columns})
        self._write_schema_message()

    def _extend_schema(self, properties: dict[str, Any]) -> None:
        self._schema = _with_properties(self.schema, properties)
        if self._input_schema is not None:
            self._input_schema = _with_properties(self._input_schema, properties)
        selected_schema = self.stream_maps[0].raw_schema  # what is selected of the schema so far
        self._tap.mapper.register_raw_stream_schema(
            self.name, _with_properties(selected_schema, properties), self.primary_keys
        )
        self._stream_maps = None

    # Rows that do not fit

    @property
    def quarantine(self) -> QuarantineStream:
        """Return the stream that receives the rows that do not fit."""
        stream = self._tap.streams[QUARANTINE]
        assert isinstance(stream, QuarantineStream)  # noqa: S101 (no other has its name)
        return stream

    def quarantine_row(self, row: QuarantinedRow) -> None:
        """Let a row leave by the quarantine, whose turn it is not."""
        quarantine = self.quarantine
        if not quarantine.schema_written:
            quarantine._write_schema_message()  # noqa: SLF001
            quarantine.schema_written = True
        quarantine._write_record_message(row.record())  # noqa: SLF001

    # Rows that leave many at a time

    def line_encoder(self) -> LineEncoder | None:
        """Return how records look as lines; None where something wants to see each of them.

        That is a stream map, flattening, a child stream, a trial run that counts, or a writer of
        somebody's own.
        """
        stream_map, *other_maps = self.stream_maps
        untransformed = (
            not other_maps
            and type(stream_map) is SameRecordTransform
            and not stream_map.flattening_enabled
        )
        needs_each_record = self.child_streams or self.ABORT_AT_RECORD_COUNT is not None
        if (
            not untransformed
            or needs_each_record
            or type(self._tap.message_writer) is not MsgSpecWriter
        ):
            return None
        excluded_columns = frozenset(
            breadcrumb[1]
            for breadcrumb in self.mask
            if len(breadcrumb) == _COLUMN_DEPTH
            if not self.mask[breadcrumb]
        )

        clock = self.family.context.clock
        return LineEncoder(stream_map.stream_alias, clock, excluded_columns, self._stream_version)

    @override
    def get_record_counter(self, **kwargs: Any) -> Counter:
        self._counter = super().get_record_counter(**kwargs)
        return self._counter

    def write_lines(self, lines: RecordLines) -> None:
        """Let many records leave in one write."""
        unwritten = memoryview(lines.data)
        while unwritten:  # with PYTHONUNBUFFERED a signal cuts a write short
            unwritten = unwritten[sys.stdout.buffer.write(unwritten) :]
        sys.stdout.flush()
        self.state_manager.is_flushed = False
        self._counter.increment(lines.count)

    def run_pending_tasks(self) -> None:
        """Do what may be done between two writes: answer a signal, and what the lanes want."""
        self.family.context.signals.raise_if_interrupted()
        self.workers.main_thread.run_pending()

    # State

    def write_state(self) -> None:
        """Write STATE now, with what is known of the family."""
        self.state_view.set_submit_times(self.family.name, self.family.rate_limiter.submit_times())
        self.state_view.set_tenant_info(self.family.name, self.family.tenant_info)
        self.state_manager.is_flushed = False
        self._write_state_message()


def read_tenant_info(tap: Tap, family: str) -> dict[str, Any]:
    """Return what earlier runs learned of a family's tenant, from the state of any stream."""
    tenant_info: dict[str, Any] = {}
    for name, raw in tap.state.get("bookmarks", {}).items():
        tenant_info = merge_tenant_info(tenant_info, StreamState(name, raw).tenant_info(family))
    return tenant_info


def _raw_state(tap: Tap, name: str) -> dict[str, Any]:
    return tap.state.get("bookmarks", {}).get(name, {})


def _with_properties(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], **properties}}

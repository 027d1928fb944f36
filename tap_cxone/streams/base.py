"""Error isolation, schema changes, record lines and STATE of a stream.

This is the only module that uses private parts of the SDK. `tests/functional/test_sdk.py` guards
each of them:

- `_increment_stream_state`: the bookmark moves per window, not per row.
- `_schema`, `_input_schema`, `_stream_maps`, `_tap.mapper`: new columns need a new SCHEMA, and the
  catalog's SCHEMA needs the types of the values.
- `_write_schema_message`, `_write_record_message`: a record is emitted on an auxiliary stream while
  another stream is syncing.
- `_stream_version`: prepared RECORD lines carry the version that the SDK would write.
"""

from __future__ import annotations

import logging
import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Schema, StateMessage
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.errors import (
    ConfigError,
    CXoneError,
    DriftError,
    OutsideHours,
    QuotaExhausted,
    StreamsFailed,
)
from tap_cxone.output.batch_output import BatchOutput
from tap_cxone.output.record_lines import LineEncoder
from tap_cxone.output.writer import MessageWriter
from tap_cxone.progress.formatting import listed
from tap_cxone.streams.auxiliary import AuxiliaryStream
from tap_cxone.streams.column_types import (
    catalog_problems,
    corrected_properties,
    read_catalog_columns,
)
from tap_cxone.streams.family_stream import FamilyStream
from tap_cxone.streams.schema import property_of, with_properties
from tap_cxone.streams.state import stream_states
from tap_cxone.streams.state_owner import StateOwner

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.metrics import Counter
    from singer_sdk.singerlib import Catalog

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.output.record_lines import RecordLines, RecordOutput
    from tap_cxone.rows.columns import Column

_COLUMN_DEPTH = 2  # length of a column's breadcrumb in a selection mask: `properties`, name


class CXoneStream(FamilyStream):
    """A stream whose failure does not affect the other streams."""

    @abstractmethod
    def read_records(self) -> Iterator[Record]:
        """Yield every record of the downloaded items."""

    # Error isolation

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Yield every record; an error ends this stream and no other.

        Raises:
            BrokenPipeError: The target has closed the pipe, so every stream ends.
        """
        try:
            self.progress.start()
            self._store_owner()
            self.report_unusable_reloads()
            yield from self.read_records()
            self.progress.finish("complete")
        except BrokenPipeError:
            raise
        except QuotaExhausted as error:
            self._stop(error)
        except OutsideHours as error:
            self._postpone(error)
        except CXoneError as error:
            self._fail(error)
        except Exception as error:
            self.logger.exception("Unexpected error in tap-cxone; please report this traceback")
            self._fail(error)

    def _stop(self, error: QuotaExhausted) -> None:
        """End the stream without failure; the next run continues after the committed windows."""
        if self.settings.on_quota_exhausted == "fail":
            until = iso(error.until) if error.until else None
            self.audit_context.write("quota_exhausted", reason=str(error), until=until)
            self._fail(error)
        else:
            self.progress.finish("stopped", until=error.until)
            self.emit_state()
            self._audit_end("stream_stopped", error)
            self.log_once(
                "quota", "Stream '%s' stopped: %s; the next run continues", self.name, error
            )

    def _postpone(self, error: OutsideHours) -> None:
        """End the stream without failure, because the settings exclude this time of the day."""
        self.progress.finish("stopped", until=error.until)
        self.emit_state()
        self._audit_end("stream_postponed", error)
        self.logger.info("Stream '%s' postponed: %s; a later run continues", self.name, error)

    def _fail(self, error: Exception) -> None:
        self.failures[self.name] = error
        if self.batches is not None:
            self.batches.discard()
        self.progress.finish("failed", until=getattr(error, "until", None))
        self.family.circuit_breaker.record_failure(error)
        self.state_view.mark_failed(failed=True)
        self.emit_state()  # the stream may have used a submit that STATE must contain
        self._audit_end("stream_failed", error)
        self.logger.error("Stream '%s' failed; the other streams continue: %s", self.name, error)
        if self.ABORT_AT_RECORD_COUNT is not None:  # a dry run must fail at once
            raise error

    def _audit_end(self, event: str, error: Exception) -> None:
        until = self.progress.snapshot().until
        self.audit_context.write(event, reason=str(error), until=iso(until) if until else None)

    @override
    def log_sync_costs(self) -> None:
        """Raise `StreamsFailed` at the end of the run if this stream failed."""
        super().log_sync_costs()
        if self.name in self.failures:
            raise StreamsFailed(self.failures)

    # State

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Do nothing: `commit` moves the bookmark once per window."""

    def emit_state(self) -> None:
        """Emit STATE at once, with the submit times, tenant info and owner of the family."""
        submit_times = self.family.rate_limiter.known_submit_times()
        self.state_view.set_submit_times(self.family.name, submit_times)
        self._store_owner()
        self._store_tenant_info()
        self._tap.write_message(StateMessage(value=self.tap_state))
        self.state_manager.is_flushed = True  # the SDK need not write it again

    def _store_owner(self) -> None:
        self.state_view.set_owner(self.family.name, StateOwner.of_family(self.family))

    # Types of a catalog

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Convert values to the types that a catalog gives, and correct those that it cannot give.

        Raises:
            ConfigError: The stream is selected, and values cannot become a type of the catalog.
        """
        super().apply_catalog(catalog)
        entry = catalog.get_stream(self.name)
        if entry is None or self._input_schema is None:
            return
        properties = self._input_schema["properties"]
        problems = catalog_problems(properties, self.schema["properties"], self.declaration)
        if problems and self.selected:
            raise ConfigError(problems)
        self.stream_columns.use_catalog(read_catalog_columns(properties))
        nullable = [c for c in self.columns if c.name not in self.key_columns]
        corrected = corrected_properties(nullable, properties)
        retired = properties.keys() & self.stream_columns.known.column_map.retired
        missing = [column for column in self.metadata_columns if column.name not in properties]
        if corrected or retired or missing:
            kept = {name: p for name, p in properties.items() if name not in retired}
            kept |= corrected | {column.name: property_of(column) for column in missing}
            self._input_schema = {**self._input_schema, "properties": kept}
            entry.schema = Schema.from_dict(self._input_schema)  # the mapper reads it

    def _store_tenant_info(self) -> None:
        """Store the tenant info of the family in the state of this stream only.

        STATE has it once, so its size does not grow with the number of streams.
        """
        family = self.family.name
        for state in stream_states(self.tap_state):
            if state.stream != self.name and state.tenant_info(family):
                state.set_tenant_info(family, {})
        self.state_view.set_tenant_info(family, self.family.tenant_info)

    # Schema changes

    def report_type_changes(self) -> None:
        """Report each column whose type differs from that of an earlier SCHEMA.

        Raises:
            DriftError: `on_type_change` does not allow a change.
        """
        for change in self.stream_columns.type_changes:
            if change.is_forbidden:
                raise DriftError(str(change))
            level = logging.INFO if change.is_silent else logging.WARNING
            text = "%s: column %s was %s and is %s now: %s"
            details = (change.name, change.old, change.new, change.consequence)
            self.log(text, self.name, *details, level=level)
            self.audit_context.write("column_retyped", **change.audit_fields())

    def report_absent_columns(self, names: Collection[str], description: str) -> None:
        """Report the columns that a file lacks although the file before had them.

        Args:
            names: Names of the columns of the file; empty for a file without a header.
            description: Name of the file in messages.
        """
        if not names:
            return
        known_names = set(self.state_view.column_map().names.values())
        absent = known_names - set(names)
        if vanished := sorted(absent.difference(self.state_view.absent_columns())):
            text = "%s lacks columns that earlier files had: %s. They are null until they return; "
            text += "if the vendor renamed one, its values are in a new column"
            self.log(text, description, listed(vanished), level=logging.WARNING)
            self.audit_context.write("columns_absent", columns=vanished)
        self.state_view.set_absent_columns(absent)

    def add_catalog_columns(self, columns: Sequence[Column]) -> None:
        """Add columns to the schema that the catalog shows."""
        self.stream_columns.redeclare(columns)
        properties = {column.name: property_of(column) for column in self.columns}
        self._schema = with_properties(self.schema, properties)

    def replace_columns(self, columns: Sequence[Column]) -> None:
        """Replace the declared columns; emit a SCHEMA if it changes."""
        self.stream_columns.redeclare(columns)
        self.report_type_changes()
        properties = {column.name: property_of(column) for column in self.columns}
        schema_properties = self.effective_schema["properties"]
        keys = self.key_columns
        changed = {
            n: p for n, p in properties.items() if n not in keys and schema_properties.get(n) != p
        }
        if changed:
            self._extend_schema(changed)
            self._write_schema_message()

    def emit_new_columns(
        self, new_columns: Sequence[Column], description: str, audit_context: AuditContext
    ) -> None:
        """Emit a SCHEMA with columns that no earlier SCHEMA contained.

        Raises:
            DriftError: A column is unknown and `schema_drift` is "fail".
        """
        if not new_columns:
            return
        unknown_columns = [c for c in new_columns if c.name not in self.stream_columns.known.names]
        names = listed([column.name for column in unknown_columns or new_columns])
        if unknown_columns and self.drift_policy == "fail":
            msg = f"{description}: new columns: {names}; set schema_drift to evolve or ignore"
            raise DriftError(msg)
        is_drift = unknown_columns and self.stream_columns.has_known_columns
        level = logging.WARNING if is_drift else logging.INFO
        self.log("%s: new columns added to the schema: %s", description, names, level=level)
        audit_context.write("schema_changed", columns=[column.name for column in new_columns])
        self._extend_schema({column.name: property_of(column) for column in new_columns})
        self._write_schema_message()

    def _extend_schema(self, properties: dict[str, Any]) -> None:
        self._schema = with_properties(self.schema, properties)
        if self._input_schema is not None:
            self._input_schema = with_properties(self._input_schema, properties)
        selected_schema = self.stream_maps[0].raw_schema  # selected properties so far
        self._tap.mapper.register_raw_stream_schema(
            self.name, with_properties(selected_schema, properties), self.primary_keys
        )
        self._stream_maps = None

    # Auxiliary streams

    def auxiliary_stream(self, name: str) -> AuxiliaryStream:
        """Return the stream of this name, whose records other streams emit."""
        stream = self._tap.streams[name]
        assert isinstance(stream, AuxiliaryStream)  # noqa: S101 (the name is unique)
        return stream

    def emit_on(self, stream: AuxiliaryStream, record: Record) -> None:
        """Emit a record on an auxiliary stream while this stream is syncing."""
        if not stream.schema_written:
            stream._write_schema_message()  # noqa: SLF001
            stream.schema_written = True
        stream._write_record_message(record)  # noqa: SLF001

    # Record lines

    def record_output(self) -> RecordOutput | None:
        """Return the form in which records are emitted; None if each one passes through the SDK.

        A stream map, flattening, a child stream and a dry run that counts records need each record.
        So do a sample for the webhook, and any message writer that is not the tap's.
        """
        stream_map, *other_maps = self.stream_maps
        untransformed = (
            not other_maps
            and type(stream_map) is SameRecordTransform
            and not stream_map.flattening_enabled
        )
        needs_each_record = self.child_streams or self.ABORT_AT_RECORD_COUNT is not None
        writer = self._tap.message_writer
        is_own = writer is self.batches if self.batches else type(writer) is MessageWriter
        if not untransformed or needs_each_record or not is_own or self.sample.max_records:
            return None
        excluded_columns = frozenset(
            breadcrumb[1]
            for breadcrumb in self.mask
            if len(breadcrumb) == _COLUMN_DEPTH
            if not self.mask[breadcrumb]
        )
        clock = self.family.context.clock
        lines = LineEncoder(stream_map.stream_alias, clock, excluded_columns, self._stream_version)
        return BatchOutput(self.batches, lines) if self.batches else lines

    @override
    def get_record_counter(self, **kwargs: Any) -> Counter:
        self._counter = super().get_record_counter(**kwargs)
        return self._counter

    def write_lines(self, lines: RecordLines) -> None:
        """Emit many records in one write."""
        unwritten = memoryview(lines.data)
        while unwritten:  # with PYTHONUNBUFFERED a signal can interrupt a write midway
            unwritten = unwritten[sys.stdout.buffer.write(unwritten) :]
        sys.stdout.flush()
        self.state_manager.is_flushed = False
        self._counter.increment(lines.count)

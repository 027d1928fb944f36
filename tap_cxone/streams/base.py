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
from tap_cxone.events.audit_log import Trail
from tap_cxone.output.record_lines import Envelope
from tap_cxone.rows.convert import ROW_HASH
from tap_cxone.streams.quarantine import NAME as QUARANTINE
from tap_cxone.streams.quarantine import QuarantineStream
from tap_cxone.streams.schema import property_of, schema_of
from tap_cxone.streams.state import StreamState, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.metrics import Counter

    from tap_cxone.config import Settings
    from tap_cxone.context import Family
    from tap_cxone.output.record_lines import Lines
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.rows.columns import Column
    from tap_cxone.streams.quarantine import Quarantined
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.workers.pool import Lanes


_COLUMN = 2  # steps to a column in a selection mask: `properties`, its name


class CXoneStream(Stream, ABC):
    """A stream of one family, which fails without the others."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # `records` has typed every value

    def __init__(
        self, tap: Tap, family: Family, declaration: Declaration, *, wanted: bool = True
    ) -> None:
        """Take the columns that are declared, and those that earlier runs learned.

        Without credentials, or not `wanted`, a stream is not selected by default.
        """
        self.family = family
        self.declaration = declaration
        self.failures = family.surroundings.failures
        self.sample = family.surroundings.sample
        self.batches = family.surroundings.batches
        self.selected_by_default = family.configured and wanted
        given = StreamState(declaration.name, _raw(tap, declaration.name))
        self.given = given.bookmark()
        learned = given.columns()
        declared = {column.name for column in declaration.columns}
        new = (column for column in learned if column.name not in declared)
        self.known = [*declaration.columns, *new]
        self.own_keys = keys = declaration.primary_keys or (ROW_HASH,)
        super().__init__(
            tap, schema=schema_of(declaration, self.known, keys), name=declaration.name
        )
        self.primary_keys = keys
        self.replication_key = "_window_end" if declaration.windowed else None

    @abstractmethod
    def fetched(self) -> Iterator[Any]:
        """Yield what is to be read, as it comes from the API; in the thread of the family."""

    @abstractmethod
    def rows(self) -> Iterator[Record]:
        """Yield every record of what was fetched."""

    def hunt(self) -> Iterator[Any]:
        """Yield what is `fetched`, unless the family fails again and again."""
        breaker = self.family.breaker
        breaker.check(self.family.name)
        try:
            yield from self.fetched()
        except Exception as error:
            breaker.failed(error)
            raise
        finally:
            self.family.turns.free_all()
        breaker.succeeded()

    @property
    def lanes(self) -> Lanes:
        """Return the families' threads."""
        return self.family.surroundings.lanes

    @property
    def lane(self) -> str:
        """Return the thread that asks this stream's API."""
        return self.family.name

    def discover(self) -> None:
        """Ask the API for what a catalog shows of it, if the settings want that: here nothing."""

    def show(self, columns: Iterable[Column]) -> None:
        """Take columns into the schema that a catalog shows."""
        properties = {column.name: property_of(column) for column in columns}
        self._schema = _with(self.schema, properties)

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
            self.progress.begin()
            yield from self.rows()
            self.progress.ends("complete")
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
            self.progress.ends("stopped")
            self.write_state()
            self.trail.write("stream_stopped", reason=str(error))
            self.once("quota", "%s stops here: %s", self.name, error)

    def _fail(self, error: Exception) -> None:
        self.failures[self.name] = error
        if self.batches is not None:
            self.batches.discard()
        self.progress.ends("failed")
        self.family.breaker.failed(error)
        self.memory.mark_failed(failed=True)
        self.write_state()  # a submit may have been spent on it
        self.trail.write("stream_failed", reason=str(error))
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

    def end_full_batches(self) -> None:
        """Write each batch that is full. Raises `BatchError`, here where only this stream fails."""
        if self.batches is not None:
            self.batches.end_full()

    def hand_over(self) -> None:
        """Write what is batched so far, before the bookmark moves. Raises `BatchError`."""
        if self.batches is not None:
            self.batches.end_all()

    # What a stream knows

    def redeclare(self, columns: Iterable[Column]) -> None:
        """Take `columns` for those that are known; write a SCHEMA where that changes it."""
        self.known = list(columns)
        properties = {column.name: property_of(column) for column in self.known}
        announced = self.effective_schema["properties"]
        keys = self.own_keys
        changed = {n: p for n, p in properties.items() if n not in keys and announced.get(n) != p}
        if changed:
            self._widen(changed)
            self._write_schema_message()

    @property
    def memory(self) -> StreamState:
        """Return what the stream's state remembers."""
        return StreamState(self.name, self.stream_state)

    @property
    def settings(self) -> Settings:
        """Return what the run is told."""
        return self.family.surroundings.settings

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self.family.surroundings.clock.now()

    @property
    def trail(self) -> Trail:
        """Return what the stream's lines in the audit log have in common."""
        return Trail(self.family.surroundings.audit, self.family.name, self.name)

    @property
    def progress(self) -> StreamProgress:
        """Return who is told how far this stream has come."""
        return self.family.surroundings.progress.stream(self.name)

    def once(self, topic: str, text: str, *arguments: object) -> None:
        """Warn the first time in this run that a stream of the family says so, then inform."""
        level = logging.INFO if topic in self.family.told else logging.WARNING
        self.family.told.add(topic)
        self.log(text, *arguments, level=level)

    # Columns

    @property
    def drift(self) -> str:
        """Return what to do about unknown columns; the first header of all is no drift."""
        return self.settings.schema_drift if self.known else "evolve"

    def announce(self, new: Sequence[Column], name: str, trail: Trail) -> None:
        """Write a SCHEMA with the columns that no SCHEMA had so far."""
        if not new:
            return
        known = {column.name for column in self.known}
        unknown = [column for column in new if column.name not in known]
        names = ", ".join(column.name for column in unknown or new)
        if unknown and self.drift == "fail":
            msg = f"{name}: new columns: {names}; set schema_drift to evolve or ignore"
            raise DriftError(msg)
        level = logging.WARNING if unknown and known else logging.INFO
        self.log("%s has columns that no SCHEMA had: %s", name, names, level=level)
        trail.write("drift", columns=[column.name for column in new])
        self.known += unknown
        self.memory.learn(unknown)
        self._widen({column.name: property_of(column) for column in new})
        self._write_schema_message()

    def _widen(self, properties: dict[str, Any]) -> None:
        self._schema = _with(self.schema, properties)
        if self._input_schema is not None:
            self._input_schema = _with(self._input_schema, properties)
        announced = self.stream_maps[0].raw_schema  # what is selected of the schema so far
        self._tap.mapper.register_raw_stream_schema(
            self.name, _with(announced, properties), self.primary_keys
        )
        self._stream_maps = None

    # Rows that do not fit

    @property
    def quarantine(self) -> QuarantineStream:
        """Return the stream that receives the rows that do not fit."""
        stream = self._tap.streams[QUARANTINE]
        assert isinstance(stream, QuarantineStream)  # noqa: S101 (no other has its name)
        return stream

    def set_aside(self, found: Quarantined) -> None:
        """Let a row leave by the quarantine, whose turn it is not."""
        quarantine = self.quarantine
        if not quarantine.announced:
            quarantine._write_schema_message()  # noqa: SLF001
            quarantine.announced = True
        quarantine._write_record_message(found.record())  # noqa: SLF001

    # Rows that leave many at a time

    def envelope(self) -> Envelope | None:
        """Return how records look as lines; None where something wants to see each of them.

        That is a stream map, flattening, a child stream, a trial run that counts, or a writer of
        somebody's own.
        """
        first, *others = self.stream_maps
        plain = not others and type(first) is SameRecordTransform and not first.flattening_enabled
        watched = self.child_streams or self.ABORT_AT_RECORD_COUNT is not None
        if not plain or watched or type(self._tap.message_writer) is not MsgSpecWriter:
            return None
        left_out = frozenset(
            breadcrumb[1]
            for breadcrumb in self.mask
            if len(breadcrumb) == _COLUMN
            if not self.mask[breadcrumb]
        )

        clock = self.family.surroundings.clock
        return Envelope(first.stream_alias, clock, left_out, self._stream_version)

    @override
    def get_record_counter(self, **how: Any) -> Counter:
        self._counter = super().get_record_counter(**how)
        return self._counter

    def write_lines(self, lines: Lines) -> None:
        """Let many records leave in one write."""
        left = memoryview(lines.data)
        while left:  # with PYTHONUNBUFFERED a signal cuts a write short
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.flush()
        self.state_manager.is_flushed = False
        self._counter.increment(lines.count)

    def between(self) -> None:
        """Do what may be done between two writes: answer a signal, and what the lanes want."""
        self.family.surroundings.interrupts.check()
        self.lanes.desk.serve()

    # State

    def write_state(self) -> None:
        """Write STATE now, with what is known of the family."""
        self.memory.keep_submits(self.family.name, self.family.limiter.submits())
        self.memory.keep_traits(self.family.name, self.family.traits)
        self.state_manager.is_flushed = False
        self._write_state_message()


def traits_of(tap: Tap, family: str) -> dict[str, Any]:
    """Return what earlier runs learned of a family's tenant, from the state of any stream."""
    found: dict[str, Any] = {}
    for name, raw in tap.state.get("bookmarks", {}).items():
        found = merged(found, StreamState(name, raw).traits(family))
    return found


def _raw(tap: Tap, name: str) -> dict[str, Any]:
    return tap.state.get("bookmarks", {}).get(name, {})


def _with(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], **properties}}

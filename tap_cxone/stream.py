"""Windows → rows → commit: the only room that touches the SDK's state.

Private parts of the SDK used here, each guarded by a test: `_increment_stream_state` (the
bookmark moves per window, not per row), `_write_state_message` (one STATE a commit and a submit),
`_schema`, `_stream_maps` and `_tap.mapper` (a file with a new column needs a new SCHEMA).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_cxone.audit import Trail
from tap_cxone.clock import iso
from tap_cxone.declaration import property_of, schema_of
from tap_cxone.errors import CXoneError, DriftError, QuotaExhausted, StreamsFailed
from tap_cxone.intake import Intake
from tap_cxone.lifecycle import Lifecycle
from tap_cxone.planning import Span, with_coming
from tap_cxone.quarantine import NAME as QUARANTINE
from tap_cxone.quarantine import Quarantined, QuarantineStream
from tap_cxone.reading import Invalid
from tap_cxone.records import ROW_HASH, Shape
from tap_cxone.state import StreamState
from tap_cxone.webhook import Completion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from tap_cxone.columns import Column
    from tap_cxone.config import Settings
    from tap_cxone.declaration import Declaration
    from tap_cxone.family import Family
    from tap_cxone.intake import Source, Taken
    from tap_cxone.jobs import JobApi
    from tap_cxone.state import PendingJob
    from tap_cxone.tap import TapCXone
    from tap_cxone.windows import Window

_MOST_AUDITED = 100  # invalid records of one window that get a line of their own


class CXoneStream(Stream, ABC):
    """A stream that is read in windows, each committed when all of it has left."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # `records` has typed every value

    def __init__(
        self, tap: TapCXone, family: Family, declaration: Declaration, *, wanted: bool = True
    ) -> None:
        """Take the columns that are declared, and those that earlier runs learned.

        Without credentials, or not `wanted`, a stream is not selected by default.
        """
        self.family = family
        self.declaration = declaration
        self.failures = tap.failures
        self.sample = tap.sample
        self.selected_by_default = family.configured and wanted
        learned = StreamState(declaration.name, _raw(tap, declaration.name)).columns()
        declared = {column.name for column in declaration.columns}
        new = (column for column in learned if column.name not in declared)
        self.known = [*declaration.columns, *new]
        self.own_keys = keys = declaration.primary_keys or (ROW_HASH,)
        super().__init__(
            tap, schema=schema_of(declaration, self.known, keys), name=declaration.name
        )
        self.primary_keys = keys
        self.replication_key = "_window_end"

    @property
    @abstractmethod
    def api(self) -> JobApi:
        """Return what makes this stream's files."""

    @abstractmethod
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterable[Window]:
        """Plan the windows from `start` to `horizon`; those `asked` for have a job already."""

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
        """Yield every row of every window; a failure ends this stream, not the others."""
        try:
            intake = self._intake()
            ahead = self.family.limits.concurrent - 1
            for window, coming in with_coming(self._plan(), ahead):
                yield from self._read(window, coming, intake)
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
        if self._settings.on_quota_exhausted == "fail":
            self._fail(error)
        else:
            self.write_state()
            self._trail.write("stream_stopped", reason=str(error))
            self._once("quota", "%s stops here: %s", self.name, error)

    def _fail(self, error: Exception) -> None:
        self.failures[self.name] = error
        self._state.mark_failed(failed=True)
        self.write_state()  # a submit may have been spent on it
        self._trail.write("stream_failed", reason=str(error))
        self.logger.error("Stream '%s' stops: %s", self.name, error)
        if self.ABORT_AT_RECORD_COUNT is not None:  # a trial run wants to know at once
            raise error

    @override
    def log_sync_costs(self) -> None:
        """Raise `StreamsFailed` at the end of the run if this stream failed."""
        super().log_sync_costs()
        if self.name in self.failures:
            raise StreamsFailed(self.failures)

    # Which windows

    @property
    def _state(self) -> StreamState:
        return StreamState(self.name, self.stream_state)

    @property
    def _settings(self) -> Settings:
        return self.family.surroundings.settings

    def _now(self) -> datetime:
        return self.family.surroundings.clock.now()

    @property
    def _incremental(self) -> bool:
        return self.replication_method != REPLICATION_FULL_TABLE

    def allowed(
        self,
        windows: Iterable[Window],
        asked: Iterable[Window],  # noqa: ARG002 (for families with a quota)
    ) -> Iterable[Window]:
        """Yield those of `windows` that may be read in this run: here all of them.

        Those `asked` for have a job already and cost nothing. Raises `QuotaExhausted` where the
        others have to wait.
        """
        return windows

    def _plan(self) -> Iterable[Window]:
        self._recall()
        pending = self._pending()
        self._state.keep_pending(pending)
        self._tell_where()
        asked = [job.window for job in pending]
        return self.allowed(self._windows(asked), asked)

    def _pending(self) -> list[PendingJob]:
        """Return the jobs that asked for what this stream would ask for today."""
        jobs = self._state.pending()
        return [job for job in jobs if self.api.fingerprint(job.window) == job.fingerprint]

    def _windows(self, asked: Sequence[Window]) -> Iterable[Window]:
        span = self._span()
        # A beginning that moves with the day must not leave behind what was asked for before.
        start = min([span.start, *(window.start for window in asked)])
        return self.windows(start, span.horizon, asked)

    @property
    def failed_before(self) -> bool:
        """Tell whether the last run of this stream failed."""
        return self._state.failed

    def due(self) -> list[Window]:
        """Return the windows that need a job still."""
        asked = [job.window for job in self._pending()]
        return [window for window in self._windows(asked) if window not in asked]

    def _recall(self) -> None:
        """Take from the state what concerns the whole family: its submits and traits."""
        for name, raw in self.tap_state.get("bookmarks", {}).items():
            state = StreamState(name, raw)
            self.family.limiter.recall(state.submits(self.family.name))
            self.family.traits.update(state.traits(self.family.name))

    def _span(self) -> Span:
        now = self._now()
        return Span.of(
            self._settings,
            now=now,
            bookmark=self._state.bookmark() if self._incremental else None,
            settle=self.family.settle,
            earliest=self.earliest(now),
        )

    def _tell_where(self) -> None:
        span = self._span()
        if span.start > span.wanted:
            text = "%s: asked for %s, but the API gives nothing before %s; starting there"
            self._once("history", text, self.name, iso(span.wanted), iso(span.start))
        if span.start >= span.horizon:
            self.logger.info("%s: nothing to read yet, %s is not past", self.name, iso(span.start))

    def _once(self, topic: str, text: str, *arguments: object) -> None:
        """Warn the first time in this run that a stream of the family says so, then inform."""
        level = logging.INFO if topic in self.family.told else logging.WARNING
        self.family.told.add(topic)
        self.log(text, *arguments, level=level)

    def earliest(self, now: datetime) -> datetime | None:  # noqa: ARG002 (for those with one)
        """Return the oldest instant the API still gives; None if there is no such limit."""
        return None

    # From a window to rows

    @property
    def _trail(self) -> Trail:
        return Trail(self.family.surroundings.audit, self.family.name, self.name)

    def source(self) -> Source:
        """Return where the files come from: here from remote jobs."""
        family = self.family
        return Lifecycle(
            api=self.api,
            memory=_Memory(self),
            limiter=family.limiter,
            clock=family.surroundings.clock,
            patience=family.patience,
            log=self.logger,
            trail=self._trail,
        )

    def _intake(self) -> Intake:
        return Intake(
            source=self.source(),
            declaration=self.declaration,
            settings=self._settings,
            interrupts=self.family.surroundings.interrupts,
            trail=self._trail,
            log=self.logger,
        )

    def _read(self, window: Window, coming: Sequence[Window], intake: Intake) -> Iterator[Record]:
        """Yield the rows of one window, then commit it and tell who wants to know."""
        began = self._now()
        with intake.take(window, coming, self._shape(window)) as taken:
            intake.judge(taken, receiver=self._quarantine.selected)
            if layout := taken.reading.layout:
                self._announce(layout.new, taken.reading.table.name, taken.trail)
            self.sample.begin(mapped.stream_alias for mapped in self.stream_maps)
            yield from self._leave(taken)
        intake.account(taken)
        self.commit(window)
        self._tell(taken, window, (self._now() - began).total_seconds())

    def _tell(self, taken: Taken, window: Window, seconds: float) -> None:
        trail, left = taken.trail, taken.left
        trail.write("window_committed", rows=left, quarantined=taken.tally.invalid, seconds=seconds)
        text = "%s: %s complete, %d rows, %d bytes"
        self.logger.info(text, self.name, window, left, taken.spool.size)
        if webhook := self.family.surroundings.webhook:
            webhook.tell(Completion(trail, left, self._now(), self.sample.records), self.logger)

    def _shape(self, window: Window) -> Shape:
        return Shape(
            known=self.known,
            announced=self.effective_schema["properties"],
            # A catalog may name other keys; ours are in the rows all the same.
            keys=tuple(dict.fromkeys((*self.own_keys, *self.primary_keys))),
            constants={"_window_start": iso(window.start), "_window_end": iso(window.end)},
            required=self.declaration.required,
            keep_unknown=self._drift != "ignore",
        )

    @property
    def _quarantine(self) -> QuarantineStream:
        stream = self._tap.streams[QUARANTINE]
        assert isinstance(stream, QuarantineStream)  # noqa: S101 (no other has its name)
        return stream

    def _leave(self, taken: Taken) -> Iterator[Record]:
        """Yield the records, and set aside the rows that are none."""
        interrupts, aside = self.family.surroundings.interrupts, 0
        for item in taken.reading.items():
            if isinstance(item, Invalid):
                aside += 1
                self._set_aside(item, taken.trail, audited=aside <= _MOST_AUDITED)
            else:
                yield item
            interrupts.check()

    def _set_aside(self, invalid: Invalid, trail: Trail, *, audited: bool) -> None:
        assert trail.window is not None  # noqa: S101 (rows come from windows)
        found = Quarantined(self.name, trail.job_id, trail.window, invalid, self._now())
        quarantine = self._quarantine
        if not quarantine.announced:
            quarantine._write_schema_message()  # noqa: SLF001 (out of its turn)
            quarantine.announced = True
        quarantine._write_record_message(found.record())  # noqa: SLF001
        if audited:
            facts = {"field": invalid.field, "reason": invalid.reason}
            trail.write("record_invalid", record_id=found.record_id, **facts)

    @property
    def _drift(self) -> str:
        """Return what to do about unknown columns; the first header of all is no drift."""
        return self._settings.schema_drift if self.known else "evolve"

    def _announce(self, new: Sequence[Column], name: str, trail: Trail) -> None:
        """Write a SCHEMA with the columns that no SCHEMA had so far."""
        if not new:
            return
        known = {column.name for column in self.known}
        unknown = [column for column in new if column.name not in known]
        names = ", ".join(column.name for column in unknown or new)
        if unknown and self._drift == "fail":
            msg = f"{name}: new columns: {names}; set schema_drift to evolve or ignore"
            raise DriftError(msg)
        level = logging.WARNING if unknown and known else logging.INFO
        self.log("%s has columns that no SCHEMA had: %s", name, names, level=level)
        trail.write("drift", columns=[column.name for column in new])
        self.known += unknown
        self._state.learn(unknown)
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

    # State

    def commit(self, window: Window) -> None:
        """Record that every row up to the window's end has left, and write STATE.

        The bookmark never moves back: a window before it was only read again.
        """
        state = self._state
        if self._incremental:
            bookmark = max(window.end, state.bookmark() or window.end)
            self.stream_state["replication_key"] = self.replication_key
            self.stream_state["replication_key_value"] = iso(bookmark)
        state.keep_pending(job for job in state.pending() if job.window.start >= window.end)
        state.mark_failed(failed=False)
        self.write_state()

    def write_state(self) -> None:
        """Write STATE now, with what is known of the family."""
        self._state.keep_submits(self.family.name, self.family.limiter.submits())
        self._state.keep_traits(self.family.name, self.family.traits)
        self.state_manager.is_flushed = False
        self._write_state_message()


@dataclass(frozen=True, slots=True)
class _Memory:
    """The stream's state as the memory of its jobs."""

    stream: CXoneStream

    def pending(self) -> list[PendingJob]:
        return self.stream._state.pending()  # noqa: SLF001 (the same room)

    def submitted(self, job: PendingJob | None) -> None:
        if job is not None:
            self.stream._state.remember(job)  # noqa: SLF001
        self.stream.write_state()

    def forget(self, job: PendingJob) -> None:
        self.stream._state.forget(job)  # noqa: SLF001


def _raw(tap: TapCXone, name: str) -> dict[str, Any]:
    return tap.state.get("bookmarks", {}).get(name, {})


def _with(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "properties": {**schema["properties"], **properties}}

"""Windows → rows → commit: the only room that touches the SDK's state.

Private parts of the SDK used here, each guarded by a test: `_increment_stream_state` (the
bookmark moves per window, not per row), `_write_state_message` (one STATE a commit and a submit),
`_schema`, `_stream_maps` and `_tap.mapper` (a file with a new column needs a new SCHEMA).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.declaration import property_of, schema_of
from tap_cxone.decode import Table
from tap_cxone.errors import CXoneError, DecodeError, DriftError, QuotaExhausted, StreamsFailed
from tap_cxone.lifecycle import Lifecycle
from tap_cxone.records import ROW_HASH, Layout, Misfit
from tap_cxone.state import StreamState

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from tap_cxone.columns import Column
    from tap_cxone.config import Settings
    from tap_cxone.declaration import Declaration
    from tap_cxone.family import Family
    from tap_cxone.jobs import JobApi
    from tap_cxone.spool import Spool
    from tap_cxone.state import PendingJob
    from tap_cxone.tap import TapCXone
    from tap_cxone.windows import Window

_FEWEST = 2  # a line of text that is no CSV is a header of one column
_DEFAULT_HISTORY = timedelta(days=30)


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
            lifecycle = self._lifecycle()
            for window in self._plan():
                yield from self._read(window, lifecycle)
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
            self._once("quota", "%s stops here: %s", self.name, error)

    def _fail(self, error: Exception) -> None:
        self.failures[self.name] = error
        self._state.mark_failed(failed=True)
        self.write_state()  # a submit may have been spent on it
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
        # A beginning that moves with the day must not leave behind what was asked for before.
        start = min([self._start(), *(window.start for window in asked)])
        return self.windows(start, self._horizon(), asked)

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

    def _wanted(self) -> datetime:
        """Return where to go on, or to begin: a bookmark less the lookback, or `start_date`."""
        bookmark = self._state.bookmark() if self._incremental else None
        if bookmark is None:
            return self._settings.start_date or self._now() - _DEFAULT_HISTORY
        start = bookmark - self._settings.lookback
        return max(start, self._settings.start_date or start)

    def _start(self) -> datetime:
        wanted = self._wanted()
        return max(wanted, self.earliest(self._now()) or wanted)

    def _tell_where(self) -> None:
        wanted, start = self._wanted(), self._start()
        if start > wanted:
            text = "%s: asked for %s, but the API gives nothing before %s; starting there"
            self._once("history", text, self.name, iso(wanted), iso(start))
        if start >= self._horizon():
            self.logger.info("%s: nothing to read yet, %s is not past", self.name, iso(start))

    def _once(self, topic: str, text: str, *arguments: object) -> None:
        """Warn the first time in this run that a stream of the family says so, then inform."""
        level = logging.INFO if topic in self.family.told else logging.WARNING
        self.family.told.add(topic)
        self.log(text, *arguments, level=level)

    def earliest(self, now: datetime) -> datetime | None:  # noqa: ARG002 (for those with one)
        """Return the oldest instant the API still gives; None if there is no such limit."""
        return None

    def _horizon(self) -> datetime:
        settled = (self._now() - self.family.settle).replace(microsecond=0)
        return min(settled, self._settings.end_date or settled)

    # From a window to rows

    def _lifecycle(self) -> Lifecycle:
        family = self.family
        return Lifecycle(
            api=self.api,
            memory=_Memory(self),
            limiter=family.limiter,
            clock=family.surroundings.clock,
            patience=family.patience,
            log=self.logger,
        )

    def _read(self, window: Window, lifecycle: Lifecycle) -> Iterator[Record]:
        with lifecycle.fetch(window) as spool:
            table = Table.open(spool, lifecycle.title(window))
            rows = (yield from self._rows(table, window)) if table.header else 0
        self.commit(window)
        self._report(window, rows, spool)

    def _rows(self, table: Table, window: Window) -> Generator[Record, None, int]:
        """Check a file whole, announce its new columns, yield its rows; return their number."""
        if len(table.header) < _FEWEST and not self.declaration.primary_keys:
            msg = f"{table.name}: one column is no table, and no key tells otherwise; run again"
            raise DecodeError(msg)
        interrupts = self.family.surroundings.interrupts
        layout = self._layout(table, window)
        record = layout.compiled()
        with interrupts.allowed():
            rows = self._checked(table, record)
        self._announce(layout.new, table.name)
        for row in table.rows():
            yield record(row.cells)
            interrupts.check()
        return rows

    def _checked(self, table: Table, record: Callable[[Sequence[str]], Record]) -> int:
        """Read all of a file before any of it leaves; return the number of its rows."""
        rows = 0
        for row in table.rows():
            try:
                record(row.cells)
            except Misfit as error:
                msg = (
                    f"{table.name}: line {row.line}: {error}; declare the column as a string, or "
                    f"as what it is, in {self.declaration.columns_setting}"
                )
                raise DecodeError(msg) from error
            rows += 1
        return rows

    def _layout(self, table: Table, window: Window) -> Layout:
        try:
            return Layout.of(
                table.header,
                self.known,
                announced=self.effective_schema["properties"],
                # A catalog may name other keys; ours are in the rows all the same.
                keys=tuple(dict.fromkeys((*self.own_keys, *self.primary_keys))),
                constants={"_window_start": iso(window.start), "_window_end": iso(window.end)},
                keep_unknown=self._drift != "ignore",
            )
        except DriftError as error:
            msg = f"{table.name}: {error}; set the keys in {self.declaration.keys_setting}"
            raise DriftError(msg) from error

    @property
    def _drift(self) -> str:
        """Return what to do about unknown columns; the first header of all is no drift."""
        return self._settings.schema_drift if self.known else "evolve"

    def _announce(self, new: Sequence[Column], name: str) -> None:
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

    def _report(self, window: Window, rows: int, spool: Spool) -> None:
        text = "%s: %s complete, %d rows, %d bytes"
        self.logger.info(text, self.name, window, rows, spool.size)


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

"""Windows → rows → commit: a stream that is read in windows."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_cxone.clock import iso
from tap_cxone.events.webhook import Completion
from tap_cxone.output.record_lines import Lines
from tap_cxone.planning.plan import FamilyPlan, StreamPlan, Work
from tap_cxone.planning.sync_range import Span, with_coming
from tap_cxone.rows.convert import Shape
from tap_cxone.rows.reader import Invalid
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.prefetch import Facts, Fetched
from tap_cxone.streams.quarantine import Quarantined
from tap_cxone.streams.state import StreamState, merged
from tap_cxone.streams.window_loader import Intake

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Record

    from tap_cxone.events.audit_log import Trail
    from tap_cxone.jobs.job import PendingJob
    from tap_cxone.output.record_lines import Envelope
    from tap_cxone.planning.plan import Left, Unit
    from tap_cxone.streams.window_loader import Source, Taken
    from tap_cxone.windows import Window

_MOST_AUDITED = 100  # invalid records of one window that get a line of their own


class WindowedStream(CXoneStream):
    """A stream that is read in windows, each committed when all of it has left."""

    unit: ClassVar[Unit] = "calls"

    @abstractmethod
    def source(self) -> Source:
        """Return where the windows' files come from."""

    @abstractmethod
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterable[Window]:
        """Plan the windows from `start` to `horizon`; those `asked` for have a job already."""

    @override
    def fetched(self) -> Iterator[Facts | Fetched]:
        run, again = self.lanes.desk.run, partial(self.lanes.aside, self.lane)
        turns = run(lambda: with_coming(self._plan(), self.family.limits.ahead))
        source = self.source()
        while turn := run(lambda: next(turns, None)):
            with self.progress.fetching():
                fetched = Fetched.of(source, *turn, again=again, now=self.now)
            yield fetched

    @override
    def rows(self) -> Iterator[Record]:
        for piece in self.lanes.pieces(self):
            if isinstance(piece, Facts):
                self.redeclare(piece.columns)
            else:
                yield from self._read(piece)

    # Which windows

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
        pending = self.pending()
        self.memory.keep_pending(job for job in self.memory.pending() if job in pending)
        self._tell_where()
        asked = [job.window for job in pending]
        windows = list(self._windows(asked))
        self.progress.plans(windows)
        self._promise(windows, asked)
        return self.allowed(windows, asked)

    def _promise(self, windows: Sequence[Window], asked: Sequence[Window]) -> None:
        """Tell when the quota lets this stream end, no other taking of it, if not in this run."""
        if self.family.limits.quota is None:
            return

        own = StreamPlan.of(self._work(windows, asked), self.family)
        alone = FamilyPlan.of(self.family, [own])
        if alone.left is not None and alone.needed > alone.left:
            self.progress.promise(alone.finish)

    def _work(self, windows: Sequence[Window], asked: Sequence[Window]) -> Work:

        due = tuple(window for window in windows if window not in asked)
        span = self._span()
        late = span.wanted if span.start > span.wanted else None
        return Work(self.family.name, self.name, self.unit, tuple(windows), due, span.start, late)

    def pending(self) -> list[PendingJob]:
        """Return the jobs that asked for what this stream would ask for today: here none."""
        return []

    def _windows(self, asked: Sequence[Window]) -> Iterable[Window]:
        span = self._span()
        # A beginning that moves with the day must not leave behind what was asked for before.
        start = min([span.start, *(window.start for window in asked)])
        return self.windows(start, span.horizon, asked)

    @property
    def failed_before(self) -> bool:
        """Tell whether the last run of this stream failed."""
        return self.memory.failed

    def due(self) -> list[Window]:
        """Return the windows that need a job still."""
        asked = [job.window for job in self.pending()]
        return [window for window in self._windows(asked) if window not in asked]

    def plan(self) -> StreamPlan:
        """Return what a run would do; asks for no export."""
        self._recall()
        asked = [job.window for job in self.pending()]
        work = self._work(list(self._windows(asked)), asked)
        return StreamPlan.of(work, self.family, self.left())

    def left(self) -> Left | None:
        """Return what the API says of what is left, where it says so: here nothing."""
        return None

    def _recall(self) -> None:
        """Take from the state what concerns the whole family: its submits and traits."""
        for name, raw in self.tap_state.get("bookmarks", {}).items():
            state = StreamState(name, raw)
            self.family.limiter.recall(state.submits(self.family.name))
            remembered = merged(self.family.traits, state.traits(self.family.name))
            self.family.traits.update(remembered)

    def _span(self) -> Span:
        now = self.now()
        return Span.of(
            self.settings,
            now=now,
            bookmark=self.memory.bookmark() if self._incremental else None,
            settle=self.family.settle,
            earliest=self.earliest(now),
        )

    def _tell_where(self) -> None:
        span = self._span()
        if span.start > span.wanted:
            text = "%s: asked for %s, but the API gives nothing before %s; starting there"
            self.once("history", text, self.name, iso(span.wanted), iso(span.start))
        if span.start >= span.horizon:
            self.logger.info("%s: nothing to read yet, %s is not past", self.name, iso(span.start))

    def earliest(self, now: datetime) -> datetime | None:  # noqa: ARG002 (for those with one)
        """Return the oldest instant the API still gives; None if there is no such limit."""
        return None

    # From a window to rows

    def _read(self, fetched: Fetched) -> Iterator[Record]:
        """Yield the rows of one window, then commit it and tell who wants to know."""
        began, window, intake = self.now(), fetched.window, self._intake(fetched)
        shape, envelope = self._shape(window), self.envelope()
        with intake.take(window, fetched.coming, shape, envelope) as taken:
            intake.judge(taken, receiver=self.quarantine.selected)
            if layout := taken.reading.layout:
                self.announce(layout.new, taken.reading.table.name, taken.trail)
            self.sample.begin(mapped.stream_alias for mapped in self.stream_maps)
            with self.progress.watching(f"{taken.tally.rows:,} rows leave"):
                yield from self._leave(taken, envelope)
                self.hand_over()
        intake.account(taken)
        self.commit(window)
        self._tell(taken, window, (fetched.took + self.now() - began).total_seconds())

    def _intake(self, source: Source) -> Intake:

        return Intake(
            source=source,
            declaration=self.declaration,
            settings=self.settings,
            between=self.between,
            trail=self.trail,
            progress=self.progress,
            log=self.logger,
        )

    def _tell(self, taken: Taken, window: Window, seconds: float) -> None:
        trail, left = taken.trail, taken.left
        trail.write("window_committed", rows=left, quarantined=taken.tally.invalid, seconds=seconds)
        self.progress.committed(window, taken.tally.invalid)
        text = "%s: %s complete, %d rows, %d bytes; %s"
        self.logger.info(text, self.name, window, left, taken.spool.size, self.progress)
        if webhook := self.family.surroundings.webhook:
            webhook.tell(Completion(trail, left, self.now(), self.sample.records), self.logger)

    def _shape(self, window: Window) -> Shape:
        return Shape(
            known=self.known,
            announced=self.effective_schema["properties"],
            # A catalog may name other keys; ours are in the rows all the same.
            keys=tuple(dict.fromkeys((*self.own_keys, *self.primary_keys))),
            constants={"_window_start": iso(window.start), "_window_end": iso(window.end)},
            required=self.declaration.required,
            keep_unknown=self.drift != "ignore",
        )

    def _leave(self, taken: Taken, envelope: Envelope | None) -> Iterator[Record]:
        """Let the records leave, and set aside the rows that are none.

        As lines where that is possible; else they are yielded, for the SDK to look at each.
        """
        progress, aside = self.progress, 0
        for item in taken.lines(envelope) if envelope else taken.reading.items():
            if isinstance(item, Invalid):
                aside += 1
                self._set_aside(item, taken.trail, audited=aside <= _MOST_AUDITED)
            elif isinstance(item, Lines):
                self.write_lines(item)
                progress.left += item.count
            else:
                progress.left += 1
                yield item
            self.end_full_batches()
            self.between()

    def _set_aside(self, invalid: Invalid, trail: Trail, *, audited: bool) -> None:
        assert trail.window is not None  # noqa: S101 (rows come from windows)
        found = Quarantined(self.name, trail.job_id, trail.window, invalid, self.now())
        self.set_aside(found)
        if audited:
            facts = {"field": invalid.field, "reason": invalid.reason}
            trail.write("record_invalid", record_id=found.record_id, **facts)

    def commit(self, window: Window) -> None:
        """Record that every row up to the window's end has left, and write STATE.

        The bookmark never moves back: a window before it was only read again. A job that asked for
        more than the window stays: where a day is read again, it begins where the window does.
        """
        state = self.memory
        if self._incremental:
            bookmark = max(window.end, state.bookmark() or window.end)
            self.stream_state["replication_key"] = self.replication_key
            self.stream_state["replication_key_value"] = iso(bookmark)
        done = [job for job in state.pending() if job.window.end <= window.end]
        self._settle(done)
        state.keep_pending(job for job in state.pending() if job not in done)
        state.mark_failed(failed=False)
        self.write_state()

    def _settle(self, done: list[PendingJob]) -> None:
        """Tell the journal, before STATE, of the jobs whose windows are committed."""
        if self._incremental:
            self.family.entries.committed(self.name, done)
        else:  # no bookmark ever passes them, and the next run wants everything anew
            self.family.entries.forget(self.name, done)

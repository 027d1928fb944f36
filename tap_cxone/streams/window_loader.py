"""Bring in a window's file: fetched, read whole and judged before any of it leaves."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from tap_cxone.errors import DecodeError, DriftError, InvalidRecords
from tap_cxone.output.record_lines import Ready
from tap_cxone.progress.activity import doing
from tap_cxone.rows.columns import assign, snake_case
from tap_cxone.rows.convert import ROW_HASH
from tap_cxone.rows.decode import Expected, open_table
from tap_cxone.rows.reader import Invalid, Reading, Tally
from tap_cxone.streams.quarantine import NAME as QUARANTINE

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

    from tap_cxone.config import Settings
    from tap_cxone.events.audit_log import Trail
    from tap_cxone.output.record_lines import Envelope, Lines
    from tap_cxone.progress.tracker import StreamProgress
    from tap_cxone.rows.columnar import Records
    from tap_cxone.rows.convert import Shape
    from tap_cxone.spool import Spool
    from tap_cxone.streams.schema import Declaration
    from tap_cxone.windows import Window

_MOST_REASONS = 100


class Source(Protocol):
    """Where a stream's files come from."""

    def fetch(self, window: Window, coming: Sequence[Window]) -> Spool:
        """Return the complete file of a window; those `coming` may be prepared."""

    def forget(self, window: Window) -> None:
        """Do not give the file of a window a second time."""

    def job_id(self, window: Window) -> str | None:
        """Return what the API calls the work that made the file; None if it has no name."""

    def title(self, window: Window) -> str:
        """Name a window in a message."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that may leave, row by row.

    Attributes:
        spool: The file; closed at the end of a `with` block.
        reading: Its rows.
        tally: What was found in it.
        trail: Of its stream, window and job.
        ready: Its lines, where the reading of all of it has made them already.
    """

    spool: Spool = field(repr=False)
    reading: Reading
    tally: Tally
    trail: Trail
    ready: Ready | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Keep the file for the length of a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the file, which removes it."""
        self.close()

    def close(self) -> None:
        """Remove the file, and the lines made of it."""
        self.spool.file.close()
        if self.ready is not None:
            self.ready.close()

    def lines(self, envelope: Envelope) -> Iterator[Lines | Invalid]:
        """Yield every record once, as lines, and every row that is none, in the file's order."""
        if self.ready is not None:
            yield from self.ready.parts()
            return
        layout, write = None, None
        for part in self.reading.parts():
            if isinstance(part, Invalid):
                yield part
                continue
            if write is None or part.layout is not layout:
                layout, write = part.layout, envelope.writer(part.layout)
            yield write(part)

    @property
    def left(self) -> int:
        """Return how many records have left, once all have."""
        return self.tally.rows - self.tally.invalid - self.reading.repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The files of one stream on their way in.

    Attributes:
        source: Where they come from.
        declaration: What they are.
        settings: What the run is told.
        between: Does what may be done while a file is read: nothing is half written then.
        trail: Of the stream.
        progress: Of the stream.
        log: Its log.
    """

    source: Source
    declaration: Declaration
    settings: Settings
    between: Callable[[], None]
    trail: Trail
    progress: StreamProgress
    log: logging.Logger

    def take(
        self,
        window: Window,
        coming: Sequence[Window],
        shape: Shape,
        envelope: Envelope | None = None,
    ) -> Taken:
        """Fetch a window's file and read all of it; one that is damaged is fetched once more.

        Args:
            window: What to fetch.
            coming: Those that follow, which may be prepared.
            shape: What its records must look like.
            envelope: How its lines look, if its records are to leave as lines.

        Raises:
            DecodeError: The file is damaged twice.
            DriftError: It has not every column that it must have.
            CXoneError: It could not be fetched.
        """
        with self.progress.fetching():
            return self._take(window, coming, shape, envelope)

    def _take(
        self,
        window: Window,
        coming: Sequence[Window],
        shape: Shape,
        envelope: Envelope | None,
    ) -> Taken:
        try:
            taken = self._read(window, coming, shape, envelope)
            if taken.spool.size:
                return taken
            # Some tenants say 'no rows' so; a proxy that swallowed the file would say the same.
            taken.close()
            self.log.info("%s: an empty file; fetching it once more", self.source.title(window))
            return self._read(window, coming, shape, envelope)
        except InvalidRecords:
            raise
        except DecodeError as error:
            self.log.warning("%s; fetching it once more", error)
        try:
            return self._read(window, coming, shape, envelope)
        except DecodeError as error:
            self.source.forget(window)
            msg = f"{error}; it came so twice: run again, and if it stays so report it to NICE"
            raise type(error)(msg) from error

    def _read(
        self,
        window: Window,
        coming: Sequence[Window],
        shape: Shape,
        envelope: Envelope | None,
    ) -> Taken:
        spool = self.source.fetch(window, coming)
        self.progress.fetched(spool.size)
        doing(f"reading {window}")
        trail = self.trail.of(window, self.source.job_id(window))
        rows: int | None = None
        with ExitStack() as failing:
            failing.enter_context(spool)
            try:
                reading = self._opened(spool, self.source.title(window), shape)
                ready = Ready(envelope, reading.table.name) if envelope else None
                if ready is not None:
                    failing.callback(ready.close)
                tally = self._checked(reading, ready)
                rows = tally.rows
            finally:
                trail.write("download", bytes=spool.size, rows=rows, sha256=spool.sha256)
            failing.pop_all()  # all went well: it stays open
        ready = _kept(ready, reading)
        if ready is not None:
            spool.file.close()  # its lines are all that is wanted of it
        return Taken(spool, reading, tally, trail, ready)

    def _opened(self, spool: Spool, title: str, shape: Shape) -> Reading:
        declared = self.declaration
        expected = Expected(
            formats=declared.formats,
            required=shape.fields,
            lifted=declared.lifted,
            most=self.settings.max_file_bytes,
        )
        table = open_table(spool, title, expected)
        known = {column.name for column in shape.known} | set(map(snake_case, shape.fields))
        titles = {column.name for column in assign(table.header, shape.known)}
        if table.texts and len(table.header) == 1 and not known & titles:
            # A line of text that is no CSV is a header of one column.
            msg = f"{title}: one column is no table, and nobody knows it; run again"
            raise DecodeError(msg)
        return Reading(table, shape)

    def _checked(self, reading: Reading, ready: Ready | None) -> Tally:
        try:
            tally = reading.check(lambda part: self._seen(part, ready))
            if ready is not None:
                ready.flush()
        except DriftError as error:
            declared = self.declaration
            where = f"set the keys in {declared.keys_setting}"
            where += f", or correct {declared.columns_setting}" if declared.required else ""
            msg = f"{reading.table.name}: {error}; {where}"
            raise DriftError(msg) from error
        return tally

    def _seen(self, part: Records | Invalid, ready: Ready | None) -> None:
        if ready is not None:
            ready.add(part)
        self.between()

    def judge(self, taken: Taken, *, receiver: bool) -> None:
        """Refuse a file with rows that do not fit, if they may not be set aside.

        Args:
            taken: The file.
            receiver: Whether somebody receives what is set aside.

        Raises:
            InvalidRecords: The settings do not allow it, or nobody does.
        """
        tally, worst = taken.tally, taken.tally.worst
        if worst is None:
            return
        why = None
        if self.settings.invalid_records == "fail":
            why = "invalid_records is 'fail'"
        elif tally.ratio > self.settings.max_invalid_ratio:
            why = f"max_invalid_ratio is {self.settings.max_invalid_ratio:g}"
        elif not receiver:
            why = f"the stream '{QUARANTINE}' that would receive them is not selected"
        if why is not None:
            self._summarise(taken, repeated=None)
            msg = (
                f"{taken.reading.table.name}: {tally}, and {why}: nothing of it was emitted. "
                f"{worst.place} {worst.reason}; if the rows are right, correct "
                f"{self.declaration.columns_setting}"
            )
            raise InvalidRecords(msg)

    def account(self, taken: Taken) -> None:
        """Say what was left out of a window that has left, and why."""
        name, tally, repeats = taken.reading.table.name, taken.tally, taken.reading.repeats
        if tally.invalid:
            self.log.warning("%s: %s and went to '%s'", name, tally, QUARANTINE)
        if repeats and ROW_HASH not in taken.reading.shape.keys:
            text = "%s: %d rows had the key of an earlier row and were left out; if they are "
            text += "others, name more columns in %s"
            self.log.warning(text, name, repeats, self.declaration.keys_setting)
        self._summarise(taken, repeated=repeats)

    def _summarise(self, taken: Taken, *, repeated: int | None) -> None:
        tally = taken.tally
        taken.trail.write(
            "window_validated",
            rows=tally.rows,
            valid=tally.rows - tally.invalid,
            invalid=tally.invalid,
            repeated=repeated,
            reasons=dict(tally.reasons.most_common(_MOST_REASONS)),
        )


def _kept(ready: Ready | None, reading: Reading) -> Ready | None:
    """Return the lines that a reading made, unless some of them must not leave like that."""
    if ready is None or not (ready.stale or reading.comes_again):
        return ready
    ready.close()
    return None

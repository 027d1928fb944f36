"""How far a run has come: its streams' windows, rows and waits; told from any thread."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING

from tap_cxone.progress.activity import observe_activity
from tap_cxone.progress.snapshot import Activity, StreamSnapshot, format_duration

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Sequence

    from tap_cxone.clock import Clock
    from tap_cxone.progress.snapshot import Outcome
    from tap_cxone.windows import Window

HEARTBEAT_INTERVAL = timedelta(seconds=30)
_NOTHING = timedelta(0)


@dataclass(slots=True, eq=False)
class ActivityTimer:
    """An eye on one thread that works for a stream; adds up how long it waited and worked."""

    stream: StreamProgress
    activity: Activity
    counted_until: datetime

    def set_activity(
        self, description: str, *, is_waiting: bool, started_at: datetime | None
    ) -> None:
        """Take note of what is done from now on."""
        now = self.stream.clock.now()
        self._switch(Activity(description, started_at or now, is_waiting), now)

    @contextmanager
    def pause(self, reason: str, until: datetime) -> Iterator[None]:
        """Take note of a pause; after it the same is done as before."""
        previous, now = self.activity, self.stream.clock.now()
        description, started_at = (
            (reason, now) if reason else (previous.description, previous.started_at)
        )
        self._switch(Activity(description, started_at, is_waiting=True, until=until), now)
        try:
            yield
        finally:
            self._switch(previous, self.stream.clock.now())

    def count_export(self) -> None:
        """Count an export."""
        self.stream.add_counts(exports=1)

    def _switch(self, activity: Activity, now: datetime) -> None:
        self.stream.heartbeat()  # what ends now may have lasted long
        self.add_elapsed(now)
        self.activity = activity

    def add_elapsed(self, now: datetime) -> None:
        """Add up the time since it was added up last."""
        elapsed, self.counted_until = now - self.counted_until, now
        self.stream.add_duration(elapsed, is_waiting=self.activity.is_waiting)


@dataclass(slots=True, eq=False)
class StreamProgress:
    """The progress of one stream; may be told by several threads at once.

    Attributes:
        clock: The time.
        log: Where heartbeats go; None while something else shows what is done.
        left: How many records have left; counted by the one thread that lets them go.
    """

    clock: Clock
    log: logging.Logger | None
    lock: RLock
    emitted: int = 0
    _snapshot: StreamSnapshot = field(default_factory=lambda: StreamSnapshot(""))
    _timers: list[ActivityTimer] = field(default_factory=list)
    _last_logged_at: datetime | None = None

    def snapshot(self) -> StreamSnapshot:
        """Return how far it has come."""
        with self.lock:
            timers = sorted(self._timers, key=lambda timer: timer.activity.is_waiting)
            activity = timers[-1].activity if timers else None
            return replace(self._snapshot, rows=self.emitted, activity=activity)

    def __str__(self) -> str:
        """Say how many windows are done, and how long the others may take."""
        snapshot = self.snapshot()
        eta, text = snapshot.eta(self.clock.now()), f"{snapshot.windows_done} windows"
        if snapshot.quota_eta and snapshot.planned != snapshot.windows:
            return f"{text}, the quota lets it end on {snapshot.quota_eta:%Y-%m-%d %H:%M} UTC"
        return f"{text}, about {format_duration(eta)} left" if eta else text

    # From its beginning to its end

    def start(self) -> None:
        """Begin, with the first file or the first row, whichever is first."""
        with self.lock:
            if self._snapshot.outcome == "not begun":
                self._last_logged_at = self.clock.now()
                self._update(outcome="running", started_at=self._last_logged_at)

    def set_planned_windows(self, windows: Sequence[Window]) -> None:
        """Learn which windows there are still to do."""
        with self.lock:
            snapshot = self._snapshot
            remaining = sum((window.end - window.start for window in windows), _NOTHING)
            self._update(
                planned=snapshot.windows + len(windows),
                planned_span=snapshot.committed_span + remaining,
            )

    def count_download(self, size: int) -> None:
        """Count a file of `size` bytes that came whole."""
        self.add_counts(bytes=size)

    def count_window(self, window: Window | None, quarantined: int = 0) -> None:
        """Count a window whose rows have all left, whatever of them did not fit."""
        with self.lock:
            self.add_counts(windows=1, quarantined=quarantined)
            now, span = self.clock.now(), window.end - window.start if window else _NOTHING
            self._update(
                committed_span=self._snapshot.committed_span + span,
                elapsed_at_last_commit=self._snapshot.elapsed(now),
            )
            self._last_logged_at = now  # the window has a line of its own

    def finish(self, outcome: Outcome) -> None:
        """End; only the first ending counts."""
        with self.lock:
            now = self.clock.now()
            for timer in self._timers:
                timer.add_elapsed(now)
            self._timers.clear()
            if self._snapshot.outcome == "running":
                self._update(duration=now - (self._snapshot.started_at or now))
            if self._snapshot.outcome in {"running", "not begun"}:
                self._update(outcome=outcome)

    def set_quota_eta(self, quota_eta: datetime) -> None:
        """Learn when the quota lets the stream end."""
        self._update(quota_eta=quota_eta)

    # What is done

    @contextmanager
    def track_fetch(self) -> Iterator[None]:
        """Watch this thread, which brings in a file, inside the block."""
        self.start()
        with self.track_activity("asking for a file") as timer, observe_activity(timer):
            yield

    @contextmanager
    def track_activity(self, description: str) -> Iterator[ActivityTimer]:
        """Watch what is done inside the block, which may be a generator's."""
        now = self.clock.now()
        timer = ActivityTimer(self, Activity(description, now), now)
        with self.lock:
            self._timers.append(timer)
        try:
            yield timer
        finally:
            with self.lock:
                if timer in self._timers:  # it ends with its stream, if that is before
                    self._timers.remove(timer)
                    timer.add_elapsed(self.clock.now())

    def add_duration(self, duration: timedelta, *, is_waiting: bool) -> None:
        """Add to the time that was waited or worked."""
        with self.lock:
            if is_waiting:
                self._update(waiting=self._snapshot.waiting + duration)
            else:
                self._update(working=self._snapshot.working + duration)

    def heartbeat(self) -> None:
        """Say what is done, if nothing was said of this stream for half a minute."""
        with self.lock:
            now, activity = self.clock.now(), self.snapshot().activity
            if self.log is None or activity is None or self._last_logged_at is None:
                return
            if now - self._last_logged_at < HEARTBEAT_INTERVAL:
                return
            self._last_logged_at = now
        self.log.info("%s: %s", self._snapshot.stream, activity.describe(now))

    def add_counts(self, **counts: int) -> None:
        """Add to the counts of what was done."""
        with self.lock:
            self._update(**{name: getattr(self._snapshot, name) + n for name, n in counts.items()})

    def _update(self, **changes: object) -> None:
        with self.lock:
            self._snapshot = replace(self._snapshot, **changes)  # type: ignore[arg-type]


@dataclass(slots=True, eq=False)
class Progress:
    """The progress of all streams of a run."""

    clock: Clock
    log: logging.Logger
    _streams: dict[str, StreamProgress] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def stream(self, name: str) -> StreamProgress:
        """Return the progress of a stream."""
        with self._lock:
            if name not in self._streams:
                stream_progress = StreamProgress(
                    self.clock, self.log, self._lock, _snapshot=StreamSnapshot(name)
                )
                self._streams[name] = stream_progress
            return self._streams[name]

    def register(self, names: Iterable[str]) -> None:
        """Learn which streams a run is to read."""
        for name in names:
            self.stream(name)

    def disable_logging(self) -> None:
        """Say nothing more: something else shows what is done."""
        for stream in list(self._streams.values()):
            stream.log = None

    def heartbeat(self) -> None:
        """Let every stream say what is done for it, if it is time."""
        for stream in list(self._streams.values()):
            stream.heartbeat()

    def finish(self) -> None:
        """End: what still runs was interrupted."""
        for stream in list(self._streams.values()):
            if stream.snapshot().outcome == "running":
                stream.finish("interrupted")

    def snapshots(self) -> list[StreamSnapshot]:
        """Return how far each stream has come."""
        with self._lock:
            return [stream.snapshot() for stream in self._streams.values()]

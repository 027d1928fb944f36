"""Progress of a run: windows, records and waits of its streams; thread-safe."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from tap_cxone.progress.activity import observe_activity
from tap_cxone.progress.formatting import format_duration, format_minute
from tap_cxone.progress.snapshot import Activity, StreamSnapshot

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Sequence

    from tap_cxone.clock import Clock
    from tap_cxone.progress.snapshot import Outcome
    from tap_cxone.windows import Window

HEARTBEAT_INTERVAL = timedelta(seconds=30)
_ZERO = timedelta(0)


class ActivityTimer(Struct, eq=False):
    """Observer of one thread that works for a stream; sums its waiting and working times.

    Attributes:
        stream: Progress of the stream.
        activity: Current activity of the thread.
        counted_until: Instant up to which the elapsed time has been added.
    """

    stream: StreamProgress
    activity: Activity
    counted_until: datetime

    def set_activity(
        self, description: str, *, is_waiting: bool, started_at: datetime | None
    ) -> None:
        """Store the activity that the thread starts now."""
        now = self.stream.clock.now()
        self._switch(Activity(description, started_at or now, is_waiting), now)

    @contextmanager
    def pause(self, reason: str, until: datetime) -> Iterator[None]:
        """Store a pause inside the block; restore the previous activity after it."""
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
        """Count a submitted export."""
        self.stream.add_counts(exports=1)

    def _switch(self, activity: Activity, now: datetime) -> None:
        self.stream.heartbeat()  # the activity that ends may have been long
        self.add_elapsed(now)
        self.activity = activity

    def add_elapsed(self, now: datetime) -> None:
        """Add the time since the last call to the stream's waiting or working time."""
        elapsed, self.counted_until = now - self.counted_until, now
        self.stream.add_duration(elapsed, is_waiting=self.activity.is_waiting)


class StreamProgress(Struct, eq=False):
    """Progress of one stream; thread-safe.

    Attributes:
        clock: Clock of the run.
        log: Logger of the heartbeats; None while a live table shows the progress.
        lock: Lock that all streams of the run share.
        emitted: Number of emitted records; only the emitting thread changes it, without the lock.
    """

    clock: Clock
    log: logging.Logger | None
    lock: RLock
    emitted: int = 0
    _snapshot: StreamSnapshot = field(default_factory=lambda: StreamSnapshot(""))
    _timers: list[ActivityTimer] = field(default_factory=list)
    _last_logged_at: datetime | None = None

    def snapshot(self) -> StreamSnapshot:
        """Return the current progress; of several activities, one that waits is preferred."""
        with self.lock:
            timers = sorted(self._timers, key=lambda timer: timer.activity.is_waiting)
            activity = timers[-1].activity if timers else None
            return structs.replace(self._snapshot, rows=self.emitted, activity=activity)

    def __str__(self) -> str:
        """Return the number of committed windows, and the estimated end of the others."""
        snapshot = self.snapshot()
        eta, text = snapshot.eta(self.clock.now()), f"{snapshot.windows_done} windows"
        if snapshot.quota_eta and snapshot.planned != snapshot.windows:
            return f"{text}, end by quota at {format_minute(snapshot.quota_eta)}"
        return f"{text}, about {format_duration(eta)} left" if eta else text

    # Start, windows and end

    def start(self) -> None:
        """Start the stream with its first file or record; later calls have no effect."""
        with self.lock:
            if self._snapshot.outcome == "not begun":
                self._last_logged_at = self.clock.now()
                self._update(outcome="running", started_at=self._last_logged_at)

    def set_planned_windows(self, windows: Sequence[Window]) -> None:
        """Store the windows that the stream has yet to read."""
        with self.lock:
            snapshot = self._snapshot
            remaining = sum((window.end - window.start for window in windows), _ZERO)
            self._update(
                planned=snapshot.windows + len(windows),
                planned_span=snapshot.committed_span + remaining,
            )

    def count_download(self, size: int) -> None:
        """Count a complete download of `size` bytes."""
        self.add_counts(bytes=size)

    def count_window(
        self, window: Window | None, *, quarantined: int = 0, dropped: int = 0
    ) -> None:
        """Count a committed window and its rows that were not emitted.

        Args:
            window: The window; None for a full table.
            quarantined: Number of quarantined rows.
            dropped: Number of duplicates and of lines that are no rows.
        """
        with self.lock:
            self.add_counts(windows=1, quarantined=quarantined, dropped=dropped)
            now, span = self.clock.now(), window.end - window.start if window else _ZERO
            self._update(
                committed_span=self._snapshot.committed_span + span,
                elapsed_at_last_commit=self._snapshot.elapsed(now),
            )
            self._last_logged_at = now  # a committed window is logged elsewhere

    def finish(self, outcome: Outcome, *, until: datetime | None = None) -> None:
        """End the stream with an outcome; later calls have no effect.

        Args:
            outcome: How the stream ended.
            until: Instant from which a new run may read on; None if unknown.
        """
        with self.lock:
            now = self.clock.now()
            for timer in self._timers:
                timer.add_elapsed(now)
            self._timers.clear()
            if self._snapshot.outcome == "running":
                self._update(duration=now - (self._snapshot.started_at or now))
            if self._snapshot.outcome in {"running", "not begun"}:
                self._update(outcome=outcome, until=until)

    def set_quota_eta(self, quota_eta: datetime | None) -> None:
        """Store when the quota lets the stream finish; None if the quota is no limit."""
        self._update(quota_eta=quota_eta)

    # Activities and counts

    @contextmanager
    def track_file(self) -> Iterator[None]:
        """Track the activity of this thread inside the block: it fetches or validates a file."""
        self.start()
        with self.track_activity("waiting for a file") as timer, observe_activity(timer):
            yield

    @contextmanager
    def track_activity(self, description: str) -> Iterator[ActivityTimer]:
        """Track an activity inside the block, which may belong to a generator."""
        now = self.clock.now()
        timer = ActivityTimer(self, Activity(description, now), now)
        with self.lock:
            self._timers.append(timer)
        try:
            yield timer
        finally:
            with self.lock:
                if timer in self._timers:  # `finish` has removed it if the stream ended before
                    self._timers.remove(timer)
                    timer.add_elapsed(self.clock.now())

    def add_duration(self, duration: timedelta, *, is_waiting: bool) -> None:
        """Add a duration to the waiting or working time."""
        with self.lock:
            if is_waiting:
                self._update(waiting=self._snapshot.waiting + duration)
            else:
                self._update(working=self._snapshot.working + duration)

    def heartbeat(self) -> None:
        """Log the current activity if nothing was logged for `HEARTBEAT_INTERVAL`."""
        with self.lock:
            now, activity = self.clock.now(), self.snapshot().activity
            if self.log is None or activity is None or self._last_logged_at is None:
                return
            if now - self._last_logged_at < HEARTBEAT_INTERVAL:
                return
            self._last_logged_at = now
        self.log.info("%s: %s", self._snapshot.stream, activity.describe(now))

    def add_counts(self, **counts: int) -> None:
        """Add to counts of the snapshot, by their names."""
        with self.lock:
            self._update(**{name: getattr(self._snapshot, name) + n for name, n in counts.items()})

    def _update(self, **changes: object) -> None:
        with self.lock:
            self._snapshot = structs.replace(self._snapshot, **changes)


class Progress(Struct, eq=False):
    """Progress of all streams of a run; thread-safe."""

    clock: Clock
    log: logging.Logger
    _streams: dict[str, StreamProgress] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def stream(self, name: str) -> StreamProgress:
        """Return the progress of a stream; create it on the first call."""
        with self._lock:
            if name not in self._streams:
                stream_progress = StreamProgress(
                    self.clock, self.log, self._lock, _snapshot=StreamSnapshot(name)
                )
                self._streams[name] = stream_progress
            return self._streams[name]

    def register(self, names: Iterable[str]) -> None:
        """Create the progress of the streams that the run will read."""
        for name in names:
            self.stream(name)

    def disable_logging(self) -> None:
        """Disable the heartbeats in the log, because a live table shows the progress."""
        for stream in list(self._streams.values()):
            stream.log = None

    def heartbeat(self) -> None:
        """Call the heartbeat of every stream."""
        for stream in list(self._streams.values()):
            stream.heartbeat()

    def finish(self) -> None:
        """End the run: streams that still run were interrupted."""
        for stream in list(self._streams.values()):
            if stream.snapshot().outcome == "running":
                stream.finish("interrupted")

    def snapshots(self) -> list[StreamSnapshot]:
        """Return a snapshot of each stream."""
        with self._lock:
            return [stream.snapshot() for stream in self._streams.values()]

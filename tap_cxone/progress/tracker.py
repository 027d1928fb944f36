"""How far a run has come: its streams' windows, rows and waits; told from any thread."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING

from tap_cxone.progress.activity import watched
from tap_cxone.progress.snapshot import Activity, Standing, rounded

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Sequence

    from tap_cxone.clock import Clock
    from tap_cxone.progress.snapshot import Outcome
    from tap_cxone.windows import Window

HEARTBEAT = timedelta(seconds=30)
_NOTHING = timedelta(0)


@dataclass(slots=True, eq=False)
class Watch:
    """An eye on one thread that works for a stream; adds up how long it waited and worked."""

    stream: StreamProgress
    activity: Activity
    counted: datetime

    def doing(self, what: str, *, waits: bool, since: datetime | None) -> None:
        """Take note of what is done from now on."""
        now = self.stream.clock.now()
        self._turn(Activity(what, since or now, waits), now)

    @contextmanager
    def pausing(self, why: str, until: datetime) -> Iterator[None]:
        """Take note of a pause; after it the same is done as before."""
        before, now = self.activity, self.stream.clock.now()
        what, since = (why, now) if why else (before.what, before.since)
        self._turn(Activity(what, since, waits=True, until=until), now)
        try:
            yield
        finally:
            self._turn(before, self.stream.clock.now())

    def spent(self) -> None:
        """Count an export."""
        self.stream.add(exports=1)

    def _turn(self, activity: Activity, now: datetime) -> None:
        self.stream.beat()  # what ends now may have lasted long
        self.count(now)
        self.activity = activity

    def count(self, now: datetime) -> None:
        """Add up the time since it was added up last."""
        took, self.counted = now - self.counted, now
        self.stream.lasted(took, waits=self.activity.waits)


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
    left: int = 0
    _standing: Standing = field(default_factory=lambda: Standing(""))
    _watches: list[Watch] = field(default_factory=list)
    _said: datetime | None = None

    def standing(self) -> Standing:
        """Return how far it has come."""
        with self.lock:
            watches = sorted(self._watches, key=lambda watch: watch.activity.waits)
            activity = watches[-1].activity if watches else None
            return replace(self._standing, rows=self.left, activity=activity)

    def __str__(self) -> str:
        """Say how many windows are done, and how long the others may take."""
        found = self.standing()
        left, text = found.left(self.clock.now()), f"{found.done} windows"
        if found.finish and found.planned != found.windows:
            return f"{text}, the quota lets it end on {found.finish:%Y-%m-%d %H:%M} UTC"
        return f"{text}, about {rounded(left)} left" if left else text

    # From its beginning to its end

    def begin(self) -> None:
        """Begin, with the first file or the first row, whichever is first."""
        with self.lock:
            if self._standing.outcome == "not begun":
                self._said = self.clock.now()
                self._set(outcome="running", began=self._said)

    def plans(self, windows: Sequence[Window]) -> None:
        """Learn which windows there are still to do."""
        with self.lock:
            done = self._standing
            ahead = sum((window.end - window.start for window in windows), _NOTHING)
            self._set(planned=done.windows + len(windows), span=done.covered + ahead)

    def fetched(self, size: int) -> None:
        """Count a file of `size` bytes that came whole."""
        self.add(bytes=size)

    def committed(self, window: Window | None, quarantined: int = 0) -> None:
        """Count a window whose rows have all left, whatever of them did not fit."""
        with self.lock:
            self.add(windows=1, quarantined=quarantined)
            now, span = self.clock.now(), window.end - window.start if window else _NOTHING
            self._set(covered=self._standing.covered + span, paced=self._standing.elapsed(now))
            self._said = now  # the window has a line of its own

    def ends(self, outcome: Outcome) -> None:
        """End; only the first ending counts."""
        with self.lock:
            now = self.clock.now()
            for watch in self._watches:
                watch.count(now)
            self._watches.clear()
            if self._standing.outcome == "running":
                self._set(took=now - (self._standing.began or now))
            if self._standing.outcome in {"running", "not begun"}:
                self._set(outcome=outcome)

    def promise(self, finish: datetime) -> None:
        """Learn when the quota lets the stream end."""
        self._set(finish=finish)

    # What is done

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Watch this thread, which brings in a file, inside the block."""
        self.begin()
        with self.watching("asking for a file") as watch, watched(watch):
            yield

    @contextmanager
    def watching(self, what: str) -> Iterator[Watch]:
        """Watch what is done inside the block, which may be a generator's."""
        now = self.clock.now()
        watch = Watch(self, Activity(what, now), now)
        with self.lock:
            self._watches.append(watch)
        try:
            yield watch
        finally:
            with self.lock:
                if watch in self._watches:  # it ends with its stream, if that is before
                    self._watches.remove(watch)
                    watch.count(self.clock.now())

    def lasted(self, took: timedelta, *, waits: bool) -> None:
        """Add to the time that was waited or worked."""
        with self.lock:
            if waits:
                self._set(waiting=self._standing.waiting + took)
            else:
                self._set(working=self._standing.working + took)

    def beat(self) -> None:
        """Say what is done, if nothing was said of this stream for half a minute."""
        with self.lock:
            now, activity = self.clock.now(), self.standing().activity
            if self.log is None or activity is None or self._said is None:
                return
            if now - self._said < HEARTBEAT:
                return
            self._said = now
        self.log.info("%s: %s", self._standing.stream, activity.told(now))

    def add(self, **numbers: int) -> None:
        """Add to the counts of what was done."""
        with self.lock:
            self._set(**{name: getattr(self._standing, name) + n for name, n in numbers.items()})

    def _set(self, **changes: object) -> None:
        with self.lock:
            self._standing = replace(self._standing, **changes)  # type: ignore[arg-type]


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
                own = StreamProgress(self.clock, self.log, self._lock, _standing=Standing(name))
                self._streams[name] = own
            return self._streams[name]

    def expect(self, names: Iterable[str]) -> None:
        """Learn which streams a run is to read."""
        for name in names:
            self.stream(name)

    def silence(self) -> None:
        """Say nothing more: something else shows what is done."""
        for stream in list(self._streams.values()):
            stream.log = None

    def beat(self) -> None:
        """Let every stream say what is done for it, if it is time."""
        for stream in list(self._streams.values()):
            stream.beat()

    def end(self) -> None:
        """End: what still runs was interrupted."""
        for stream in list(self._streams.values()):
            if stream.standing().outcome == "running":
                stream.ends("interrupted")

    def standings(self) -> list[Standing]:
        """Return how far each stream has come."""
        with self._lock:
            return [stream.standing() for stream in self._streams.values()]

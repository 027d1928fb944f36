"""A tap that is killed again and again until it completes, and what must be true of it.

What is compared: every record of every stream, merged by its primary key, the last one wins, with
all its fields but these: `_extracted_at` (of the streams that are read whole: when that was),
`quarantined_at` (when it was set aside), `job_id` (of the quarantine: the simulator's names for
jobs are random) and `_job_id` with the times of a report's job. Schedules are merged by name, for
their `schedule_id` is random too.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from tap_cxone.planning.history import History
from tap_cxone.simulator import Simulator
from tap_cxone.simulator.jobs import RESULT_RETENTION
from tap_cxone.simulator.registry import Options
from tap_cxone.windows import Window
from tests.resilience.kills.cases import ALL
from tests.resilience.kills.killing import Kind, Life, Point, live
from tests.support.examples import report_runs
from tests.support.kill_cases import QUARANTINE, Case, Work
from tests.support.run import FakeClock, Killed, Output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_JOB = {"_job_id", "_job_start", "_job_end"}
LEFT_OUT = {"_extracted_at", "quarantined_at", "job_id", "schedule_id", *_JOB}
_RUN = timedelta(hours=1)  # longer than any run here takes
_LANES = 5  # families that may be in the middle of a submit, each in its thread

Key = tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """How much there is to read."""

    days: int
    rows: int
    large: bool = False

    def streams(self, case: Case) -> tuple[str, ...]:
        """Return what is selected."""
        return case.large if self.large else case.small


SMALL = Size(days=2, rows=2)
LARGE = Size(days=4, rows=5, large=True)


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: what it wrote and what it cost."""

    output: Output
    merged: dict[Key, dict[str, Any]]
    works: int
    pages: Counter[str]
    events: dict[Kind, int]


@functools.cache
def reference(name: str, size: Size) -> Reference:
    """Return the undisturbed run of a case."""
    case = next(case for case in ALL if case.name == name)
    trial = Trial(case, size)
    with trial:
        life = trial.live(None)
        assert life.error is None, life.error
        assert {stream for stream, *_ in trial.merged()} >= set(size.streams(case))
        return Reference(
            life.output,
            trial.merged(),
            len(case.works(trial.sim)),
            Counter(case.pages(trial.sim)),
            {"line": len(life.lines), "before": len(life.asked), "after": len(life.asked)},
        )


@dataclass
class Trial:
    """One tenant, and the lives of one tap that reads from it."""

    case: Case
    size: Size
    clock: FakeClock = field(default_factory=FakeClock)
    changes: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    lives: list[Life] = field(default_factory=list)
    orphans: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        """Begin the tenant."""
        options = {"rows_per_day": self.size.rows, "job_seconds": 12, **self.case.options}
        self.sim = Simulator(Options(**options), clock=self.clock).__enter__()
        self.config = {**self.case.settings(self.sim, self.size.days), **self.changes}
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.sim.__exit__(None, None, None)

    @property
    def side_by_side(self) -> bool:
        """Return True if families fetch in threads of their own."""
        return bool(self.changes.get("parallel_families"))

    def live(self, point: Point | None) -> Life:
        """Run once, from the last STATE that has left."""
        streams = self.size.streams(self.case)
        life = live(self.config, self.clock, streams, state=self.state, point=point, dies=self.dies)
        if states := life.output.states:
            self.state = states[-1]
        self.lives.append(life)
        return life

    def pursue(self, points: Sequence[Point]) -> Life:
        """Run and be killed at each of these points, then run to the end."""
        for point in points:
            if not isinstance((life := self.killed(point)).error, Killed):
                return life
        return self.live(None)

    def killed(self, point: Point) -> Life:
        """Run and be killed, unless the run ends before that; then let time pass."""
        life = self.live(point)
        if isinstance(life.error, Killed):
            self.clock.instant += point.pause
            self._note_lost(life)
            self._overtaken()
        return life

    # What came of it

    @property
    def kills(self) -> int:
        """Return how often it was killed."""
        return sum(isinstance(life.error, Killed) for life in self.lives)

    def deaths(self) -> Iterator[str]:
        """Yield where it was killed: the point, the last line and the last request."""
        for life in self.lives:
            if isinstance(life.error, Killed):
                yield f"{life.point} ({life.lines[-1:]}, {life.asked[-1:]})"

    def merged(self) -> dict[Key, dict[str, Any]]:
        """Return the records of all lives, the later over the earlier."""
        found: dict[Key, dict[str, Any]] = {}
        for life in self.lives:
            found |= keyed(life.output)
        return found

    def bookmark(self, stream: str) -> datetime | None:
        """Return where a stream stands in the last STATE that left."""
        value = self._remembered(stream).get("replication_key_value")
        return datetime.fromisoformat(value) if value else None

    def _remembered(self, stream: str) -> dict[str, Any]:
        found: dict[str, Any] = (self.state or {}).get("bookmarks", {}).get(stream, {})
        return found

    def pending(self) -> set[str]:
        """Return the names of the jobs in the last STATE that left."""
        streams = (self.state or {}).get("bookmarks", {})
        return {
            job["id"]
            for stream in streams
            for job in self._remembered(stream).get("pending_jobs", ())
        }

    def dies(self) -> None:
        """Do nothing more: a process that is killed leaves what it wrote."""

    # What was spent for nothing

    def known(self) -> set[str]:
        """Return the names of the jobs that the next run can know of."""
        return self.pending()

    def _note_lost(self, life: Life) -> None:
        """Note whose result the next run cannot reach, and judge whether that may be."""
        now, known = self.clock.now(), self.known()
        works = {work.id: work for work in self.case.works(self.sim)}
        assert known <= works.keys(), "STATE holds a job that nobody made"
        unknown = {name for name, work in works.items() if self._unknown(work, known)}
        new = unknown - self.orphans
        # A synchronous extraction is known by its answer only. Any other work is in a STATE before
        # anything else happens.
        last = life.asked[-1] if life.asked else ""
        submitting = life.point is not None and life.point.kind == "after" and "POST" in last
        may = int(submitting or self.case.nameless)
        if self.side_by_side:  # a synchronous one waits for a slot, and ends with the process
            may = len(new) if self.case.nameless else _LANES
        assert len(new) <= may, f"{life.point} after {last} lost {len(new)} results"
        self.orphans |= unknown
        gone = {name for name in known if works[name].done + RESULT_RETENTION <= now + _RUN}
        listed = {name for name in unknown if works[name].listed and now < works[name].done}
        if self.side_by_side:  # others take their time until it is looked for
            listed = set()
        self.lost |= (unknown - listed) | gone

    def _unknown(self, work: Work, known: set[str]) -> bool:
        first_second = Window(work.start, work.start + timedelta(seconds=1))
        return work.id not in known and not self.has_read(work.stream, first_second)

    def has_read(self, stream: str, window: Window) -> bool:
        """Return True if no later run needs to read a window, by the last STATE that left."""
        raw, bookmark = self._remembered(stream).get("history"), self.bookmark(stream)
        if raw is not None:
            return History.from_json(raw).is_done(window)
        return bookmark is not None and window.end <= bookmark

    def _overtaken(self) -> None:
        """Check that all rows up to the bookmarks of the last STATE that left have left too."""
        left = self.merged()
        for key, record in reference(self.case.name, self.size).merged.items():
            if key[0] not in self.case.whole:
                stream, *ends = _window_of(key, record)
                window = Window(*map(datetime.fromisoformat, ends))
                assert key in left or not self.has_read(stream, window), f"STATE overtook {key}"


# What must be true


def check(trial: Trial) -> None:
    """Check all of it, against an undisturbed run; say where it was killed if it is not true."""
    try:
        _check(trial)
    except AssertionError as error:
        msg = f"killed {', '.join(map(str, trial.deaths()))}: {error}"
        raise AssertionError(msg) from error


def _check(trial: Trial) -> None:
    known = reference(trial.case.name, trial.size)
    for number, life in enumerate(trial.lives):
        check_schemas(life.output)
        check_repeats(trial, number)
    check_end(trial)
    differences = different(trial.merged(), known.merged)
    assert not differences, differences
    for stream in trial.size.streams(trial.case):
        assert trial.bookmark(stream) == _bookmark_of(known.output, stream), stream
    check_spent(trial, known)


def check_end(trial: Trial) -> None:
    """Check that the last run was complete and left nothing behind."""
    assert trial.lives[-1].error is None, repr(trial.lives[-1].error)
    assert not trial.pending(), "a pending job is left"
    assert trial.state is not None
    assert not any(stream.get("failed") for stream in trial.state["bookmarks"].values())
    names = Counter(schedule.body["name"] for schedule in trial.sim.schedules)
    assert set(names.values()) <= {1}, "a schedule was registered twice"
    check_overlaps([work for work in trial.case.works(trial.sim) if work.once])


def check_overlaps(works: Sequence[Work]) -> None:
    """Check that nothing was in the works twice at a time."""
    by_order: dict[str, list[Work]] = defaultdict(list)
    for work in works:
        by_order[str(work.about)].append(work)
    for same in by_order.values():
        in_order = sorted(same, key=lambda work: work.begun)
        for one, other in pairwise(in_order):
            assert one.done <= other.begun, f"two jobs at a time for {one.about}"


def check_spent(trial: Trial, known: Reference) -> None:
    """Check that nothing was spent but for what was undisturbed and what could not be reached.

    A job, export or run can be reached if its name is in the last STATE that left, and its file is
    kept; or, of analytics exports, if it runs still when the next run begins. So a kill between
    the server's taking a submit and the STATE after its answer costs one, wherever else it comes
    costs none. A synchronous extraction has no job to remember: until its window is committed it
    costs one. A data download has no jobs: a kill costs at most the pages of one window; and side
    by side those of all windows that waited for a slot.
    """
    works = len(trial.case.works(trial.sim))
    assert works <= known.works + len(trial.lost), f"{works} spent, {known.works} undisturbed"
    pages = len(trial.case.pages(trial.sim))
    again = trial.kills * max(known.pages.values(), default=0)
    assert trial.side_by_side or pages <= known.pages.total() + again, f"{pages} pages"
    assert trial.sim.limit_violations == 0 or trial.lost, "a limit was broken that STATE knew of"


def check_schemas(output: Output) -> None:
    """Check that each record was announced, with all its columns, before it left."""
    announced: dict[str, set[str]] = {}
    for message in output.messages:
        if message["type"] == "SCHEMA":
            announced[message["stream"]] = set(message["schema"]["properties"])
        if message["type"] == "RECORD":
            assert message["record"].keys() <= announced[message["stream"]]


def check_repeats(trial: Trial, number: int) -> None:
    """Check that of what left before a run, at most one window of each stream comes again."""
    before: set[Key] = set()
    for life in trial.lives[:number]:
        before |= _placed(life.output, trial.case)
    again: dict[str, set[str]] = defaultdict(set)
    for *_, stream, start in _placed(trial.lives[number].output, trial.case) & before:
        again[stream].add(start)
    for stream, windows in again.items():
        assert len(windows) <= 1, f"{stream}: {windows} came again"


def _placed(output: Output, case: Case) -> set[Key]:
    """Return the keys of records in windows, each with its stream and the window's beginning.

    A row that fits nowhere has the same key in the quarantine whatever window it came in.
    """
    found = ((key, record) for key, record in each(output) if key[0] not in case.whole)
    return {(*key, *_window_of(key, record)[:2]) for key, record in found}


def _window_of(key: Key, record: dict[str, Any]) -> Key:
    """Return the stream and window that a record came in."""
    if key[0] == QUARANTINE:
        return record["stream"], record["window_start"], record["window_end"]
    return key[0], record["_window_start"], record["_window_end"]


def _bookmark_of(output: Output, stream: str) -> datetime | None:
    value = output.bookmark(stream)
    return datetime.fromisoformat(value) if value else None


def keyed(output: Output) -> dict[Key, dict[str, Any]]:
    """Return records by stream and primary key, the later over the earlier."""
    return dict(each(output))


def each(output: Output) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Yield records with their stream and primary key."""
    keys: dict[str, list[str]] = {}
    for message in output.messages:
        if message["type"] == "SCHEMA":
            keys[message["stream"]] = message["key_properties"]
        if message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            names = ["name"] if stream == report_runs.LISTED else keys[stream]
            yield (stream, *(str(record[name]) for name in names)), record


def different(
    found: dict[Key, dict[str, Any]],
    wanted: dict[Key, dict[str, Any]],
    left_out: set[str] = LEFT_OUT,
) -> list[str]:
    """Say what is missing, what is there beside it, and what is not the same."""
    missing = [f"missing: {key}" for key in wanted.keys() - found.keys()]
    extra = [f"extra: {key}" for key in found.keys() - wanted.keys()]
    other = [
        f"other: {key}: {found[key]}, not {wanted[key]}"
        for key in found.keys() & wanted.keys()
        if _compared(found[key], left_out) != _compared(wanted[key], left_out)
    ]
    return [*missing, *extra, *other]


def _compared(record: dict[str, Any], left_out: set[str]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in left_out}

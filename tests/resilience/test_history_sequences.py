"""Any sequence of settings, failures and kills leaves each row once, and the true intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_cxone.planning.time_ranges import TimeRanges
from tap_cxone.simulator import Fault
from tests.support.examples import csv_jobs
from tests.support.history import STREAM, Reader, day_of_march
from tests.support.requests import submits

if TYPE_CHECKING:
    from tests.support.run import Output

FIRST, LAST = 3, 12
DAYS = st.integers(FIRST, LAST - 1)
STEPS = st.one_of(
    st.tuples(st.just("start"), DAYS),
    st.tuples(st.just("order"), st.sampled_from(["oldest_first", "newest_first"])),
    st.tuples(st.just("reload"), DAYS),
    st.tuples(st.just("end"), st.integers(1, 3)),
    st.tuples(st.just("fail"), st.integers(0, 3)),
    st.tuples(st.just("kill"), st.integers(3, 60)),
    st.tuples(st.just("two"), st.none() | st.integers(3, 60)),
)


def day_of(record: dict[str, Any]) -> int:
    return int(record["_window_start"][8:10])


@dataclass
class Story:
    """Settings and state of the runs so far, and what they emitted.

    Attributes:
        reader: Runs the stream.
        start: Day of `start_date`.
        end: Last day.
        changes: Further settings.
        state: State of the last run.
        reloaded: Days that were to be read again.
        days: Days whose records were emitted with the commit of their window.
        rows: Records by key.
        allowed: Exports that the steps may cost.
    """

    reader: Reader
    start: int = 8
    end: int = 9
    changes: dict[str, Any] = field(default_factory=dict)
    state: Any = None
    reloaded: set[int] = field(default_factory=set)
    days: set[int] = field(default_factory=set)
    rows: dict[str, Any] = field(default_factory=dict)
    allowed: int = 0

    def play(self, step: str, value: Any) -> None:
        """Change a setting or the outcome, and run once."""
        cut_after = None
        if step == "start":
            self.start = min(self.start, value)
        elif step == "order":
            self.changes["backfill_order"] = value
        elif step == "reload":
            self._reload(value)
        elif step == "end":
            self.end = min(LAST, self.end + value)
        elif step == "fail":
            self.reader.sim.faults.add(Fault("submit", "status", status=400, after=value))
            self.allowed += 1
        elif step == "kill" or value is not None:
            cut_after, self.allowed = value, self.allowed + 1
        if step == "two":
            self._run_beside(cut_after)
        else:
            self.run(cut_after)

    def _run_beside(self, cut_after: int | None) -> None:
        """Run a process that may be killed, and another one that began with the same state.

        Without a journal the second one knows nothing of the first, nor of the interval since its
        last submit, for which it is refused once. With one it shares all jobs.
        """
        initial, before = self.state, len(submits(self.reader.sim))
        self.run(cut_after)
        spent = len(submits(self.reader.sim)) - before
        self.allowed += 0 if "journal" in self.changes else spent + 1
        self.state = initial
        self.run()

    def _reload(self, day: int) -> None:
        entries = self.changes.get("reload", [])
        period = {"from": day_of_march(day), "to": day_of_march(day + 1)}
        entry = {"id": f"reload {len(entries)}", "streams": [STREAM], **period}
        self.changes["reload"] = [*entries, entry]
        self.reloaded.add(day)
        self.allowed += 1

    def run(self, cut_after: int | None = None) -> Output:
        """Run once, and compare the intervals of the state with the records."""
        out = self.reader.run(self.start, self.end, self.state, cut_after=cut_after, **self.changes)
        self.reader.sim.faults.clear()
        self.rows |= {record["workflow_id"]: record for record in out.records(STREAM)}
        self.days |= set(map(day_of, out.records(STREAM)))
        self.state = out.state or self.state
        assert self.committed <= self.days
        return out

    @property
    def committed(self) -> set[int]:
        """Return the days of March that the state has as committed."""
        stream = (self.state or {}).get("bookmarks", {}).get(STREAM, {})
        intervals = TimeRanges.parse(stream.get("history", {}).get("committed", [])).intervals
        return {day for i in intervals for day in range(i.start.day, i.end.day)}


@pytest.mark.ci
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=2, max_size=7), with_journal=st.booleans())
def test_history_after_any_steps_is_complete_and_read_once(
    simulate, clock, tmp_path, steps, with_journal
):
    """The union of all records is the truth, and no export was spent without need."""
    sim = simulate(rows_per_day=3)
    name = sim.url[-5:]
    story = Story(Reader(sim, clock, tmp_path / f"{name}.jsonl"))
    if with_journal:
        family = {"window_days": 1, "overlap_days": 0, "mode": "async"}
        journal = str(tmp_path / f"{name}.db")
        story.changes |= {"journal": journal, csv_jobs.FAMILY: family}
    for step, value in steps:
        story.play(step, value)

    final = story.run()
    before = len(submits(sim))
    idle = story.run()
    reloaded = {day for day in story.reloaded if day <= story.end}
    wanted = {*range(story.start, story.end + 1), *reloaded}
    truth = Reader(sim, clock, tmp_path / "truth.jsonl").run(FIRST, LAST)
    true_rows = {r["workflow_id"]: r for r in truth.records(STREAM) if day_of(r) in wanted}
    assert final.error is idle.error is None
    assert idle.records(STREAM) == []
    assert story.committed == wanted
    assert true_rows == story.rows
    assert before <= len(wanted) + story.allowed

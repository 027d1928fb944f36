"""Killed while every family fetches in a thread of its own and rows of one leave."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.resilience.kills.cases import ALL, EVERYTHING
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.trial import LARGE, SMALL, Size, Trial, check, reference

if TYPE_CHECKING:
    from tests.support.kill_cases import Case

# A process that is gone closes none of its sockets; here it is a thread that is gone.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _jumps(monkeypatch):
    """Let a request be on its way for as long as others sleep: their sleep turns this clock."""
    for name in ("_MAX_TRANSIT_TIME", "_RETRANSMISSION_TIME"):
        monkeypatch.setattr(f"tap_cxone.http.send_timing.{name}", timedelta(days=1))


def killed_at(case: Case, size: Size, kind: Kind, places: range) -> None:
    """Kill a run at each of these places, run again, and judge."""
    for place in places:
        with Trial(case, size, changes={"parallel_families": True}) as trial:
            trial.pursue([Point(kind, place, timedelta(seconds=20))])
            check(trial)


@pytest.mark.ci
@pytest.mark.promise("state-follows-records")
@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ["line", "after"])
@pytest.mark.parametrize("case", ALL, ids=str)
def test_killed_side_by_side(case, kind):
    """The next run, with the last STATE that left, completes: no row and no job is lost."""
    number = reference(case.name, SMALL).events[kind]
    killed_at(case, SMALL, kind, range(2, number, max(1, number // 2)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", ALL, ids=str)
def test_killed_side_by_side_anywhere(case, kind):
    """The same at every place, with more streams, windows and rows."""
    killed_at(case, LARGE, kind, range(1, reference(case.name, LARGE).events[kind] + 1))


@pytest.mark.ci
@pytest.mark.promise("no-double-submit")
def test_undisturbed_side_by_side():
    """Without an interruption every row is emitted once, and nothing is requested twice."""
    with Trial(EVERYTHING, SMALL, changes={"parallel_families": True}) as trial:
        trial.pursue([])
        check(trial)
        records = [m for life in trial.lives for m in life.output.of("RECORD")]
        undisturbed = reference(EVERYTHING.name, SMALL).output.of("RECORD")
        assert [m["stream"] for m in records] == [m["stream"] for m in undisturbed]

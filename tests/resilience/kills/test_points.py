"""Killed once, at every point there is: after each line, before and after each request."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.resilience.kills.cases import CASES, EVERYTHING
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.trial import LARGE, SMALL, Size, Trial, check, reference
from tests.support.ids import readable

if TYPE_CHECKING:
    from tests.support.kill_cases import Case

everywhere = pytest.mark.parametrize("kind", KINDS)
everybody = pytest.mark.parametrize("case", CASES, ids=str)


def killed_everywhere(
    case: Case, size: Size, kind: Kind, pause: timedelta, *, step: int = 1
) -> None:
    """Kill a run at each (`step`-th) point of a kind, run again, and judge."""
    number = reference(case.name, size).events[kind]
    assert number
    for place in range(1, number + 1, step):
        with Trial(case, size) as trial:
            trial.pursue([Point(kind, place, pause)])
            assert trial.kills == 1
            check(trial)


@pytest.mark.promise("state-follows-records")
@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
@everywhere
@everybody
def test_killed_anywhere(case, kind, step):
    """The next run, with the last STATE that left, completes: no row and no job is lost."""
    killed_everywhere(case, SMALL, kind, timedelta(0), step=step)


@pytest.mark.promise("state-follows-records")
@pytest.mark.slow
@pytest.mark.parametrize("pause", [timedelta(seconds=7), timedelta(hours=20)], ids=readable)
@everywhere
@everybody
def test_killed_anywhere_among_many(case, kind, pause):
    """The same with more streams, windows and rows, and some time until the next run."""
    killed_everywhere(case, LARGE, kind, pause)


@pytest.mark.slow
@everywhere
def test_killed_anywhere_among_all_families(kind):
    """The same with all families in one run."""
    killed_everywhere(EVERYTHING, SMALL, kind, timedelta(0))

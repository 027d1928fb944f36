"""Killed again and again, anywhere, with some time in between, until a run completes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.resilience.kills.cases import ALL, CASES
from tests.resilience.kills.killing import KINDS, Point
from tests.resilience.kills.trial import LARGE, SMALL, Size, Trial, check, reference
from tests.support.run import Killed

if TYPE_CHECKING:
    from tests.support.kill_cases import Case

PAUSES = st.sampled_from([0, 1, 11, 13, 60, 3600, 5 * 3600]).map(lambda s: timedelta(seconds=s))

everybody = pytest.mark.parametrize("case", ALL, ids=str)
patient = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


def points(most: int) -> st.SearchStrategy[list[Point]]:
    """Return lists of places to be killed at, early ones more often than late ones."""
    number = st.integers(1, 8) | st.integers(1, most)
    return st.lists(
        st.builds(Point, st.sampled_from(KINDS), number, PAUSES), min_size=1, max_size=7
    )


def killed(case: Case, size: Size, data: st.DataObject) -> None:
    """Kill a tap at points that are drawn, until it completes."""
    most = max(reference(case.name, size).events.values())
    with Trial(case, size) as trial:
        trial.pursue(data.draw(points(most)))
        check(trial)


@pytest.mark.ci
@everybody
@settings(patient, max_examples=4)
@given(data=st.data())
def test_run_killed_repeatedly_gives_the_same_rows(case, data):
    """However often, wherever and whenever it is killed, nothing is lost."""
    killed(case, SMALL, data)


@pytest.mark.slow
@everybody
@settings(patient, max_examples=60)
@given(data=st.data())
def test_killed_again_and_again_among_many(case, data):
    """The same with more streams, windows and rows."""
    killed(case, LARGE, data)


@pytest.mark.ci
@pytest.mark.some(5)
@pytest.mark.parametrize("lines", [5, 9])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_killed_after_a_few_lines_each_time(case, lines):
    """Killed after so few lines each time, it comes to its end all the same, if it can."""
    with Trial(case, SMALL) as trial:
        for _ in range(8):
            life = trial.killed(Point("line", lines, timedelta(seconds=20)))
            if not isinstance(life.error, Killed):
                break
        else:
            trial.pursue([])
        check(trial)

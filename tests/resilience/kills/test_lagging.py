"""A target that keeps an older STATE than its rows: what comes again merges with what is there.

Some targets write down the STATE of the last batch that is safe, though later rows have arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from tests.resilience.kills.cases import CASES, EVERYTHING
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.test_pods import Journalled
from tests.resilience.kills.trial import (
    LARGE,
    SMALL,
    Size,
    Trial,
    check_end,
    check_schemas,
    different,
    reference,
)

if TYPE_CHECKING:
    from tests.resilience.kills.killing import Life
    from tests.support.kill_cases import Case

everybody = pytest.mark.parametrize("case", CASES, ids=str)


class Lagging(Trial):
    """A trial whose target keeps, of a run that was killed, a STATE of some lines earlier."""

    lag = 3

    @override
    def live(self, point: Point | None) -> Life:
        before = self.state
        life = super().live(point)
        if life.dead:
            kept = life.output.states[: -self.lag]
            self.state = kept[-1] if kept else before
        return life

    @override
    def _note_lost(self, life: Life) -> None:
        """Any job may be in a STATE that the target did not keep."""


class LaggingWithJournal(Lagging, Journalled):
    """The same with a journal."""


def lagging(kind: type[Lagging], case: Case, size: Size, where: Kind, step: int) -> None:
    """Kill a run, continue from an older STATE, and compare what has arrived in all."""
    known = reference(case.name, size)
    for number in range(1, known.events[where] + 1, step):
        with kind(case, size) as trial:
            trial.pursue([Point(where, number), Point("line", number)])
            for life in trial.lives:
                check_schemas(life.output)
            check_end(trial)
            assert not different(trial.merged(), known.merged), trial.deaths()
            if isinstance(trial, Journalled) and not case.nameless and where == "line":
                assert len(case.works(trial.sim)) <= known.works, list(trial.deaths())


@pytest.mark.ci
@pytest.mark.promise("state-follows-records")
@pytest.mark.some(4)
@everybody
def test_lagging_target_gets_the_same_result(case):
    """Merged by key, the result equals an undisturbed run."""
    lagging(Lagging, case, SMALL, "line", 4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", [*CASES, EVERYTHING], ids=str)
def test_lagging_target_of_many_streams_gets_the_same_result(case, kind):
    """The same with more streams, windows and rows."""
    lagging(Lagging, case, SMALL if case is EVERYTHING else LARGE, kind, 5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@everybody
def test_lagging_target_beside_a_journal_gets_the_same_result(case, kind):
    """The same with a journal, which finds every job that a later STATE knew."""
    lagging(LaggingWithJournal, case, SMALL, kind, 1)

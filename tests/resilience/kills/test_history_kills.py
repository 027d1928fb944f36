"""Killed while history is read: a gap before the bookmark, a reload, and the newest days first."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest
from typing_extensions import override

from tests.resilience.kills.cases import CASES
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.trial import (
    LEFT_OUT,
    SMALL,
    Trial,
    check_end,
    check_repeats,
    check_schemas,
    different,
    reference,
)
from tests.support.kill_cases import DAY, START, Case, Work

if TYPE_CHECKING:
    from tap_cxone.windows import Window
    from tests.resilience.kills.killing import Life


OF_THE_LAST_WINDOW = {"window_start", "window_end", "location"}
"""Columns of an invalid row that occurs in two windows: here another one is the last."""


@dataclass(frozen=True)
class Plan:
    """What a trial reads before, and what its settings request then.

    Attributes:
        before: Changes of the settings of the first run; None if there is none.
        after: Changes of the settings of all later runs.
    """

    before: dict[str, Any] | None
    after: dict[str, Any] = field(default_factory=dict)


def plan_of(name: str, case: Case) -> Plan:
    """Return a plan for a case."""
    streams = [stream for stream in case.small if stream not in case.whole]
    entry = {"id": "again", "streams": streams, "from": "2026-03-15", "to": "2026-03-16"}
    return {
        "gap": Plan(before={"start_date": (START + DAY).isoformat()}),
        "reload": Plan(before={}, after={"reload": [entry]}),
        "newest first": Plan(before=None, after={"backfill_order": "newest_first"}),
    }[name]


@dataclass
class Historic(Trial):
    """A trial of which a plan says what was read before."""

    plan: Plan = field(default_factory=lambda: Plan(None))
    works_before: set[str] = field(default_factory=set)

    @override
    def __enter__(self) -> Self:
        super().__enter__()
        settings = self.config
        if self.plan.before is not None:
            self.config = {**settings, **self.plan.before}
            assert self.live(None).error is None
        self.works_before = {work.id for work in self.case.works(self.sim)}
        self.config = {**settings, **self.plan.after}
        return self

    @override
    def _unknown(self, work: Work, known: set[str]) -> bool:
        return work.id not in self.works_before and super()._unknown(work, known)

    @override
    def has_read(self, stream: str, window: Window) -> bool:
        """Return False also for a reload that no STATE has."""
        requested = {entry["id"] for entry in self.plan.after.get("reload", ())}
        history = (self.state or {}).get("bookmarks", {}).get(stream, {}).get("history", {})
        is_requested = not requested <= history.get("reload", {}).keys()
        return not is_requested and super().has_read(stream, window)


@functools.cache
def undisturbed_life(case: Case, name: str) -> tuple[Life, int]:
    """Return the last run of a plan without kills, and what all of it spent."""
    with Historic(case, SMALL, plan=plan_of(name, case)) as trial:
        life = trial.live(None)
        assert life.error is None
        return life, len(case.works(trial.sim))


def killed_in_history(case: Case, name: str, kind: Kind, *, step: int) -> None:
    """Kill the run that reads history at each so-manieth point, run again, and judge."""
    known, (life, spent) = reference(case.name, SMALL), undisturbed_life(case, name)
    number = len(life.lines) if kind == "line" else len(life.asked)
    assert number
    for place in range(1 + step // 2, number + 1, step):
        with Historic(case, SMALL, plan=plan_of(name, case)) as trial:
            trial.pursue([Point(kind, place, timedelta(seconds=7))])
            where = f"{name}, {', '.join(trial.deaths())}"
            assert trial.kills == 1, where
            for index, each_life in enumerate(trial.lives):
                check_schemas(each_life.output)
                check_repeats(trial, index)
            check_end(trial)
            found = different(trial.merged(), known.merged, LEFT_OUT | OF_THE_LAST_WINDOW)
            assert not found, where
            assert len(case.works(trial.sim)) <= spent + len(trial.lost), where
            for stream in set(trial.size.streams(case)) - set(case.whole):
                state, wanted = trial.state, life.output.state
                assert state is not None
                history = state["bookmarks"][stream].get("history")
                assert history == wanted["bookmarks"][stream].get("history"), where


@pytest.mark.ci
@pytest.mark.promise("state-follows-records")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["gap", "reload", "newest first"])
def test_killed_in_history_loses_nothing(name, kind):
    """The next run goes on, and the intervals of the state say what was committed."""
    case = next(case for case in CASES if case.name == "extraction-async")
    killed_in_history(case, name, kind, step=4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["gap", "reload", "newest first"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_killed_in_history_of_any_family_loses_nothing(case, name, kind):
    """The same for each family at each point."""
    killed_in_history(case, name, kind, step=1)

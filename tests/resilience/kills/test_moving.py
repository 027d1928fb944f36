"""Killed while time continues: the present moves from run to run, and a quota counts the days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.resilience.kills.cases import CASES
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.test_again_and_again import patient
from tests.resilience.kills.trial import (
    LEFT_OUT,
    Size,
    Trial,
    check_end,
    check_repeats,
    check_schemas,
    different,
    reference,
)
from tests.support.examples import quota_jobs
from tests.support.kill_cases import Case
from tests.support.run import Killed

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

CONSTANTS = {"_window_start", "_window_end", "window_start", "window_end"}
"""A day that is read again is read up to another end."""
JOBS = [case for case in CASES if not case.whole_days]
"""The families that read a day before it is over."""
MOVING = Size(days=0, rows=6)
START = datetime(2026, 3, 19, tzinfo=UTC)
DAY = timedelta(days=1)
SETTLE = timedelta(minutes=30)

everybody = pytest.mark.parametrize("case", JOBS, ids=str)


class Moving(Trial):
    """A trial whose windows end in the present."""

    def __enter__(self) -> Self:
        """Begin with the day before the present one."""
        super().__enter__()
        self.config["start_date"] = START.isoformat()
        del self.config["end_date"]
        return self

    def _overtaken(self) -> None:
        """There is no undisturbed run with the same windows to compare with."""


def undisturbed_run(trial: Trial) -> Trial:
    """Return a run of another tap, now, up to where the trial has come."""
    stream = trial.size.streams(trial.case)[0]
    bookmark = trial.bookmark(stream)
    assert bookmark is not None
    with Moving(trial.case, trial.size, clock=trial.clock) as other:
        other.config["end_date"] = bookmark.isoformat()
        assert other.live(None).error is None
    return other


def keys_of_later_run(trial: Trial) -> AbstractSet[tuple[str, ...]]:
    """Return the keys of another run an hour later: a list of changes also has newer rows."""
    trial.clock.sleep(timedelta(hours=1))
    with Moving(trial.case, trial.size, clock=trial.clock) as later:
        assert later.live(None).error is None
        return later.merged().keys()


@pytest.mark.ci
@pytest.mark.some(7)
@pytest.mark.parametrize("number", [3, 14])
@pytest.mark.parametrize("kind", KINDS)
@everybody
def test_killed_while_the_day_continues(case, kind, number):
    """The newest day is read again up to the new present; what was requested is not lost."""
    moving(case, [Point(kind, number, timedelta(hours=5))])


@pytest.mark.slow
@everybody
@settings(patient, max_examples=60)
@given(data=st.data())
def test_killed_again_and_again_while_days_go_by(case, data):
    """The same again and again."""
    pause = st.sampled_from([0, 1, 60, 90, 5 * 60, 13 * 60]).map(lambda m: timedelta(minutes=m))
    point = st.builds(Point, st.sampled_from(KINDS), st.integers(1, 25), pause)
    moving(case, data.draw(st.lists(point, min_size=1, max_size=5)))


def moving(case: Case, points: list[Point]) -> None:
    """Kill a tap whose windows end in the present, and judge what comes of it."""
    with Moving(case, MOVING) as trial:
        begun = trial.clock.now()
        for point in points:
            begun = trial.clock.now()
            if not isinstance(trial.killed(point).error, Killed):
                break
        else:
            begun = trial.clock.now()
            trial.live(None)
        where = ", ".join(trial.deaths())
        check_end(trial)
        for number, life in enumerate(trial.lives):
            check_schemas(life.output)
            check_repeats(trial, number)
        other = undisturbed_run(trial)
        merged = trial.merged()
        newer = merged.keys() - other.merged().keys()
        found = different(
            {key: row for key, row in merged.items() if key not in newer},
            other.merged(),
            LEFT_OUT | CONSTANTS,
        )
        assert not found, (where, found)
        assert newer <= keys_of_later_run(trial), where
        bookmark = trial.bookmark(trial.size.streams(case)[0])
        assert bookmark is not None
        present = begun.replace(microsecond=0) - SETTLE  # a window ends with a whole second
        assert bookmark >= present, "the last run did not read up to the present"
        # A kill may lose one result, and the newest day is requested again later.
        works, days = len(case.works(trial.sim)), (begun - START).days + 1
        assert works <= days + trial.kills + len(trial.lost), where


# A quota

QUOTA = Size(days=5, rows=2)


class Rationed(Trial):
    """A trial under the dashboard's quota."""

    def __enter__(self) -> Self:
        """Begin with three exports left."""
        super().__enter__()
        own: dict[str, Any] = self.config[quota_jobs.FAMILY]
        self.config[quota_jobs.FAMILY] = {**own, "exports_per_day": 3}
        return self


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_under_a_quota(kind: Kind, step):
    """Each export is spent once, but for the one whose name no STATE had."""
    case = next(case for case in CASES if case.family == quota_jobs.FAMILY)
    known = reference(case.name, QUOTA)
    case = Case(**{**vars(case), "options": {"exports_per_day": 3}})
    for number in range(2, 18, step):
        with Rationed(case, QUOTA) as trial:
            trial.killed(Point(kind, number))
            nights = 0
            while trial.bookmark(quota_jobs.KB) != START + DAY:
                assert trial.live(None).error is None
                trial.clock.instant += timedelta(hours=24, minutes=1)
                nights += 1
                assert nights <= 3, f"{kind} {number}"
            assert not different(trial.merged(), known.merged), f"{kind} {number}"
            assert len(case.works(trial.sim)) <= 5 + len(trial.lost)
            assert trial.sim.quota_violations <= len(trial.lost)
            assert not trial.pending()

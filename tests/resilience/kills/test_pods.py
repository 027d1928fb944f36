"""A whole pod is killed, target and all: its STATE is lost, the journal is all that is left.

The next run begins with the state that the first one began with. The result is that of an
undisturbed run, and no job that the journal knows is spent again. It does not
know the one whose submit was under way, and no synchronous extraction, which has no name.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tests.resilience.kills.cases import ALL, CASES
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.test_again_and_again import patient, points
from tests.resilience.kills.trial import (
    LARGE,
    SMALL,
    Size,
    Trial,
    check,
    check_end,
    check_schemas,
    different,
    reference,
)
from tests.support.ids import readable

if TYPE_CHECKING:
    from tests.resilience.kills.killing import Life
    from tests.support.kill_cases import Case

NOTHING = timedelta(0)
NAMELESS = {case.name for case in ALL if case.nameless}

everywhere = pytest.mark.parametrize("kind", KINDS)
everybody = pytest.mark.parametrize("case", CASES, ids=str)


class Journalled(Trial):
    """A trial with a journal beside the state."""

    @override
    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp())
        self.file = self.folder / "journal.db"
        self.changes["journal_path"] = str(self.file)
        return super().__enter__()

    @override
    def __exit__(self, *_: object) -> None:
        super().__exit__()
        shutil.rmtree(self.folder)

    @override
    def dies(self) -> None:
        """Keep the file as it is now: what is written to it after this moment does not count."""
        shutil.copy(self.file, self._copy)

    @override
    def live(self, point: Point | None) -> Life:
        life = super().live(point)
        if life.dead:
            self._copy.replace(self.file)
        return life

    @property
    def _copy(self) -> Path:
        return self.file.with_suffix(".dead")


class Pod(Journalled):
    """A trial whose state is lost whenever it is killed."""

    @override
    def live(self, point: Point | None) -> Life:
        self.state = None
        life = super().live(point)
        if life.dead:
            self.state = None
        return life

    @override
    def known(self) -> set[str]:
        with closing(sqlite3.connect(self.file)) as journal:
            return {name for (name,) in journal.execute("SELECT id FROM jobs")}

    @override
    def _note_lost(self, life: Life) -> None:
        if self.case.name not in NAMELESS:
            super()._note_lost(life)


def check_pod(trial: Pod) -> None:
    """Check what was kept and what was spent; say where it was killed if it is not right."""
    known = reference(trial.case.name, trial.size)
    where = ", ".join(trial.deaths())
    for life in trial.lives:
        check_schemas(life.output)
    check_end(trial)
    assert not different(trial.merged(), known.merged), where
    if trial.case.name not in NAMELESS:
        works = len(trial.case.works(trial.sim))
        assert works <= known.works + len(trial.lost), f"{where}: {works} spent"
        assert trial.sim.limit_violations == 0 or trial.lost, where


def pod_killed(case: Case, size: Size, kind: Kind, pause: timedelta, step: int = 1) -> None:
    """Kill a pod at each point of a kind, begin again, and judge."""
    for number in range(1, reference(case.name, size).events[kind] + 1, step):
        with Pod(case, size) as trial:
            trial.pursue([Point(kind, number, pause)])
            assert trial.kills == 1
            check_pod(trial)


@pytest.mark.promise("no-double-submit")
@pytest.mark.some(5)
@pytest.mark.parametrize("kind", ["line", "after"])
@everybody
def test_pod_killed(case, kind):
    """With nothing left but the journal the next run completes, and spends nothing twice."""
    pod_killed(case, SMALL, kind, NOTHING, step=3)


@pytest.mark.promise("pending-jobs")
@pytest.mark.slow
@pytest.mark.parametrize("pause", [NOTHING, timedelta(hours=20)], ids=readable)
@everywhere
@everybody
def test_pod_killed_anywhere(case, kind, pause):
    """The same at every point, with some time until the next run."""
    pod_killed(case, SMALL, kind, pause)


@pytest.mark.slow
@everywhere
@everybody
def test_pod_killed_among_many(case, kind):
    """The same with more streams, windows and rows."""
    pod_killed(case, LARGE, kind, timedelta(seconds=7), step=5)


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=str)
@settings(patient, max_examples=20)
@given(data=st.data())
def test_pod_killed_again_and_again(case, data):
    """The same again and again: each run begins with no state, and continues all the same."""
    most = max(reference(case.name, SMALL).events.values())
    with Pod(case, SMALL) as trial:
        trial.pursue(data.draw(points(most)))
        check_pod(trial)


@pytest.mark.slow
@everywhere
@everybody
def test_state_and_journal(case, kind):
    """Where both survive they agree: the journal changes nothing that STATE promises."""
    for number in range(1, reference(case.name, SMALL).events[kind] + 1, 2):
        with Journalled(case, SMALL) as trial:
            trial.pursue([Point(kind, number)])
            check(trial)

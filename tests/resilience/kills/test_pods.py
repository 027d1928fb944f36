"""A whole pod is killed, target and all: its STATE is lost, the journal is all that is left.

The next run begins with the state that the first one began with. The result is that of an
undisturbed run, and no job that the journal knows is spent again. It does not
know the one whose submit was under way, and no synchronous extraction, which has no name.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass, field
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
    from collections.abc import Callable

    from tests.resilience.kills.killing import Life
    from tests.support.kill_cases import Case
    from tests.support.postgres import Postgres

NOTHING = timedelta(0)
TABLES = ("jobs", "submits")
NAMELESS = {case.name for case in ALL if case.nameless}

everywhere = pytest.mark.parametrize("kind", KINDS)
everybody = pytest.mark.parametrize("case", CASES, ids=str)


class Storage(ABC):
    """Where a journal is stored."""

    address: str

    @abstractmethod
    def clear(self) -> None:
        """Delete the journal."""

    @abstractmethod
    def save(self) -> None:
        """Keep the journal as it is now."""

    @abstractmethod
    def restore(self) -> None:
        """Replace the journal by what was kept."""

    @abstractmethod
    def job_ids(self) -> set[str]:
        """Return the names of the jobs in the journal."""


class FileStorage(Storage):
    """A journal in a file of its own."""

    def __init__(self) -> None:
        """Make the folder of the file."""
        self._folder = Path(tempfile.mkdtemp())
        self._file = self._folder / "journal.db"
        self.address = str(self._file)

    @override
    def clear(self) -> None:
        shutil.rmtree(self._folder)

    @override
    def save(self) -> None:
        shutil.copy(self._file, self._file.with_suffix(".dead"))

    @override
    def restore(self) -> None:
        self._file.with_suffix(".dead").replace(self._file)

    @override
    def job_ids(self) -> set[str]:
        with closing(sqlite3.connect(self._file)) as journal:
            return {name for (name,) in journal.execute("SELECT id FROM jobs")}


class DatabaseStorage(Storage):
    """A journal in a server's database."""

    def __init__(self, server: Postgres) -> None:
        """Store the server, which is empty."""
        self._server = server
        self.address = server.url

    @override
    def clear(self) -> None:
        self._server.clear()

    @override
    def save(self) -> None:
        self._server.execute(*(f"CREATE TABLE {name} AS TABLE tap_cxone.{name}" for name in TABLES))

    @override
    def restore(self) -> None:
        for name in TABLES:
            self._server.execute(
                f"TRUNCATE tap_cxone.{name}",
                f"INSERT INTO tap_cxone.{name} TABLE {name}",
                f"DROP TABLE {name}",
            )

    @override
    def job_ids(self) -> set[str]:
        return {name for (name,) in self._server.ask("SELECT id FROM tap_cxone.jobs")}


@dataclass
class Journalled(Trial):
    """A trial with a journal beside the state."""

    storage: Storage = field(default_factory=FileStorage)

    @override
    def __enter__(self) -> Self:
        self.changes["journal"] = self.storage.address
        return super().__enter__()

    @override
    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self.storage.clear()

    @override
    def dies(self) -> None:
        """Keep the journal as it is now: what is written after this moment does not count."""
        self.storage.save()

    @override
    def live(self, point: Point | None) -> Life:
        life = super().live(point)
        if life.dead:
            self.storage.restore()
        return life


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
        return self.storage.job_ids()

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


@pytest.fixture(params=["file", "postgresql"])
def storage(request) -> Callable[[], Storage]:
    """Return what makes an empty storage of a journal."""
    if request.param == "file":
        return FileStorage
    server = request.getfixturevalue("server")
    return lambda: DatabaseStorage(server)


def pod_killed(  # noqa: PLR0913, PLR0917 (as the trial)
    case: Case,
    size: Size,
    kind: Kind,
    storage: Callable[[], Storage],
    pause: timedelta = NOTHING,
    step: int = 1,
) -> None:
    """Kill a pod at each point of a kind, begin again, and judge."""
    for number in range(1, reference(case.name, size).events[kind] + 1, step):
        with Pod(case, size, storage=storage()) as trial:
            trial.pursue([Point(kind, number, pause)])
            assert trial.kills == 1
            check_pod(trial)


@pytest.mark.ci
@pytest.mark.promise("no-double-submit")
@pytest.mark.some(5)
@pytest.mark.parametrize("kind", ["line", "after"])
@everybody
def test_pod_killed(case, kind, storage):
    """With nothing left but the journal the next run completes, and spends nothing twice."""
    pod_killed(case, SMALL, kind, storage, step=3)


@pytest.mark.promise("pending-jobs")
@pytest.mark.slow
@pytest.mark.parametrize("pause", [NOTHING, timedelta(hours=20)], ids=readable)
@everywhere
@everybody
def test_pod_killed_anywhere(case, kind, pause, storage):
    """The same at every point, with some time until the next run."""
    pod_killed(case, SMALL, kind, storage, pause)


@pytest.mark.slow
@everywhere
@everybody
def test_pod_killed_among_many(case, kind, storage):
    """The same with more streams, windows and rows."""
    pod_killed(case, LARGE, kind, storage, timedelta(seconds=7), step=5)


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=str)
@settings(patient, max_examples=20)
@given(data=st.data())
def test_pod_killed_again_and_again(case, storage, data):
    """The same again and again: each run begins with no state, and continues all the same."""
    most = max(reference(case.name, SMALL).events.values())
    with Pod(case, SMALL, storage=storage()) as trial:
        trial.pursue(data.draw(points(most)))
        check_pod(trial)


@pytest.mark.slow
@everywhere
@everybody
def test_state_and_journal(case, kind, storage):
    """Where both survive they agree: the journal changes nothing that STATE promises."""
    for number in range(1, reference(case.name, SMALL).events[kind] + 1, 2):
        with Journalled(case, SMALL, storage=storage()) as trial:
            trial.pursue([Point(kind, number)])
            check(trial)

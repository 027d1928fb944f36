"""Killed while rows go into batch files: each file is named at most once, and no row is lost."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec
import pytest
from typing_extensions import override

from tests.resilience.kills.cases import CASES
from tests.resilience.kills.killing import KINDS, Kind, Point
from tests.resilience.kills.trial import SMALL, Trial, check, each
from tests.support.batch_target import encode
from tests.support.batches import batch_config, rows_in
from tests.support.kill_cases import QUARANTINE, Case
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.resilience.kills.killing import Life

FORMS = ["jsonl", "parquet"]
BATCH_SIZE = 1  # each window has several files
ASYNC = next(case for case in CASES if case.name == "extraction-async")


class Files(Protocol):
    """Storage of batch files.

    Attributes:
        root: Its address.
        params: What fsspec needs.
    """

    root: str
    params: dict[str, Any]

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of each file by its address."""

    def restore(self, contents: dict[str, bytes]) -> None:
        """Replace all files by these."""


class LocalFiles:
    """Files in an empty folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder."""
        self.root, self.params = str(folder), dict[str, Any]()
        self._folder = folder
        folder.mkdir()

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of each file by its address."""
        return {path.as_uri(): path.read_bytes() for path in self._folder.iterdir()}

    def restore(self, contents: dict[str, bytes]) -> None:
        """Replace all files by these."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()
        for address, data in contents.items():
            Path(address.removeprefix("file://")).write_bytes(data)


class BucketFiles:
    """Objects of a bucket below a prefix."""

    def __init__(self, storage: ObjectStorage, name: str) -> None:
        """Use the prefix of this name."""
        self.root, self.params = f"s3://{BUCKET}/{name}", storage.params
        self._storage = storage

    def contents(self) -> dict[str, bytes]:
        """Return the bytes of each object by its address."""
        objects = self._storage.objects().items()
        found = {f"s3://{BUCKET}/{key}": data for key, data in objects}
        return {url: data for url, data in found.items() if url.startswith(f"{self.root}/")}

    def restore(self, contents: dict[str, bytes]) -> None:
        """Replace all objects by these."""
        self._storage.replace(self._keys(self.contents()), self._keys(contents))

    def _keys(self, contents: dict[str, bytes]) -> dict[str, bytes]:
        return {url.removeprefix(f"s3://{BUCKET}/"): data for url, data in contents.items()}


@dataclass
class Batched(Trial):
    """A trial whose rows are in files; in its lives the records of a file replace its BATCH.

    A process that is gone deletes no file, so the files of the moment of its death are restored.

    Attributes:
        files: Storage of the files.
        form: Format of the files.
        named: Addresses in the BATCH messages of all lives.
        unnamed: Addresses of the files that a killed run stored and did not name.
        messages: Number of messages of the last life, with its BATCH messages.
    """

    files: Files = field(kw_only=True)
    form: str = field(kw_only=True)
    named: list[str] = field(default_factory=list)
    unnamed: set[str] = field(default_factory=set)
    messages: int = 0
    _at_death: dict[str, bytes] = field(default_factory=dict)

    @override
    def __enter__(self) -> Self:
        setting = batch_config(self.files.root, self.form, BATCH_SIZE, params=self.files.params)
        self.changes["batch_config"] = setting
        return super().__enter__()

    @override
    def dies(self) -> None:
        self._at_death = self.files.contents()

    @override
    def live(self, point: Point | None) -> Life:
        life = super().live(point)
        if life.dead:
            self.files.restore(self._at_death)
        self.messages = len(life.lines)
        life.lines = list(self._with_records(life.lines))
        self.unnamed |= self.files.contents().keys() - set(self.named) if life.dead else set()
        return life

    def _with_records(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            message = json.loads(line)
            if message["type"] != "BATCH":
                yield line
                continue
            self.named += message["manifest"]
            for row in rows_in(message, self.files.params):
                record = msgspec.Raw(encode(row).encode())
                yield msgspec.json.encode(
                    {"type": "RECORD", "stream": message["stream"], "record": record}
                )


def check_files(trial: Batched) -> None:
    """Check which files are named, and that no run emits a row twice."""
    where = ", ".join(trial.deaths())
    assert set(Counter(trial.named).values()) == {1}, f"{where}: a file was named twice"
    assert trial.unnamed.isdisjoint(trial.named), f"{where}: a file of a dead run was named"
    assert trial.files.contents().keys() == set(trial.named) | trial.unnamed, where
    for life in trial.lives:
        rows = Counter(key for key, _ in each(life.output) if key[0] != QUARANTINE)
        assert set(rows.values()) <= {1}, f"{where}: a row was emitted twice"


@functools.cache
def undisturbed_points(case: Case) -> dict[Kind, int]:
    """Return the number of points of each kind; the format does not change them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Batched(case, SMALL, files=LocalFiles(Path(folder) / "files"), form="jsonl") as trial,
    ):
        life = trial.live(None)
        assert life.error is None, life.error
        check_files(trial)
        return {"line": trial.messages, "before": len(life.asked), "after": len(life.asked)}


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[ObjectStorage]:
    """Return S3 on this machine."""
    with object_storage() as storage:
        yield storage


@pytest.fixture
def new_files(request, tmp_path) -> Callable[[str, int], Files]:
    """Return a function that makes an empty storage of a kind."""

    def make(storage: str, number: int) -> Files:
        if storage == "local":
            return LocalFiles(tmp_path / str(number))
        return BucketFiles(request.getfixturevalue("bucket_server"), f"{tmp_path.name}-{number}")

    return make


@pytest.fixture
def kill_everywhere(new_files) -> Callable[..., None]:
    """Return a function that kills a run at each point of a kind, runs again, and judges."""

    def kill(case: Case, form: str, kind: Kind, storage: str = "local", *, step: int = 1) -> None:
        number = undisturbed_points(case)[kind]
        for place in range(1 + step // 2, number + 1, step):
            with Batched(case, SMALL, files=new_files(storage, place), form=form) as trial:
                trial.pursue([Point(kind, place, timedelta(seconds=7))])
                assert trial.kills == 1
                check(trial)
                check_files(trial)

    return kill


@pytest.mark.promise("state-follows-records")
def test_batch_run_killed_after_a_message_names_each_file_once(kill_everywhere):
    """The next run emits the other rows in other files, and names no file of the dead run."""
    kill_everywhere(ASYNC, "parquet", "line", step=3)


@pytest.mark.promise("state-follows-records")
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_batch_run_killed_anywhere_names_each_file_once(kill_everywhere, case, form, kind):
    """The same for each family and format at each point."""
    kill_everywhere(case, form, kind)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_batch_run_killed_with_files_in_s3_names_each_file_once(kill_everywhere, form):
    """The same with objects of a bucket."""
    kill_everywhere(ASYNC, form, "line", "s3")

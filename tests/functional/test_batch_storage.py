"""Where batch files are stored: their names, uploads that fail, and what nobody else may see."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tap_cxone.errors import BatchError
from tap_cxone.output.storage import Storage
from tests.support.batches import batch_config, batched, recorded
from tests.support.expectations import failure
from tests.support.object_storage import BUCKET, object_storage
from tests.support.run import FakeClock
from tests.support.streams import STREAM, run_stream, stream_settings

PARTS = (b"x" * 9_000_000, b"the rest")  # the first one is more than a part of an upload
DATA = b"".join(PARTS)


@pytest.fixture(scope="module")
def s3_server():
    """Return S3 on this machine."""
    with object_storage() as storage:
        yield storage


@pytest.fixture
def s3(s3_server):
    """Return it without requests so far; nothing is refused."""
    s3_server.requests.clear()
    s3_server.refused.clear()
    return s3_server


def remote(s3, name: str, clock: FakeClock):
    """Return a new file in the bucket."""
    return Storage(f"s3://{BUCKET}/files", s3.params, clock).create(name)


def write(file) -> None:
    """Write all of the data."""
    for part in PARTS:
        file.write(part)


@pytest.mark.ci
def test_storage_file_is_not_there_before_its_commit(s3):
    """All parts of a file are uploaded while it is written, and the commit makes it an object."""
    file = remote(s3, "late.parquet", FakeClock())
    write(file)
    file.finish()
    before = s3.objects().keys()

    url = file.commit()

    assert url == f"s3://{BUCKET}/files/late.parquet"
    assert "files/late.parquet" not in before
    assert s3.objects()["files/late.parquet"] == DATA
    assert sum("partNumber" in query for _, query in s3.requests) == 2


@pytest.mark.ci
@pytest.mark.parametrize("step", ["write", "finish", "commit"])
def test_storage_upload_refused_is_repeated_from_its_copy(s3, step):
    """A refused request of any step has the whole file uploaded again, after a wait."""
    clock, name = FakeClock(), f"again-{step}"
    file = remote(s3, name, clock)
    steps = {"write": lambda: write(file), "finish": file.finish, "commit": file.commit}

    for each, run in steps.items():
        s3.refused[:] = ["POST" if each == "commit" else "PUT"] if each == step else []
        run()

    assert s3.objects()[f"files/{name}"] == DATA
    assert [duration.total_seconds() for duration in clock.slept] == (
        [] if step == "write" else [1]
    )


@pytest.mark.ci
def test_storage_upload_refused_thrice_is_an_error(s3):
    """After three refusals the error names the file and the setting, and no secret."""
    file = remote(s3, "never", FakeClock())
    write(file)
    s3.refused[:] = ["PUT"] * 9

    with pytest.raises(BatchError, match=r"check batch_config\.storage"):
        file.finish()
    file.discard()

    assert "files/never" not in s3.objects()


@pytest.mark.ci
def test_storage_file_discarded_leaves_nothing(s3):
    """A file that is discarded, committed or not, is no object."""
    for name in ("gone-1", "gone-2"):
        file = remote(s3, name, FakeClock())
        write(file)
        file.finish()
        if name == "gone-2":
            file.commit()
        file.discard()

    assert [key for key in s3.objects() if "gone" in key] == []


def test_storage_local_file_that_has_no_name_is_removed(tmp_path):
    """What could not get its name is removed."""
    (tmp_path / "taken").mkdir()
    file = Storage(str(tmp_path), {}, FakeClock()).create("taken")
    file.write(b"rows")
    file.finish()

    with pytest.raises(BatchError, match="taken"):
        file.commit()
    file.discard()

    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_storage_secret_is_not_in_the_error(tmp_path):
    """A message about a storage hides its parameters."""
    (tmp_path / "open-sesame").write_text("")
    storage = Storage(str(tmp_path / "open-sesame"), {"o": {"secret": "open-sesame"}}, FakeClock())

    with pytest.raises(BatchError, match=r"\*\*\*") as caught:
        storage.create("rows").write(b"")

    assert "sesame" not in str(caught.value)


# Runs


@pytest.fixture
def sim(simulate):
    """Return a simulator."""
    return simulate()


@pytest.mark.ci
@pytest.mark.parametrize(
    "form", ["parquet", pytest.param("jsonl", marks=pytest.mark.slow)], ids=["parquet", "jsonl"]
)
def test_s3_batches_have_the_rows_of_record_messages(sim, clock, s3, form):
    """Files in S3 have the same rows as RECORD messages, and a BATCH names each."""
    expected = recorded(run_stream(stream_settings(sim), clock))
    setting = batch_config(f"s3://{BUCKET}/{form}", form, params=s3.params)

    out = run_stream(stream_settings(sim, batch_config=setting), clock)

    assert out.error is None
    urls = [url for message in out.of("BATCH") for url in message["manifest"]]
    assert {url.removeprefix(f"s3://{BUCKET}/") for url in urls} <= s3.objects().keys()
    assert batched(out.messages, s3.params) == expected


@pytest.mark.promise("state-follows-records")
def test_s3_upload_failing_fails_the_window_without_a_batch(sim, clock, s3):
    """If one file of a window cannot be stored, no BATCH names any of its files."""
    s3.refused[:] = ["POST"] * 2 + ["PUT"] * 50
    setting = batch_config(f"s3://{BUCKET}/broken", params=s3.params)

    out = run_stream(stream_settings(sim, batch_config=setting), clock)

    assert "cannot write the batch file" in str(failure(out))
    assert out.of("BATCH") == []
    assert "replication_key_value" not in json.dumps(out.states[-1]["bookmarks"][STREAM])
    assert [key for key in s3.objects() if key.startswith("broken")] == []


# Names, and what the audit log says of each file


def test_hive_layout_has_a_folder_per_stream_and_window(sim, clock, tmp_path):
    """The path of a file sorts by stream and window."""
    setting = batch_config(tmp_path / "files", "parquet", size=7, layout="hive", prefix="p-")
    log = tmp_path / "audit.jsonl"

    out = run_stream(stream_settings(sim, batch_config=setting, audit_log_path=str(log)), clock)

    run = json.loads(log.read_text().splitlines()[0])["run"]
    found = sorted(p.relative_to(tmp_path / "files").as_posix() for p in tmp_path.rglob("p-*"))
    folder = f"{STREAM}/window_start=2026-03-18T000000Z"
    assert found == [f"{folder}/p-{run}-00000{number}.parquet" for number in (1, 2)]
    assert {Path(url).name for m in out.of("BATCH") for url in m["manifest"]} == {
        Path(name).name for name in found
    }


@pytest.mark.ci
def test_audit_log_has_a_line_for_each_batch_file(sim, clock, tmp_path):
    """The line has address, rows, bytes, digest, columns and window of the file."""
    log = tmp_path / "audit.jsonl"
    setting = batch_config(tmp_path / "files", size=7)
    config = stream_settings(sim, batch_config=setting, audit_log_path=str(log))

    out = run_stream(config, clock)

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    written = [line for line in lines if line["event"] == "batch_written"]
    assert [line["url"] for line in written] == [m["manifest"][0] for m in out.of("BATCH")]
    assert [line["rows"] for line in written] == [7, 5]
    assert {line["window_start"] for line in written} == {"2026-03-18T00:00:00+00:00"}
    for line in written:
        data = Path(line["url"].removeprefix("file://")).read_bytes()
        assert (line["bytes"], line["sha256"]) == (len(data), sha256(data).hexdigest())
        assert "workflow_id" in line["columns"]

"""Rows in files: the same as in RECORD messages, and never overtaken by STATE."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from typing import Any

import pytest
from singer_sdk.helpers._batch import BaseBatchFileEncoding, SDKBatchMessage
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage, SchemaMessage, StateMessage

from tap_cxone.config.destinations import BatchEncoding, BatchSettings, BatchStorage
from tap_cxone.errors import ConfigError, Interrupted, StreamsFailed
from tap_cxone.output.batch_writer import BatchingWriter, BatchMessage
from tap_cxone.output.parquet import Parquet
from tap_cxone.output.writer import RecordSample
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for
from tests.docs.document import ROOT
from tests.support.batches import batch_config, batched, load_into_target, recorded, rows_in, stored
from tests.support.examples import csv_jobs, paged_rows
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.run import FakeClock, Output, offline_catalog, run_tap, select
from tests.support.streams import STREAM, run_stream, stream_settings

MORE = {"qm-workflows": ("Mood of the Day",)}
TWO_WINDOWS = {"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-03-16T00:00:00Z"}
MAPS = {
    STREAM: {"phone_number": "md5(phone_number)", "__alias__": "evaluations"},
    "low": {"__source__": STREAM, "__filter__": "float(score) < 25", "score": "int(score)"},
}


def narrowed() -> dict[str, Any]:
    """Return a catalog with one stream, and one of its columns deselected."""
    chosen: dict[str, Any] = json.loads(json.dumps(offline_catalog(STREAM)))
    (stream,) = (s for s in chosen["streams"] if s["tap_stream_id"] == STREAM)
    for item in stream["metadata"]:
        if item["breadcrumb"] == ["properties", "team_name"]:
            item["metadata"]["selected"] = False
    return chosen


@pytest.fixture
def sim(simulate):
    """Return a simulator with an undeclared column."""
    return simulate(extra_columns=MORE)


# The same rows


@pytest.mark.ci
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_batches_bring_a_target_the_same_rows(sim, clock, tmp_path, form):
    """Every stream's rows reach a target of the SDK by BATCH as they do by RECORD, each once."""
    root = tmp_path / "not there" / "yet"
    short = {"start_date": "2026-03-18T00:00:00Z", "end_date": "2026-03-19T00:00:00Z"}
    without = run_tap(settings_for(sim, **short), clock=clock)
    config = settings_for(sim, **short, batch_config=batch_config(root, form))

    out = run_tap(config, clock=clock)

    assert out.error is None
    assert out.of("RECORD") == []
    assert len(recorded(without)) == 3
    assert load_into_target(out.messages, tmp_path / "stored") == recorded(without)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_another_storage(sim, clock, tmp_path, form):
    """Files go to what fsspec knows, and BATCH names them below the root as it was given."""
    without = run_stream(stream_settings(sim), clock)
    root = f"memory://{tmp_path.name}/rows/"

    out = run_stream(stream_settings(sim, batch_config=batch_config(root, form)), clock)

    urls = [url for message in out.of("BATCH") for url in message["manifest"]]
    assert [url for url in urls if not url.startswith(f"{root}{STREAM}-")] == []
    assert batched(out.messages) == recorded(without)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ci
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_selection_and_maps(sim, clock, tmp_path, form):
    """Aliases, clones, filters, hashed and deselected columns are in the files as in RECORDs."""
    config = stream_settings(sim, stream_maps=MAPS)
    plain = run_stream(stream_settings(sim), clock).records(STREAM)
    without = run_tap(config, clock=clock, catalog=narrowed())

    batch = {"batch_config": batch_config(tmp_path, form)}
    out = run_tap(config | batch, clock=clock, catalog=narrowed())

    found = batched(out.messages)
    assert found == recorded(without)
    assert found.keys() == {"evaluations", "low"}
    assert 0 < len(found["low"]) < len(found["evaluations"]) == 12
    everything = "".join(found["evaluations"])
    assert '"phone_number":"' in everything
    assert not [row for row in plain if row["phone_number"] in everything]
    assert "team_name" not in everything
    assert all("mood_of_the_day" in row for row in found["evaluations"])


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_is_hidden_is_in_no_byte_of_a_file(sim, clock, tmp_path, form):
    """Neither a hashed nor a deselected value stands in any file, not even uncompressed."""
    plain = run_stream(stream_settings(sim), clock).records(STREAM)
    setting = batch_config(tmp_path, form)
    setting["encoding"]["compression"] = "none"
    maps = {STREAM: {"phone_number": "md5(phone_number)"}}

    run_tap(
        stream_settings(sim, stream_maps=maps, batch_config=setting),
        clock=clock,
        catalog=narrowed(),
    )

    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert plain[0]["workflow_id"].encode() in written
    assert not [row for row in plain if row["phone_number"].encode() in written]
    assert not [row for row in plain if row["team_name"].encode() in written]


@pytest.mark.promise("state-follows-records")
def test_rows_that_do_not_fit(sim, clock, tmp_path):
    """Rows of the quarantine are written to files too, and before the STATE of their window."""
    rows = [f"k{number},{number}" for number in range(9)]
    file = "\r\n".join(["Workflow ID,Score", *rows, "bad,abc", ""])
    sim.faults.add(Fault("download", "bytes", body=file))
    config = stream_settings(sim, batch_config=batch_config(tmp_path))

    out = run_tap(config, clock=clock, catalog=select(config, STREAM, "quarantine"))

    kinds = [(message["type"], message.get("stream")) for message in out.messages]
    ((aside,),) = (rows_in(message) for message in out.of("BATCH", "quarantine"))
    assert out.error is None
    assert out.of("RECORD") == []
    assert aside["reason"] == "column score has a value that is not of type number"
    assert kept(Output(out.messages[: kinds.index(("BATCH", "quarantine"))])) == ""
    assert len(batched(out.messages)[STREAM]) == 9


def test_table_that_is_read_whole_is_batched(simulate, clock, tmp_path):
    """A full-table stream is written to files as well."""
    config = paged_rows.download_settings(simulate())
    without = run_tap(config, clock=clock, only=paged_rows.CATALOGUE)
    config["batch_config"] = batch_config(tmp_path, size=4)

    out = run_tap(config, clock=clock, only=paged_rows.CATALOGUE)

    files = [[row["id"] for row in rows_in(message)] for message in out.of("BATCH")]
    assert out.error is None
    assert [id_ for file in files for id_ in file] == [
        r["id"] for r in without.records(paged_rows.CATALOGUE)
    ]
    assert [len(file) for file in files] == [4, 2]


def test_webhook_sample_is_taken_of_batched_rows(sim, clock, tmp_path):
    """The sample of the completion webhook is taken of what is written to files."""
    hook = {"url": "http://127.0.0.1:9/hooks", "sample_size": 3}
    config = stream_settings(sim, completion_webhook=hook, batch_config=batch_config(tmp_path))
    tap = TapCXone(config=config, catalog=offline_catalog(STREAM), clock=clock)

    tap.sync_all()

    assert len(tap.sample.records) == 3
    assert len(list(tmp_path.iterdir())) == 3


# Sizes and order


def test_batch_file_has_at_most_batch_size_rows(sim, clock, tmp_path):
    """A batch ends when it is full, and where its window ends."""
    out = run_stream(
        stream_settings(sim, **TWO_WINDOWS, batch_config=batch_config(tmp_path, size=100)), clock
    )

    sizes = [len(rows_in(message)) for message in out.of("BATCH")]
    assert sizes == [100, 68, 12]


def test_every_schema_comes_before_its_rows(sim, clock, tmp_path):
    """No file has a column that the last SCHEMA before its BATCH has not."""
    config = stream_settings(sim, batch_config=batch_config(tmp_path))
    messages = run_stream(config, clock).messages

    announced: set[str] = set()
    schemas = 0
    for message in messages:
        if message["type"] == "SCHEMA":
            announced, schemas = set(message["schema"]["properties"]), schemas + 1
        if message["type"] == "BATCH":
            assert {name for row in rows_in(message) for name in row} <= announced
    assert schemas == 2


def test_no_message_goes_ahead_of_rows(tmp_path, capfdbinary):
    """Whatever is written after rows that wait for their file comes after its BATCH."""
    place = BatchSettings(BatchEncoding("jsonl"), BatchStorage(str(tmp_path)), batch_size=9)
    writer = BatchingWriter(place, RecordSample(0), "run", FakeClock())
    others = [
        SchemaMessage("s", {"properties": {}}),
        StateMessage({}),
        ActivateVersionMessage("s", 7),
    ]

    for message in others:
        writer.write_message(RecordMessage("s", {"a": 1}, version=7))
        writer.write_message(RecordMessage("t", {"a": 1}))
        writer.write_message(message)

    written = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [(m["type"], m.get("stream"), m.get("version")) for m in written] == [
        *(("BATCH", "s", 7), ("BATCH", "t", None), ("SCHEMA", "s", None)),
        *(("BATCH", "s", 7), ("BATCH", "t", None), ("STATE", None, None)),
        *(("BATCH", "s", 7), ("BATCH", "t", None), ("ACTIVATE_VERSION", "s", 7)),
    ]


def kept(out: Output) -> str:
    """Return up to when the last state says that everything is emitted."""
    state = out.states[-1] if out.states else {}
    return str(state.get("bookmarks", {}).get(STREAM, {}).get("replication_key_value", ""))


@pytest.mark.ci
@pytest.mark.promise("state-follows-records")
@pytest.mark.parametrize("form", ["jsonl", pytest.param("parquet", marks=pytest.mark.slow)])
def test_state_never_overtakes_its_rows(simulate, clock, tmp_path, form):
    """Wherever the tap is killed, what its last STATE claims is in files that BATCHes named.

    And the next run, from that state, brings the rest.
    """
    sim = simulate(rows_per_day=4)
    config = stream_settings(sim, **TWO_WINDOWS, batch_config=batch_config(tmp_path, form, size=30))
    config[csv_jobs.FAMILY]["overlap_days"] = 0  # the same windows in each run
    whole = run_stream(config, clock)
    rows = batched(whole.messages)[STREAM]
    lines = len(whole.messages)
    assert lines > 8

    for cut in range(1, lines):
        first = run_stream(config, clock, cut_after=cut)
        named = batched(first.messages)[STREAM]
        claimed = [row for row in rows if json.loads(row)["_window_end"] <= kept(first)]
        assert set(claimed) <= set(named), cut
        second = run_stream(config, clock, state=first.states[-1] if first.states else None)
        assert set(named) | set(batched(second.messages)[STREAM]) == set(rows), cut


# What goes wrong


@pytest.mark.parametrize("form", ["jsonl", "parquet"], ids=["jsonl", "parquet"])
def test_batch_files_of_an_interrupted_run_are_deleted(sim, clock, tmp_path, monkeypatch, form):
    """A signal that arrives while files are stored leaves no file that no BATCH names."""
    partial_files: list[str] = []
    complete_files = BatchingWriter.complete_files

    def interrupted(writer: BatchingWriter) -> None:
        complete_files(writer)
        if writer._batches:
            partial_files.extend(path.name for path in tmp_path.iterdir())
            tap.signals.record(signal.SIGTERM)
            tap.signals.raise_if_interrupted()

    monkeypatch.setattr(BatchingWriter, "complete_files", interrupted)
    config = stream_settings(sim, batch_config=batch_config(tmp_path, form))
    tap = TapCXone(config=config, clock=clock, catalog=select(config, STREAM, "quarantine"))
    with pytest.raises(Interrupted):
        tap.sync_all()

    assert partial_files
    assert list(tmp_path.iterdir()) == []


def test_batch_path_not_writable_fails_the_stream(sim, clock, tmp_path):
    """A file that cannot be written fails the stream, and no bookmark moves."""
    blocked = tmp_path / "a file, no directory"
    blocked.write_text("")

    out = run_stream(stream_settings(sim, batch_config=batch_config(blocked, size=100)), clock)

    assert "cannot write the batch file" in str(failure(out))
    assert "check batch_config.storage" in str(failure(out))
    assert out.of("BATCH") == []
    assert kept(out) == ""


@pytest.mark.parametrize("size", [5, 1000])
def test_value_that_parquet_cannot_hold_fails_its_stream(sim, clock, tmp_path, size):
    """It fails its own stream, at a full batch or at the window's end; the others are complete."""
    config = stream_settings(
        sim,
        stream_maps={STREAM: {"score": "int(1) * 'sesame'"}},
        batch_config=batch_config(tmp_path, "parquet", size),
    )

    out = run_tap(config, clock=clock)

    assert isinstance(out.error, StreamsFailed)
    assert list(out.error.failures) == [STREAM]
    assert "column score" in str(failure(out))
    assert kept(out) == ""
    assert {s: len(rows) for s, rows in batched(out.messages).items()} == {
        "qm_questions": 12,
        "recording_interaction_metadata": 12,
    }


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_files_are_for_their_owner_only(sim, clock, tmp_path):
    """Files have mode 0600, and the directories that are made for them 0700."""
    root = tmp_path / "made" / "here"
    run_stream(stream_settings(sim, batch_config=batch_config(root)), clock)

    assert {stat.S_IMODE(path.stat().st_mode) for path in (root, root.parent)} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in root.iterdir()} == {0o600}


# Settings


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (batch_config("s4://bucket"), "begins with s4://, which fsspec does not support"),
        (batch_config("gs://bucket"), "needs a further package for gs:// .*gcsfs"),
        (batch_config("sftp://me:sesame@host/rows"), "batch_config.storage.params"),
        (batch_config("simplecache::memory://x"), "a chain of addresses"),
        (batch_config("rows", prefix="a/b"), "batch_config.storage.prefix"),
        (batch_config("rows/what?"), "batch_config.storage.root contains a question mark"),
        (batch_config("rows", folder="b"), "unknown setting 'batch_config.storage.folder'"),
        (batch_config("rows", form="csv"), "use one of jsonl, parquet"),
        (batch_config("rows", size=0), "batch_size is 0"),
        ({"encoding": {"format": "jsonl"}}, "'storage' is a required property"),
        ({}, "'encoding' is a required property"),
    ],
    ids=readable,
)
def test_batch_setting_wrong_is_refused(setting, words):
    """What is wrong with batch_config is reported before anything runs."""
    with pytest.raises(ConfigError, match=words) as caught:
        TapCXone(config={"batch_config": setting}, validate_config=False)

    assert "sesame" not in str(caught.value)


def test_parquet_without_pyarrow(monkeypatch):
    """Without pyarrow the extra that brings it is named."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ConfigError, match=r"install tap-cxone\[parquet\]"):
        TapCXone(config={"batch_config": batch_config("rows", "parquet")}, validate_config=False)


def test_file_names(sim, clock, tmp_path):
    """A file is called by prefix, stream, run and number, whatever the stream's alias is."""
    maps = {STREAM: {"__alias__": "qm/workflows"}}
    log = tmp_path / "audit.jsonl"
    config = stream_settings(sim, stream_maps=maps, audit_log_path=str(log))
    files = tmp_path / "files"

    run_stream(config | {"batch_config": batch_config(files, size=7, prefix="cxone-")}, clock)

    told = json.loads(log.read_text().splitlines()[0])["run"]
    assert sorted(path.name for path in files.iterdir()) == [
        f"cxone-qm_workflows-{told}-00000{number}.jsonl.gz" for number in (1, 2)
    ]


def test_batch_format_is_loaded_before_the_first_request(sim, clock, tmp_path, monkeypatch):
    """The main thread imports pyarrow while workers fetch the first file, not when it is there."""
    received: list[int] = []
    make = Parquet.__init__

    def noted(parquet: Parquet, settings: BatchSettings) -> None:
        received.append(len(sim.requests))
        make(parquet, settings)

    monkeypatch.setattr(Parquet, "__init__", noted)
    run_stream(stream_settings(sim, batch_config=batch_config(tmp_path, "parquet")), clock)

    assert received == [0]


# The tap and a target as processes


@pytest.mark.ci
@pytest.mark.parametrize("form", ["jsonl", pytest.param("parquet", marks=pytest.mark.slow)])
def test_tap_piped_into_a_target_stores_the_same_by_batch(simulate, clock, tmp_path, form):
    """`tap-cxone | target` stores by BATCH what a run by RECORD says, from a path with a blank."""
    sim = simulate(spacing_seconds=0)
    without = run_stream(stream_settings(sim), clock)
    given, chosen, store = (tmp_path / name for name in ("given", "chosen", "store"))
    setting = batch_config(tmp_path / "the files", form)
    given.write_text(json.dumps(stream_settings(sim, "sync", batch_config=setting)))
    chosen.write_text(json.dumps(offline_catalog(STREAM)))
    store.mkdir()
    told = json.dumps({"folder": str(store)})
    target = [
        sys.executable,
        "-m",
        "tests.support.batch_target",
        "--config",
        str(tmp_path / "target"),
    ]
    (tmp_path / "target").write_text(told)

    tap = subprocess.run(
        [sys.executable, "-m", "tap_cxone", f"--config={given}", f"--catalog={chosen}"],
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    loaded = subprocess.run(
        target, input=tap.stdout, capture_output=True, cwd=ROOT, env=_environment(), check=True
    )

    assert stored(store) == recorded(without)
    assert b"replication_key_value" in loaded.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


# What the SDK's targets expect


def test_batch_message_is_that_of_the_sdk():
    """A BATCH message has the words of the SDK's own."""
    encoding = BaseBatchFileEncoding(format="jsonl", compression="gzip")
    theirs = SDKBatchMessage("s", encoding, ["file:///x"], version=3)
    ours = BatchMessage("s", {"format": "jsonl", "compression": "gzip"}, ["file:///x"], 3)

    assert ours.to_dict() == theirs.to_dict()

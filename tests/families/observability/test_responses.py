"""Observability: responses in all their shapes."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import ApiError, JobFailed
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.observability import BASE, KB, run_tables, table_settings
from tests.support.requests import polls, submits


@pytest.mark.some(3)
@pytest.mark.parametrize("answer", ["empty", "json"])
@pytest.mark.parametrize("location", ["absolute", "relative", "absolute-status", "relative-status"])
def test_locations(simulate, clock, location, answer):
    """The Location may be absolute or relative, with or without `/status`, with a body or none."""
    sim = simulate(location=location, export_body=answer)

    out = run_tables(table_settings(sim), clock)

    (export,) = sim.table_exports
    assert out.error is None
    assert len(out.records(KB)) == 24
    assert {poll.path for poll in polls(sim)} == {f"{BASE}/export-data/{export.id}/status"}


@pytest.mark.some(4)
@pytest.mark.parametrize(
    ("status", "location"),
    [
        (202, "{base}/export-data/ID-7/"),
        (202, "{base}/export-data/ID-7/status/"),
        (202, "{base}/export-data/ID-7/status?fileName=theirs"),
        (202, "{base}/export-data/ID-7?a=/b#c"),
        (202, "https://elsewhere.example{base}/export-data/ID-7"),
        (202, "/export-data/ID-7"),
        (202, "ID-7"),
        (200, "{base}/export-data/ID-7/status"),
        (201, "{base}/export-data/ID-7/status"),
    ],
)
def test_more_locations(sim, clock, status, location):
    """The last part of the path that can be an id is it; the tap asks its own host for it."""
    headers = (("Location", location.format(base=BASE)),)
    sim.faults.add(
        Fault("submit", "status", status=status, headers=headers, body=""),
        Fault("poll", "status", status=200, body='{"status": "Failed"}'),
    )

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert [poll.path for poll in polls(sim)] == [f"{BASE}/export-data/ID-7/status"]


def test_an_encoded_location(sim, clock):
    """An id that the Location shows encoded is requested as it is, not encoded again."""
    headers = (("Location", f"{BASE}/export-data/ID%3A7%3D/status"),)
    sim.faults.add(
        Fault("submit", "status", status=202, headers=headers, body=""),
        Fault("poll", "status", status=200, body='{"status": "Failed"}'),
    )

    run_tables(table_settings(sim), clock)

    assert [poll.path for poll in polls(sim)] == [f"{BASE}/export-data/ID:7=/status"]


@pytest.mark.parametrize("key", ["status", "state", "exportStatus"])
def test_status_keys(simulate, clock, key):
    """The word for the status stands under one of three keys."""
    sim = simulate(export_status_key=key, job_polls=2)

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(polls(sim)) == 3


@pytest.mark.some(3)
@pytest.mark.parametrize("only", [False, True])
@pytest.mark.parametrize("key", ["downloadUrl", "url", "presignedUrl", "fileUrl", "location"])
def test_link_keys(simulate, clock, key, only):
    """The link stands under one of five keys, with a word for the status or without."""
    sim = simulate(export_link_key=key, export_link_only=only)

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24


WORDS = [
    ("InProgress", "Completed", "Failed"),
    ("IN_PROGRESS", "COMPLETED", "FAILED"),
    ("in progress", "Success", "Error"),
    ("pending", "succeeded", "error"),
    ("In-Progress", "SUCCESS", "failure"),
    ("RUNNING", "Done", "ERROR"),
    ("Queued", "complete", "failed"),
]


@pytest.mark.parametrize("words", WORDS, ids=readable)
def test_words(simulate, clock, words):
    """A running and a completed export may be called so, in any case and spelling."""
    sim = simulate(export_status_names=words, job_polls=2)

    out = run_tables(table_settings(sim), clock)

    assert out.error is None
    assert len(out.records(KB)) == 24
    assert len(polls(sim)) == 3


@pytest.mark.parametrize("words", WORDS, ids=readable)
def test_words_for_failed(simulate, clock, words):
    """So may a failed one; its reason ends the stream."""
    sim = simulate(export_status_names=words)
    sim.faults.add(Fault("submit", "job-failed", body="The warehouse is on fire"))

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "The warehouse is on fire" in str(failure(out))


@pytest.mark.parametrize(
    "answer", [{"downloadUrl": None}, {"url": ""}, {"message": "wait a bit"}], ids=readable
)
def test_a_running_export_without_a_link(sim, clock, answer):
    """A running export's link may be there and empty."""
    said = json.dumps({"status": "InProgress", **answer})
    sim.faults.add(Fault("poll", "status", status=200, body=said))

    assert len(run_tables(table_settings(sim), clock).records(KB)) == 24


def test_a_link_means_done(simulate, clock):
    """A link is followed although the word still says running."""
    sim = simulate(export_status_names=("InProgress", "InProgress", "Failed"))

    assert len(run_tables(table_settings(sim), clock).records(KB)) == 24


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ('{"status": "Hibernating"}', "Hibernating"),
        ('{"status": "Hibernating", "downloadUrl": "https://files.example/x"}', "Hibernating"),
        ('{"phase": "done"}', "phase"),
        ("[]", ""),
    ],
)
def test_an_unknown_word(sim, clock, answer, shown):
    """A status that is not known fails the stream and is named; no further export is spent."""
    sim.faults.add(Fault("poll", "status", status=200, body=answer, times=99))

    out = run_tables(table_settings(sim, window_days=1), clock)

    assert isinstance(failure(out), ApiError)
    assert shown in str(failure(out))
    assert out.records(KB) == []
    assert len(submits(sim)) == 1

"""Observability: responses in all their shapes."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tap_cxone.errors import JobFailed, JobTimeout
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.observability import BASE, KB, run_tables, table_settings, warnings_about
from tests.support.requests import downloads, polls, submits


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
        (202, "{base}/export-data/ID-7/Status"),
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


def test_encoded_location_is_not_encoded_again(sim, clock):
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
def test_running_export_without_a_link_is_polled_on(sim, clock, answer):
    """A running export's link may be there and empty."""
    said = json.dumps({"status": "InProgress", **answer})
    sim.faults.add(Fault("poll", "status", status=200, body=said))

    assert len(run_tables(table_settings(sim), clock).records(KB)) == 24


def test_link_of_a_running_export_is_followed(simulate, clock):
    """A link is followed although the word still says running."""
    sim = simulate(export_status_names=("InProgress", "InProgress", "Failed"))

    assert len(run_tables(table_settings(sim), clock).records(KB)) == 24


UNKNOWN = {
    "new word": {"status": "Preparing"},
    "not started": {"status": "NotStarted"},
    "ready without a link": {"status": "Ready"},
    "number": {"status": 202},
    "no status": {"phase": "waiting"},
    "no object": [],
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN)
def test_export_status_unknown_is_polled_on_with_one_warning(sim, clock, caplog, answer):
    """An unknown status counts as running; one warning shows what came."""
    body = json.dumps(answer)
    sim.faults.add(Fault("poll", "status", status=200, body=body, times=3))

    out = run_tables(table_settings(sim), clock)

    (warning,) = warnings_about(caplog, "does not know the status")
    assert out.error is None
    assert len(out.records(KB)) == 24
    assert (body if "status" in answer or not answer else '{"phase": "…"}') in warning
    assert "(job_timeout_minutes)" in warning


def test_export_status_unknown_for_too_long_is_shown(sim, clock):
    """When the time is up the error shows the last answer; the export stays for the next run."""
    answer = '{"status": "Preparing", "url": null, "token": "abcdef"}'
    sim.faults.add(Fault("poll", "status", status=200, body=answer, times=999))

    out = run_tables(table_settings(sim, window_days=1), clock)

    assert isinstance(failure(out), JobTimeout)
    assert '{"status": "Preparing", "url": null, "token": ***}' in str(failure(out))
    assert len(submits(sim)) == 1
    assert len(out.state["bookmarks"][KB]["pending_jobs"]) == 1


@pytest.mark.parametrize(
    "word", ["ExportFailed", "INTERNAL_ERROR", "Cancelling", "UserCancelled", "FileExpired"]
)
def test_export_status_with_a_word_of_failure_ends_it(sim, clock, word):
    """A status that contains fail, error, cancel or expire ends the export, link or not."""
    answer = json.dumps({"status": word, "url": "https://files.example/x"})
    sim.faults.add(Fault("poll", "status", status=200, body=answer))

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert word in str(failure(out))


def test_completed_export_without_a_link_shows_the_answer(sim, clock):
    """An export that is done and has no link fails its stream, which shows what came."""
    sim.faults.add(Fault("poll", "status", status=200, body='{"status": "Completed", "rows": [7]}'))

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "no download link in " in str(failure(out))
    assert "Completed" in str(failure(out))
    assert "7" not in str(failure(out)).partition("no download link")[2]


@pytest.mark.parametrize("key", ["downloadURL", "download_url"])
@pytest.mark.parametrize("nested_in", [None, "data"])
@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_export_link_is_found_in_any_spelling(simulate, clock, key, nested_in, form):
    """The key may be spelled in any way, one level deeper; the URL may be relative."""
    sim = simulate(
        export_link_key=key, export_answer_key=nested_in, export_link_form=form, job_polls=2
    )

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(polls(sim)) == 3


def test_export_link_with_an_unknown_status_is_followed(simulate, clock, caplog):
    """A link without a word of failure means that the file is complete."""
    sim = simulate(export_status_names=("InProgress", "Ready", "Failed"))

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert warnings_about(caplog, "does not know the status") == []


@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_export_status_that_redirects_to_the_file_is_followed(simulate, clock, form):
    """A poll of a completed export may redirect to its file."""
    sim = simulate(export_redirect=True, export_link_form=form)

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert [seen for seen in downloads(sim) if "authorization" in seen.headers] == []


def test_submit_response_of_one_text_names_the_export(sim, clock):
    """The body may be the ID alone, as a JSON string."""
    sim.faults.add(
        Fault("submit", "status", status=202, body='"7f-ID"'),
        Fault("poll", "status", status=200, body='{"status": "Failed"}'),
    )

    run_tables(table_settings(sim), clock)

    assert [poll.path for poll in polls(sim)] == [f"{BASE}/export-data/7f-ID/status"]


@pytest.mark.parametrize("body", ['"Accepted"', "Accepted", "request 7 accepted"])
def test_submit_response_that_names_no_export_is_shown(sim, clock, body):
    """A spent export is not forgotten without showing what came, JSON or not."""
    sim.faults.add(Fault("submit", "status", status=202, body=body))

    out = run_tables(table_settings(sim), clock)

    assert body.strip('"') in str(failure(out))
    assert len(submits(sim)) == 1


def test_submit_response_without_location_names_the_export_in_its_body(simulate, clock):
    """An `exportId` in the body is enough."""
    sim = simulate(location="absent")

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(submits(sim)) == 1


def test_export_unknown_in_its_first_minute_is_polled_on(simulate, clock):
    """A 404 for a young export is not its end."""
    sim = simulate(unseen_polls=3)

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert [seen.status for seen in polls(sim)][:4] == [404, 404, 404, 200]


def test_export_unknown_after_its_first_minute_has_expired(simulate, clock):
    """A 404 that stays ends the export after a minute."""
    sim = simulate(unseen_polls=999)

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert polls(sim)[-1].at - submits(sim)[0].at < timedelta(minutes=2)

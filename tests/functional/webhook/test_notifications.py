"""The completion webhook: one POST for every committed window."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.support.examples import json_jobs
from tests.support.expectations import audit_events, failure
from tests.support.run import Killed, run_tap
from tests.support.scenes import FILE_SCENES
from tests.support.webhook import PATH, SHAPE, exact, with_webhook


def test_one_post_a_window(sim, clock, listener):
    """Every committed window is posted once, in order, with what is known of it."""
    out = json_jobs.run_exports(with_webhook(sim, listener, 3), clock)

    assert out.error is None
    assert listener.windows == ["2026-03-15", "2026-03-16", "2026-03-17"]
    assert [told["job_id"] for told in listener.told] == [
        job.id for job in json_jobs.export_jobs(sim)
    ]
    first = listener.told[0]
    assert list(first) == SHAPE
    assert first == {
        "source": "tap-cxone",
        "event": "window_committed",
        "family": json_jobs.FAMILY,
        "stream": json_jobs.STREAM,
        "job_id": json_jobs.export_jobs(sim)[0].id,
        "window_start": "2026-03-15T00:00:00+00:00",
        "window_end": "2026-03-16T00:00:00+00:00",
        "record_count": len(json_jobs.expected_conversations(sim)),
        "timestamp": audit_events(listener.log, "window_committed")[0]["at"],
    }


def test_it_is_json(sim, clock, listener):
    """The news is JSON, posted to the address as it is set."""
    json_jobs.run_exports(with_webhook(sim, listener), clock)

    ((where, headers, _),) = listener.seen
    assert where == PATH
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("tap-cxone/")
    assert "authorization" not in headers


def test_webhook_headers_are_sent(sim, clock, listener):
    """Headers that are set are sent."""
    own = {"Authorization": "Bearer abc", "X-Team": "data"}

    json_jobs.run_exports(with_webhook(sim, listener, headers=own), clock)

    ((_, headers, _),) = listener.seen
    assert (headers["authorization"], headers["x-team"]) == ("Bearer abc", "data")


@pytest.mark.parametrize(
    ("family", "stream"), {scene.family: scene.stream for scene in FILE_SCENES}.items()
)
def test_webhook_notifies_windows_of_every_family(sim, clock, listener, family, stream):
    """Windows of every family are notified."""
    config = with_webhook(sim, listener, sample_size=1)
    config |= tap_settings(sim.url, families=ALL_FAMILIES)

    out = run_tap(config, clock=clock, only=stream)

    (told,) = listener.told
    assert out.error is None
    assert (told["family"], told["stream"]) == (family, stream)
    assert told["record_count"] == len(out.records(stream)) > 0
    assert told["data_sample"] == exact(out.records(stream)[:1])


def test_empty_window_is_notified(simulate, clock, listener):
    """A window without rows is notified too."""
    sim = simulate(rows_per_day=0)

    json_jobs.run_exports(with_webhook(sim, listener, sample_size=5), clock)

    assert listener.told[0]["record_count"] == 0
    assert listener.told[0]["data_sample"] == []


def test_what_is_counted(simulate, clock, listener):
    """Only records that left are counted: neither repeats nor what went to the quarantine."""
    sim = simulate(rows_per_day=120, invalid_elements=7, duplicates=9)

    out = json_jobs.run_exports(with_webhook(sim, listener), clock)

    assert len(out.records("quarantine")) == 7
    assert (
        listener.told[0]["record_count"]
        == len(json_jobs.expected_conversations(sim))
        == len(json_jobs.conversation_ids(out))
    )


def test_it_comes_after_the_state(sim, clock, listener):
    """A window is notified only after its STATE is emitted."""
    config = with_webhook(sim, listener, 2)
    whole = json_jobs.run_exports(config, clock)
    marks = [
        m.get("value", {}).get("bookmarks", {}).get(json_jobs.STREAM, {}) for m in whole.messages
    ]
    commits = [
        place + 1
        for place, (before, mark) in enumerate(pairwise([{}, *marks]))
        if mark.get("replication_key_value") != before.get("replication_key_value")
        and mark.get("replication_key_value")
        and whole.messages[place]["type"] == "STATE"
    ]
    listener.seen.clear()

    cut = json_jobs.run_exports(config, clock, cut_after=commits[0])
    assert isinstance(cut.error, Killed)
    assert listener.told == []

    json_jobs.run_exports(config, clock, cut_after=commits[0] + 1)
    assert listener.windows == ["2026-03-15"]


def test_window_not_committed_is_not_notified(sim, clock, listener):
    """A window that is not committed is not notified."""
    sim.faults.add(Fault("download", "html", after=1, times=9))

    out = json_jobs.run_exports(with_webhook(sim, listener, 3), clock)

    assert isinstance(failure(out), Exception)
    assert listener.windows == ["2026-03-15"]

"""The completion webhook: the events that it reports, their bodies and their signature."""

from __future__ import annotations

import hashlib
import hmac
import signal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.support.examples import json_jobs, quota_jobs
from tests.support.expectations import audit_events, warnings_logged
from tests.support.run import run_tap
from tests.support.webhook import with_webhook

if TYPE_CHECKING:
    from tap_cxone.events.local_file import LocalFile
    from tests.support.webhook import Listener

COMMITS_AND_END = ["window_committed", "run_ended"]


class InterruptedTap(TapCXone):
    """A tap that receives a signal before its first request."""

    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        self.signals.record(signal.SIGTERM)
        super().sync_all()


def reported(listener: Listener, event: str) -> list[dict[str, Any]]:
    """Return the bodies of one event that a listener received."""
    return [body for body in listener.told if body["event"] == event]


def test_webhook_reports_a_stream_that_failed(sim, clock, listener):
    """A stream that failed is reported with its reason."""
    sim.faults.add(Fault("submit", "job-failed"))

    json_jobs.run_exports(with_webhook(sim, listener, events=["stream_failed"]), clock)

    (body,) = listener.told
    (line,) = audit_events(listener.log, "stream_failed")
    assert (body["event"], body["stream"]) == ("stream_failed", json_jobs.STREAM)
    assert body["reason"] == line["reason"]
    assert body["timestamp"] == line["at"]


def test_webhook_reports_failed_stream_on_a_full_disk(sim, clock, listener, tmp_path, monkeypatch):
    """A failed stream is reported even if the audit log cannot be written."""
    sim.faults.add(Fault("submit", "job-failed"))
    config = with_webhook(sim, listener, events=["stream_failed"])
    monkeypatch.setattr("tap_cxone.events.local_file.LocalFile.append", _full_disk)

    json_jobs.run_exports(config, clock)

    assert [body["event"] for body in listener.told] == ["stream_failed"]


def _full_disk(_file: LocalFile, line: bytes) -> None:
    if b'"event": "stream_failed"' in line:
        raise OSError(28, "No space left on device")


def test_webhook_reports_quarantined_rows(simulate, clock, listener):
    """A committed window with invalid rows is reported with their number."""
    sim = simulate(rows_per_day=120, invalid_elements=7)

    json_jobs.run_exports(with_webhook(sim, listener, events=["quarantine"]), clock)

    (body,) = listener.told
    assert (body["event"], body["quarantined"]) == ("quarantine", 7)
    assert body["window_start"] == "2026-03-15T00:00:00+00:00"


def test_webhook_reports_no_quarantine_without_invalid_rows(sim, clock, listener):
    """A window without invalid rows is no event of the quarantine."""
    json_jobs.run_exports(with_webhook(sim, listener, events=["quarantine"]), clock)

    assert listener.told == []


def test_webhook_reports_new_columns_as_drift(sim, clock, listener):
    """New columns of a later file are reported with their names."""
    row = '{"id":"a","type":"bot","dateFrom":null,"dateTo":null,"botId":null,"agentId":null,'
    body = f'[{row}"duration":1,"mood":"good"}}]'
    sim.faults.add(Fault("download", "bytes", body=body))

    json_jobs.run_exports(with_webhook(sim, listener, events=["drift"]), clock)

    (told,) = listener.told
    assert (told["event"], told["stream"], told["columns"]) == ("drift", json_jobs.STREAM, ["mood"])


def test_webhook_reports_a_stuck_job(sim, clock, listener):
    """A job that still runs at its time limit is reported with its status and its age."""
    sim.faults.add(Fault("submit", "job-stuck", times=9))

    json_jobs.run_exports(with_webhook(sim, listener, events=["job_stuck"]), clock)

    (told,) = listener.told
    assert (told["event"], told["job_id"]) == ("job_stuck", json_jobs.export_jobs(sim)[0].id)
    assert told["seconds"] >= 30 * 60
    assert "next run" in told["outcome"]


def test_webhook_reports_an_exhausted_quota(sim, clock, listener):
    """A stream that stops at its quota is reported."""
    config = with_webhook(sim, listener, 5, events=["quota_exhausted"])
    config |= tap_settings(sim.url, families=ALL_FAMILIES)
    config[quota_jobs.FAMILY] = {"window_days": 1}

    run_tap(config, clock=clock, only=quota_jobs.KB)

    (told,) = listener.told
    assert (told["event"], told["stream"]) == ("quota_exhausted", quota_jobs.KB)


def test_webhook_reports_a_quota_that_fails_the_stream(sim, clock, listener):
    """With `on_quota_exhausted: fail` both events are reported."""
    config = with_webhook(sim, listener, 5, events=["quota_exhausted", "stream_failed"])
    config |= tap_settings(sim.url, families=ALL_FAMILIES)
    config |= {quota_jobs.FAMILY: {"window_days": 1}, "on_quota_exhausted": "fail"}

    run_tap(config, clock=clock, only=quota_jobs.KB)

    quota, failed = listener.told
    assert (quota["event"], failed["event"]) == ("quota_exhausted", "stream_failed")
    assert quota["until"] == failed["until"] > quota["timestamp"]


def test_webhook_reports_the_end_of_a_run(sim, clock, listener):
    """The end of the run is the last notification, with its outcome."""
    json_jobs.run_exports(with_webhook(sim, listener, 2, events=COMMITS_AND_END), clock)

    events = [body["event"] for body in listener.told]
    (ended,) = reported(listener, "run_ended")
    assert events == ["window_committed", "window_committed", "run_ended"]
    assert (ended["outcome"], ended["failed"]) == ("complete", [])
    assert (ended["undelivered_count"], ended["undelivered"]) == (0, [])


def test_webhook_reports_at_the_end_what_was_not_delivered(sim, clock, listener):
    """The end of the run lists what could not be delivered, even after the webhook was disabled."""
    listener.script = [400] * 3

    json_jobs.run_exports(with_webhook(sim, listener, 5, events=COMMITS_AND_END), clock)

    (ended,) = reported(listener, "run_ended")
    assert ended["undelivered_count"] == 5
    assert [lost["window_start"][:10] for lost in ended["undelivered"]] == [
        f"2026-03-{day}" for day in (15, 16, 17, 18, 19)
    ]
    assert {lost["event"] for lost in ended["undelivered"]} == {"window_committed"}


def test_webhook_without_run_ended_logs_what_was_not_delivered(sim, clock, listener, caplog):
    """Without the event run_ended the log has the number of lost notifications."""
    listener.always = 400

    json_jobs.run_exports(with_webhook(sim, listener, 5), clock)

    assert [w for w in warnings_logged(caplog) if "5 notifications of this run" in w]


def test_webhook_reports_an_interrupted_run(sim, clock, listener):
    """A run that a signal ends is reported as interrupted."""
    config = with_webhook(sim, listener, events=["run_ended"])

    json_jobs.run_exports(config, clock, tap_class=InterruptedTap)

    (ended,) = listener.told
    assert ended["outcome"] == "interrupted"


def test_webhook_signature_is_hmac_of_the_body(sim, clock, listener):
    """With a secret the header has the HMAC-SHA256 of the very bytes that were sent."""
    json_jobs.run_exports(with_webhook(sim, listener, sample_size=1, secret="S1GNING-K3Y"), clock)

    ((_, headers, body),) = listener.seen
    digest = hmac.new(b"S1GNING-K3Y", body, hashlib.sha256).hexdigest()
    assert headers["x-signature-256"] == f"sha256={digest}"


def test_webhook_without_secret_has_no_signature(sim, clock, listener):
    """Without a secret there is no signature header."""
    json_jobs.run_exports(with_webhook(sim, listener), clock)

    ((_, headers, _),) = listener.seen
    assert "x-signature-256" not in headers


def test_webhook_event_unknown_is_a_setting_error(sim, clock, listener):
    """An event that does not exist is a mistake of the settings."""
    out = json_jobs.run_exports(with_webhook(sim, listener, events=["finished"]), clock)

    assert "completion_webhook.events" in str(out.error)

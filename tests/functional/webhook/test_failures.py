"""The completion webhook: listeners that fail, and what logs never show of them."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING

import pytest

from tap_cxone.simulator import Fault
from tests.support.examples import json_jobs
from tests.support.expectations import audit_events, failure, warnings_logged
from tests.support.ids import readable
from tests.support.webhook import PATH, with_webhook

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import Output


# When it does not listen


def everything(out: Output, sim: Simulator, number: int) -> bool:
    """Return True if a run succeeded, with all of its rows."""
    return out.error is None and json_jobs.conversation_ids(out) == [
        row["id"] for row in json_jobs.expected_conversations(sim, number)
    ]


@pytest.mark.parametrize("answer", [500, 503, "hang up", 400, 404, 302, 307])
def test_failed_notification_is_logged_and_audited(sim, clock, listener, caplog, answer):
    """A failed notification is logged and audited; the run succeeds."""
    listener.always = answer

    out = json_jobs.run_exports(with_webhook(sim, listener), clock)

    (line,) = audit_events(listener.log, "webhook_failed")
    assert everything(out, sim, 1)
    assert len(listener.seen) == (3 if answer in {500, 503, "hang up"} else 1)
    assert {where for where, _, _ in listener.seen} == {PATH}
    assert any("its notification failed" in warning for warning in warnings_logged(caplog))
    assert line["host"] == f"127.0.0.1:{listener.server_port}"
    assert line["stream"] == json_jobs.STREAM
    assert audit_events(listener.log, "webhook_sent") == []


@pytest.mark.parametrize("failures", [["hang up"], [500], [500, 503], [429]], ids=readable)
def test_webhook_failure_that_passes_is_retried(sim, clock, listener, caplog, failures):
    """A failure that passes is tried again, and is none."""
    listener.script = list(failures)

    json_jobs.run_exports(with_webhook(sim, listener), clock)

    (line,) = audit_events(listener.log, "webhook_sent")
    assert len(listener.seen) == len(failures) + 1
    assert len({body for _, _, body in listener.seen}) == 1
    assert line["latency_ms"] > 0
    assert audit_events(listener.log, "webhook_failed") == []
    assert not any("its notification failed" in warning for warning in warnings_logged(caplog))


@pytest.mark.ci
def test_silent_listener_counts_as_failed(sim, clock, listener):
    """A listener that does not answer in time is one that fails."""
    listener.always = "silence"

    out = json_jobs.run_exports(with_webhook(sim, listener, timeout_seconds=0.2), clock)

    assert everything(out, sim, 1)
    assert len(listener.seen) == 3
    assert len(audit_events(listener.log, "webhook_failed")) == 1


def test_webhook_address_without_listener_fails(sim, clock, tmp_path):
    """An address without a listener is a failure."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "audit.jsonl"
    config = json_jobs.export_settings(sim, 1, audit_log_path=str(path))
    config["completion_webhook"] = {"url": f"http://127.0.0.1:{port}/"}

    out = json_jobs.run_exports(config, clock)

    assert everything(out, sim, 1)
    assert len(audit_events(path, "webhook_failed")) == 1


def test_webhook_is_disabled_after_three_failures(sim, clock, listener, caplog):
    """After three failed notifications in a row the webhook is disabled, with one warning."""
    listener.always = 400

    out = json_jobs.run_exports(with_webhook(sim, listener, 5), clock)

    assert everything(out, sim, 5)
    assert listener.windows == ["2026-03-15", "2026-03-16", "2026-03-17"]
    assert len(audit_events(listener.log, "webhook_failed")) == 3
    assert len([w for w in warnings_logged(caplog) if "Webhook disabled" in w]) == 1


def test_not_in_a_row(sim, clock, listener):
    """A success in between starts the count again."""
    listener.script = [400, 400, 204, 400, 400]

    json_jobs.run_exports(with_webhook(sim, listener, 5), clock)

    assert len(listener.seen) == 5
    assert len(audit_events(listener.log, "webhook_failed")) == 4
    assert len(audit_events(listener.log, "webhook_sent")) == 1


def test_webhook_success_without_json_is_a_success(sim, clock, listener):
    """Whatever words a listener answers with, a success is one."""
    listener.always, listener.words = 200, "<html>thanks"

    json_jobs.run_exports(with_webhook(sim, listener), clock)

    assert len(audit_events(listener.log, "webhook_sent")) == 1


def test_failed_notification_does_not_hide_a_failed_stream(sim, clock, listener):
    """A webhook that fails does not hide the failure of a stream."""
    listener.always = 500
    sim.faults.add(Fault("submit", "job-failed", after=1))

    out = json_jobs.run_exports(with_webhook(sim, listener, 2), clock)

    assert "job" in str(failure(out))
    assert listener.windows == ["2026-03-15"] * 3


# What never shows


@pytest.mark.promise("no-secrets")
@pytest.mark.some(5)
@pytest.mark.parametrize("answer", [204, 302, 400, 404, 500, "hang up", "silence"])
@pytest.mark.parametrize("echo", ["", "url", "path", "headers"])
def test_neither_address_nor_headers_show(sim, listener, caplog, answer, echo):
    """The address and the headers are in no log, even if the listener repeats them."""
    caplog.set_level(logging.DEBUG)
    own = {"Authorization": "Bearer T0KENVALUE", "X-Key": "K3YVALUE"}
    listener.always = answer
    listener.words = {
        "": "",
        "url": f"Cannot POST {listener.url}",
        "path": f"Cannot POST {PATH}",
        "headers": json.dumps(own),
    }[echo]

    config = with_webhook(sim, listener, headers=own, timeout_seconds=0.05)
    out = json_jobs.run_exports(config, sim.backend.clock)

    said = caplog.text + listener.log.read_text() + str(out.error)
    assert out.error is None
    assert [word for word in ("T0PSECRET", "T0KENVALUE", "K3YVALUE") if word in said] == []

"""Scheduled reports: no secret is in a message."""

from __future__ import annotations

import json
import logging

import pytest

from tap_cxone.simulator import Credentials, Fault
from tests.support.expectations import failure
from tests.support.scheduled_reports import OTHER, QUEUES, STREAM, report_settings, run_reports


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize("result", ["inline", "csv"])
def test_report_logs_contain_no_secret(simulate, clock, caplog, hasty, result):
    """Neither the secret, nor a token, nor a link's key is in what is logged."""
    caplog.set_level(logging.DEBUG)
    sim = simulate(report_result=result, page_size_reports=3)
    tell = f"{Credentials.CLIENT_SECRET} and what not"
    sim.faults.add(
        Fault("list", "status", status=500, body=tell),
        Fault("poll", "status", status=500, body=tell),
        Fault("page", "status", status=500, body=tell),
        Fault("page", "reset"),
        Fault("download", "expired-link"),
        Fault("download", "status", status=500, body=tell),
        Fault("download", "truncated"),
    )

    out = run_reports(report_settings(sim, 2), clock)

    text = caplog.text + json.dumps(out.messages)
    sent = {seen.headers.get("authorization", "Bearer -----").split()[1] for seen in sim.requests}
    keys = {seen.query.get("X-Amz-Signature", "-----") for seen in sim.requests}
    assert out.error is None
    assert Credentials.CLIENT_SECRET not in text
    assert "sim-access-token" not in text
    assert not any(secret in text for secret in sent - {"-----"})
    assert not any(secret in text for secret in keys - {"-----"})


def test_a_failure_holds_no_secret(simulate, clock, caplog):
    """Nor is one in the words of a failed run, or of a refused one."""
    caplog.set_level(logging.DEBUG)
    sim = simulate()
    told = f"no access with {Credentials.CLIENT_SECRET}"
    sim.faults.add(Fault("run", "job-failed", body=told))
    sim.faults.add(Fault("run", "status", status=400, body=told))

    out = run_reports(report_settings(sim, more=[QUEUES]), clock)

    assert "no access with" in str(failure(out, STREAM))
    assert "no access with" in str(failure(out, OTHER))
    assert Credentials.CLIENT_SECRET not in str(out.error) + caplog.text

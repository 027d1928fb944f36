"""Scheduled reports: no secret is in a message."""

from __future__ import annotations

import json
import logging

import pytest

from tap_cxone.simulator import Credentials, Fault
from tests.support.scheduled_reports import report_settings, run_reports


@pytest.mark.promise("no-secrets")
def test_report_logs_contain_no_secret(simulate, clock, caplog, hasty):
    """Neither the secret, nor a token, nor a link's key is in what is logged."""
    caplog.set_level(logging.DEBUG)
    sim = simulate(report_result="csv", page_size_reports=3)
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

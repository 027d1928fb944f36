"""Analytics exports: no secret is in a message."""

from __future__ import annotations

import logging

import pytest

from tap_cxone.simulator import Credentials, Fault
from tests.support.analytics_exports import export_settings, run_exports


@pytest.mark.promise("no-secrets")
def test_export_logs_contain_no_secret(sim, clock, caplog):
    """Neither the secret nor a token is in what is logged."""
    caplog.set_level(logging.DEBUG)
    sim.faults.add(Fault("download", "corrupt-gzip"), Fault("poll", "status", status=500))

    run_exports(export_settings(sim, 2), clock)

    assert Credentials.CLIENT_SECRET not in caplog.text
    assert "sim-access-token" not in caplog.text

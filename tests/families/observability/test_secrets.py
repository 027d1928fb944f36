"""Observability: no secret is in a message."""

from __future__ import annotations

import base64
import json
import logging
from urllib.parse import quote

import pytest

from tap_cxone.simulator import Credentials, Fault, Simulator
from tests.support.expectations import failure
from tests.support.observability import all_output, run_tables, table_settings
from tests.support.requests import downloads


def secrets(sim: Simulator) -> list[str]:
    """Return what no message may hold."""
    pair = f"{Credentials.CLIENT_ID}:{Credentials.CLIENT_SECRET}"
    plain = [
        Credentials.CLIENT_SECRET,
        Credentials.ACCESS_KEY_ID,
        Credentials.ACCESS_KEY_SECRET,
    ]
    links = [seen.query["X-Amz-Signature"] for seen in downloads(sim)]
    encoded = [quote(secret, safe="") for secret in plain]
    tokens = "sim-access-token-", "sim-refresh-token-", "sim-id-token-"
    return [*plain, *encoded, base64.b64encode(pair.encode()).decode(), *tokens, *links]


@pytest.mark.parametrize("place", ["token", "submit", "poll"])
def test_table_error_repeats_no_secret(sim, clock, caplog, place):
    """No secret shows in an error, not even the header of the login that the API repeats."""
    caplog.set_level(logging.INFO)
    pair = base64.b64encode(f"{Credentials.CLIENT_ID}:{Credentials.CLIENT_SECRET}".encode())
    echo = {
        "message": f"Wrong secret {Credentials.CLIENT_SECRET} {Credentials.ACCESS_KEY_SECRET}",
        "headers": f"Authorization: Basic {pair.decode()}",
        "form": f"username={quote(Credentials.ACCESS_KEY_ID, safe='')}&password=x",
    }
    sim.faults.add(Fault(place, "status", status=400, body=json.dumps(echo), times=9))

    out = run_tables(table_settings(sim) | {"client_auth_method": "client_secret_basic"}, clock)

    assert "Wrong secret" in str(failure(out))
    assert [secret for secret in secrets(sim) if secret in all_output(out, caplog)] == []

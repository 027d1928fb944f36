"""The audit log: no secret, and no value of a row."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tap_cxone.simulator import Credentials, Fault
from tests.support.audit_log import EVERYWHERE, FAMILIES, audit_settings, every
from tests.support.examples import json_jobs
from tests.support.expectations import failure
from tests.support.run import run_tap, select

SECRETS = [
    Credentials.ACCESS_KEY_SECRET,
    Credentials.CLIENT_SECRET,
    "sim-access-token",
    "Bearer",
    "signature",
    "?",
]


@pytest.mark.promise("no-secrets")
@EVERYWHERE
@pytest.mark.parametrize("bad", [False, True])
def test_no_secret_and_no_value(simulate, clock, audit_log, family, bad):
    """Neither a secret, nor a signed query, nor what stands in a row is in any line."""
    sim = simulate(invalid_elements=5, rows_per_day=48)
    stream, entity = FAMILIES[family]
    if bad:
        sim.faults.add(
            Fault("poll", "status", status=401),
            Fault("download", "status", status=500, body='{"token": "Bearer sim-access-token-1"}'),
        )
    config = every(sim, audit_log, max_invalid_ratio=1)

    run_tap(config, clock=clock, catalog=select(config, stream, "quarantine"))

    text = audit_log.read_text()
    rows = sim.expected_rows(entity, json_jobs.START, json_jobs.START + timedelta(days=1))
    cells = {c for r in rows for c in r.values() if isinstance(c, str) and len(c) > 7}
    assert len(cells) > 20
    assert [secret for secret in SECRETS if secret in text] == []
    assert [cell for cell in cells if json.dumps(cell)[1:-1] in text] == []


@pytest.mark.promise("no-secrets")
@pytest.mark.some(3)
@pytest.mark.parametrize(
    "body",
    [
        "SECRETVALUE,1,SECRETVALUE\r\nSECRETVALUE,2,SECRETVALUE\r\n",
        '[{"id":"SECRETVALUE","duration":"SECRETVALUE"}]',
        '[{"id":"SECRETVALUE"} "SECRETVALUE"]',
        '["SECRETVALUE"]',
        "SECRETVALUE",
        '<html>SECRETVALUE"',
        "id,type,dateFrom,dateTo,botId,agentId,duration\r\n"
        + "SECRETVALUE,1,1,1,1,1,1,SECRETVALUE\r\n" * 9,
        "id,type,dateFrom,dateTo,botId,agentId,duration\r\nSECRETVALUE\r\n",
        'id,type,dateFrom,dateTo,botId,agentId,duration\r\n"SECRETVALUE',
    ],
)
def test_no_value_of_a_file_that_fails(sim, clock, audit_log, caplog, body):
    """Nor does a file that fails its stream show its values, in the log or in the error."""
    sim.faults.add(Fault("download", "bytes", body=body, times=9))

    out = json_jobs.run_exports(audit_settings(sim, audit_log), clock)

    assert "SECRETVALUE" not in str(failure(out))
    assert "SECRETVALUE" not in audit_log.read_text()
    assert "SECRETVALUE" not in caplog.text

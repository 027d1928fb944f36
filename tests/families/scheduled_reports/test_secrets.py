"""Scheduled reports: no secret and no value of a row is in a message."""

from __future__ import annotations

import json
import logging

import pytest

from tap_cxone.simulator import Credentials, Fault
from tests.support.expectations import failure
from tests.support.scheduled_reports import answer, report_settings, run_reports


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


ROW_ANSWERS = {
    "unknown status": ({"state": "hibernating"}, '"state": "hibernating"'),
    "no status": ({}, "does not know the status"),
    "failed": ({"state": "failed"}, '"state": "failed"'),
    "failed, nested": ({"row": {"agentName": "Ada Invented"}, "state": "failed"}, '"agentName"'),
}


@pytest.mark.parametrize("case", ROW_ANSWERS.values(), ids=ROW_ANSWERS)
def test_status_with_the_values_of_a_row_shows_its_keys(sim, clock, caplog, audit_log, case):
    """Of an answer without a known status or reason only the keys and the status are shown."""
    shown_by_the_api, shown = case
    body = {"agentName": "Ada Invented", "handleTime": 76543, **shown_by_the_api}
    answer(sim, "poll", body, times=400)

    out = run_reports(report_settings(sim, audit_log_path=str(audit_log)), clock)

    said = str(failure(out)) + caplog.text + audit_log.read_text()
    assert shown in str(failure(out))
    assert '"agentName": "…"' in str(failure(out))
    assert "Ada" not in said
    assert "76543" not in said


SUBMIT_ANSWERS = {
    "row": '{"agentName": "Ada Invented", "handleTime": 76543}',
    "nested row": '{"row": {"agentName": "Ada Invented"}, "score": 76543}',
    "list of values": '["Ada Invented", 76543]',
    "text of a table": '"Ada Invented;76543;2"',
}


@pytest.mark.parametrize("body", SUBMIT_ANSWERS.values(), ids=SUBMIT_ANSWERS)
def test_submit_answer_with_the_values_of_a_row_shows_none(sim, clock, caplog, audit_log, body):
    """Of an answer that names no job only the keys, the status and its words are shown."""
    sim.faults.add(Fault("run", "status", status=201, body=body, times=99))

    out = run_reports(report_settings(sim, audit_log_path=str(audit_log)), clock)

    said = str(failure(out)) + caplog.text + audit_log.read_text()
    assert "names no run" in str(failure(out))
    assert "Ada" not in said
    assert "76543" not in said

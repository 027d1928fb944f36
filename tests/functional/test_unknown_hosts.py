"""A host that does not respond: a line at once, few retries if DNS knows no such name."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import UnknownHost
from tap_cxone.simulator import Fault
from tests.support.clocks import ActingClock
from tests.support.examples import csv_jobs, full_lists
from tests.support.expectations import failure, warnings_logged
from tests.support.name_server import UNKNOWN_HOST, NameServer
from tests.support.requests import submits
from tests.support.run import offline_catalog, run_tap
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from typing import Any

LOGIN = f"https://{UNKNOWN_HOST}/authentication/v1/token/access-key"
REMEDY = (
    f"check region, tenant, base_url and endpoints, which name the host ({UNKNOWN_HOST}), then "
    "DNS, the firewall and the proxy (HTTPS_PROXY)"
)


@pytest.fixture
def clock() -> ActingClock:
    """Return a clock at noon that runs an action at one of its sleeps."""
    return ActingClock()


@pytest.fixture
def name_server(monkeypatch) -> NameServer:
    """Return the name server of the test."""
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    return server


def test_unknown_host_ends_within_seconds(sim, clock, name_server):
    """A name that DNS does not know is a wrong region; minutes of retries would not change it."""
    out = run_stream(stream_settings(sim, base_url=f"https://{UNKNOWN_HOST}"), clock)

    assert isinstance(failure(out), UnknownHost)
    assert str(failure(out)) == (
        f"POST {LOGIN}: NameResolutionError (Name or service not known); no connection; "
        f"tried 4 times (no host has responded in this run); {REMEDY}"
    )
    assert sum(clock.slept, timedelta(0)) <= timedelta(seconds=7)


def test_unknown_host_is_a_warning_with_the_few_retries(sim, clock, name_server, caplog):
    """The line at the first failure has the host, the cause, the retries and the remedy."""
    out = run_stream(stream_settings(sim, base_url=f"https://{UNKNOWN_HOST}"), clock)

    assert out.error is not None
    assert warnings_logged(caplog) == [
        f"A request failed: POST {LOGIN}: NameResolutionError (Name or service not known); no "
        "connection; trying again up to 3 times in about 7 s (no host has responded in this run). "
        f"If all fail: {REMEDY}"
    ]


def test_unknown_host_without_retries_is_tried_once(sim, clock, name_server):
    """`max_retries` remains the upper limit."""
    changes: dict[str, Any] = {"base_url": f"https://{UNKNOWN_HOST}", "max_retries": 0}

    out = run_stream(stream_settings(sim, **changes), clock)

    assert name_server.lookups == [UNKNOWN_HOST]
    assert "tried once (max_retries)" in str(failure(out))


def test_name_server_that_does_not_respond_is_retried(sim, clock, name_server):
    """Without an answer of DNS the name may be right, so all retries are used."""
    name_server.code = socket.EAI_AGAIN
    changes: dict[str, Any] = {"base_url": f"https://{UNKNOWN_HOST}", "max_retries": 5}

    out = run_stream(stream_settings(sim, **changes), clock)

    assert not isinstance(failure(out), UnknownHost)
    assert "tried 6 times (max_retries)" in str(failure(out))


def test_unknown_proxy_ends_within_seconds(sim, clock, name_server, monkeypatch):
    """The name of a proxy is a name too, and the error has the variable that names it."""
    config = stream_settings(sim)
    del config["base_url"]
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")

    out = run_stream(config, clock)

    assert name_server.lookups == ["proxy.invalid"] * 4
    assert "the proxy does not respond; tried 4 times" in str(failure(out))
    assert "correct HTTPS_PROXY" in str(failure(out))


def test_name_that_is_lost_in_mid_run_is_retried(sim, clock, name_server):
    """A laptop's DNS may forget every name for a while: a host that responded is right."""
    sim.faults.add(Fault("poll", "reset"))
    clock.at(1, lambda: setattr(name_server, "failures", 6))  # the wait before the first poll
    config = stream_settings(sim, base_url=sim.url.replace("127.0.0.1", "localhost"))

    out = run_stream(config, clock)

    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert name_server.lookups == ["localhost"] * 6


def test_unknown_host_of_a_second_family_is_retried(sim, clock, name_server):
    """What responds to one family shows that DNS works, so a failure of it may pass."""
    elsewhere = {f"{csv_jobs.FAMILY}_token": LOGIN}
    config = stream_settings(sim, max_retries=5, endpoints=elsewhere)
    config[full_lists.FAMILY] = {}

    out = run_tap(config, clock=clock, catalog=offline_catalog("agents", STREAM))

    assert out.records("agents")
    assert "tried 6 times (max_retries)" in str(failure(out, STREAM))


def test_submit_that_is_sent_again_is_a_warning_once(sim, clock, caplog):
    """A refused submit has a line at its first failure; the next ones are as expected."""
    sim.faults.add(Fault("async", "status", status=503, body="Down for repairs", times=2))

    out = run_stream(stream_settings(sim, max_retries=3), clock)

    (warning,) = warnings_logged(caplog)
    assert out.error is None
    assert len(submits(sim)) == 3
    assert warning.startswith(
        "qm-workflows version 4, 2026-03-18Z to 2026-03-19Z: the submit failed: "
    )
    assert "Down for repairs; trying again up to 3 times in about 3:30 min" in warning


def test_login_is_a_line_before_its_request(sim, clock, caplog, name_server):
    """A host that drops packets is silent for half a minute: the log says what is requested."""
    caplog.set_level("INFO")

    run_stream(stream_settings(sim, base_url=f"https://{UNKNOWN_HOST}"), clock)

    messages = [record.getMessage() for record in caplog.records]
    failed = next(n for n, text in enumerate(messages) if "no connection" in text)
    assert messages.index(f"Logging in: POST {LOGIN}") < failed

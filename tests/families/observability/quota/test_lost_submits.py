"""Observability: submits whose response was lost."""

from __future__ import annotations

import re
import socket
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tap_cxone.errors import AmbiguousSubmit, StreamsFailed
from tap_cxone.simulator import Fault
from tests.support.expectations import failure
from tests.support.observability import (
    BASE,
    HOUR,
    KB,
    PATHS,
    expected_keys,
    quota_settings,
    record_keys,
    run_tables,
)
from tests.support.requests import submits

if TYPE_CHECKING:
    from requests import PreparedRequest, Response


LOST = [
    Fault("submit", "reply-lost"),
    Fault("submit", "status", status=202, body=""),
    Fault("submit", "status", status=202, body="", headers=(("Location", f"{BASE}/export-data"),)),
]


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.kind} {fault.status or ''}")
def test_table_submit_lost_counts_as_spent(sim, clock, fault):
    """It counts as spent and is not repeated; its stream fails and explains itself."""
    sim.faults.add(fault)

    out = run_tables(quota_settings(sim, "2026-03-15T00:00:00Z"), clock)

    assert isinstance(failure(out), AmbiguousSubmit)
    assert "no list of jobs" in str(failure(out))
    assert PATHS[KB] in str(failure(out))
    assert len(submits(sim)) == 1
    assert len(out.state["bookmarks"][KB]["submits"]["observability"]) == 1
    assert "pending_jobs" not in out.state["bookmarks"][KB]


def test_lost_submit_counts_as_an_export(sim, clock):
    """Two more exports are left for the other tables, in this run and the next."""
    sim.faults.add(Fault("submit", "reply-lost"))
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run_tables(config, clock, *PATHS)
    clock.instant += HOUR

    second = run_tables(config, clock, *PATHS, state=first.state)

    assert isinstance(first.error, StreamsFailed)
    assert len(first.error.failures) == 1
    assert len(first.counts()) == 2
    assert second.error is None
    assert len(submits(sim)) == 3
    assert sim.quota_violations == 0


def test_lost_submit_is_repeated_by_the_next_run(sim, clock):
    """The next run with an export left reads the window again."""
    sim.faults.add(Fault("submit", "reply-lost"))
    config = quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z")
    first = run_tables(config, clock)

    second = run_tables(config, clock, state=first.state)

    assert second.error is None
    assert record_keys(second.records(KB)) == expected_keys(
        sim, KB, date(2026, 3, 18), date(2026, 3, 19)
    )
    assert sim.exports == 2


def test_submit_response_without_json_is_enough_with_location(sim, clock):
    """A Location is enough: what else the answer says matters not, be it no JSON."""
    headers = (("Location", f"{BASE}/export-data/ID-7"), ("Content-Type", "text/plain"))
    sim.faults.add(
        Fault("submit", "status", status=202, headers=headers, body="Accepted"),
        Fault("poll", "status", status=200, body='{"status": "Failed", "message": "Found it"}'),
    )

    out = run_tables(quota_settings(sim, "2026-03-18T00:00:00Z", "2026-03-19T00:00:00Z"), clock)

    assert "Found it" in str(failure(out))


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize(
    "fault",
    [
        Fault("submit", "status", status=503),
        Fault("submit", "status", status=429, headers=(("Retry-After", "7"),)),
        Fault("submit", "status", status=409),
        Fault("submit", "status", status=401),
    ],
    ids=lambda fault: str(fault.status),
)
def test_table_submit_without_effect_is_repeated(sim, clock, fault):
    """It is repeated and counts for nothing: three exports are there still."""
    sim.faults.add(fault)

    out = run_tables(quota_settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z"), clock)

    assert out.error is None
    assert out.bookmark(KB) == "2026-03-20T00:00:00+00:00"
    assert [post.status for post in submits(sim)] == [fault.status, 202, 202, 202]


class Unreached(HTTPAdapter):
    """Lets the first submit reach no server: refused by a closed port, or never connected."""

    def __init__(self, *, refused: bool) -> None:
        """Miss in one of two ways."""
        super().__init__()
        self.refused = refused
        self.missed: list[str] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send all but the first submit."""
        url = request.url or ""
        if url.endswith("/export-data") and not self.missed:
            self.missed.append(url)
            if not self.refused:
                raise requests.ConnectTimeout
            with socket.create_server(("127.0.0.1", 0)) as server:
                port = server.getsockname()[1]
            request.url = re.sub(r":[0-9]+/", f":{port}/", url)
        return super().send(request, *args, **kwargs)


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("refused", [True, False])
def test_submit_without_connection_is_repeated(sim, clock, monkeypatch, refused):
    """So is one that found no connection: it provably did not arrive."""
    unreached = Unreached(refused=refused)
    monkeypatch.setattr(requests.Session, "get_adapter", lambda *_, **__: unreached)

    out = run_tables(quota_settings(sim, "2026-03-17T00:00:00Z", "2026-03-20T00:00:00Z"), clock)

    assert out.error is None
    assert len(unreached.missed) == 1
    assert out.bookmark(KB) == "2026-03-20T00:00:00+00:00"
    assert [post.status for post in submits(sim)] == [202, 202, 202]


def test_failed_export_counts_as_spent(sim, clock):
    """An export that failed was one: two are left."""
    sim.faults.add(Fault("submit", "job-failed"))
    config = quota_settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")
    first = run_tables(config, clock)

    second = run_tables(config, clock, state=first.state)

    assert second.error is None
    assert second.bookmark(KB) == "2026-03-17T00:00:00+00:00"
    assert sim.exports == 3
    assert sim.quota_violations == 0

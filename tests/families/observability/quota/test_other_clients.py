"""Observability: a quota that other clients use too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from tap_cxone.errors import QuotaExhausted
from tap_cxone.simulator import Credentials
from tests.support.expectations import failure
from tests.support.observability import (
    AS,
    BASE,
    HOUR,
    KB,
    PATHS,
    quota_settings,
    run_tables,
    warnings_about,
)
from tests.support.requests import submits
from tests.support.run import NOON

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator


def export_as_other_client(sim: Simulator, times: int) -> None:
    """Export as another client of the tenant does."""
    login = requests.post(
        f"{sim.url}/auth/token",
        data={
            "grant_type": "password",
            "client_id": Credentials.CLIENT_ID,
            "client_secret": Credentials.CLIENT_SECRET,
            "username": Credentials.ACCESS_KEY_ID,
            "password": Credentials.ACCESS_KEY_SECRET,
        },
        timeout=9,
    )
    for _ in range(times):
        answer = requests.post(
            f"{sim.url}{BASE}/Copilot/AQTable/export-data",
            json={
                "dateRange": {
                    "startDate": "2026-03-18T00:00:00.000Z",
                    "endDate": "2026-03-18T12:00:00.000Z",
                },
                "timeZone": "UTC",
            },
            headers={"Authorization": f"Bearer {login.json()['access_token']}"},
            timeout=9,
        )
        assert answer.status_code == 202


def test_quota_used_up_by_others_stops_the_run(sim, clock, caplog):
    """Where the API refuses what our count would allow, the run stops cleanly at once."""
    export_as_other_client(sim, 2)

    out = run_tables(quota_settings(sim, "2026-03-15T00:00:00Z"), clock, *PATHS)

    ours = submits(sim)[2:]
    assert out.error is None
    assert [post.status for post in ours] == [202, 400]
    assert len(out.counts()) == 1
    assert len(warnings_about(caplog, "next export")) == 1


def test_quota_used_up_by_others_before_the_run_costs_one_submit(sim, clock, caplog):
    """Where others used it all, one submit finds out, for all tables."""
    export_as_other_client(sim, 3)

    out = run_tables(quota_settings(sim, "2026-03-15T00:00:00Z"), clock, *PATHS)

    assert out.error is None
    assert [post.status for post in submits(sim)[3:]] == [400]
    assert out.of("RECORD") == []
    assert len(warnings_about(caplog, "next export")) == 1


def test_quota_used_up_by_others_returns_within_a_day(sim, clock, caplog):
    """The times of other clients' exports are unknown: one is possible after a day."""
    export_as_other_client(sim, 3)
    clock.instant += 5 * HOUR

    run_tables(quota_settings(sim, "2026-03-15T00:00:00Z"), clock)

    (warning,) = warnings_about(caplog, "next export")
    assert "2026-03-21 17:00 UTC" in warning


def test_quota_used_up_by_others_and_us_returns_with_our_oldest_export(sim, clock, caplog):
    """Where an export of ours is among them, one is possible when that is a day old."""
    config = quota_settings(sim, "2026-03-15T00:00:00Z", exports_per_day=1)
    first = run_tables(config, clock)
    export_as_other_client(sim, 2)
    clock.instant = NOON + 20 * HOUR
    caplog.clear()

    run_tables(config | {"observability": {"window_days": 1}}, clock, state=first.state)

    (warning,) = warnings_about(caplog, "next export")
    assert [post.status for post in submits(sim)] == [202, 202, 202, 400]
    assert "2026-03-21 12:00 UTC" in warning


def test_refused_export_does_not_count(sim, clock):
    """What the API refused was not spent: when the others' are a day old all three are there."""
    export_as_other_client(sim, 3)
    config = quota_settings(sim, "2026-03-15T00:00:00Z", "2026-03-20T00:00:00Z")
    clock.instant += 20 * HOUR
    first = run_tables(config, clock)
    clock.instant += 5 * HOUR

    second = run_tables(config, clock, state=first.state)

    assert second.bookmark(KB) == "2026-03-18T00:00:00+00:00"
    assert [post.status for post in submits(sim)[3:]] == [400, 202, 202, 202]


def test_quota_used_up_by_others_fails_if_so_configured(sim, clock):
    """With `on_quota_exhausted: fail` every table that stops fails, after one submit in all."""
    export_as_other_client(sim, 3)
    config = quota_settings(sim, "2026-03-15T00:00:00Z") | {"on_quota_exhausted": "fail"}

    out = run_tables(config, clock, KB, AS)

    assert isinstance(failure(out, KB), QuotaExhausted)
    assert isinstance(failure(out, AS), QuotaExhausted)
    assert len(submits(sim)) == 4


def test_refused_although_unlimited(sim, clock, caplog):
    """A user taken for unlimited who is not stops cleanly all the same."""
    config = quota_settings(
        sim, "2026-03-10T00:00:00Z", "2026-03-20T00:00:00Z", exports_per_day=None
    )

    out = run_tables(config, clock, KB, AS)

    assert out.error is None
    assert [post.status for post in submits(sim)] == [202, 202, 202, 400]
    assert len(warnings_about(caplog, "next export")) == 1

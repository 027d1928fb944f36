"""Scheduled reports: login, scopes, and renewal of the token."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from tap_cxone.errors import AuthError, PermissionDenied
from tap_cxone.simulator import Credentials, Options, Simulator
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import logins
from tests.support.scheduled_reports import (
    TOKEN,
    Going,
    definition,
    further_pages,
    report_settings,
    run_reports,
    whole,
)


def test_report_login_is_a_form_with_two_scopes(sim, clock):
    """The login is a form with the application's credentials and the two scopes."""
    assert run_reports(report_settings(sim), clock).error is None

    (login,) = logins(sim)
    assert parse_qs(login.body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
        "scope": ["analytics:reports:read analytics:reports:write"],
    }


@pytest.mark.parametrize(
    "scopes", [["analytics:reports:read", "analytics:export:read"], []], ids=readable
)
def test_report_scopes_are_requested_as_set(sim, clock, scopes):
    """Scopes that are set are requested in place of those; an empty list requests all."""
    run_reports(report_settings(sim, own={"scopes": scopes}), clock)

    form = parse_qs(logins(sim)[0].body.decode())
    assert form.get("scope", []) == ([" ".join(scopes)] if scopes else [])


def test_scopes_that_are_not_granted(simulate, clock):
    """A login refused for its scopes names the setting."""
    sim = simulate(granted_scopes=("analytics:reports:read",))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), AuthError)
    assert "scopes" in str(failure(out)).partition("check")[2]


@pytest.mark.parametrize("granted", ["analytics:reports:read", "analytics:reports:write"])
def test_report_scope_missing_is_named_and_nothing_read(simulate, clock, granted):
    """An application without a scope is refused with the needed scopes; nothing is read."""
    sim = simulate(granted_scopes=(granted,))

    out = run_reports(report_settings(sim, own={"scopes": []}), clock)

    assert isinstance(failure(out), PermissionDenied)
    for scope in ("analytics:reports:read", "analytics:reports:write"):
        assert scope in str(failure(out)).partition("grant")[2]
    assert sim.report_runs == []


def test_missing_scope_at_the_run(simulate, clock):
    """The same is reported if the schedule is there already and only the run is refused."""
    sim = simulate(granted_scopes=("analytics:reports:read",))
    sim.add_schedule(definition())

    out = run_reports(report_settings(sim, own={"scopes": []}), clock)

    assert isinstance(failure(out), PermissionDenied)
    assert "analytics:reports:write" in str(failure(out))


def test_renewed_between_pages():
    """A token is renewed at least 60 s before its end, also between two pages."""
    clock = Going(pace=timedelta(seconds=5))
    options = Options(rows_per_day=30, page_size_reports=1, report_token_seconds=200)
    with Simulator(options, clock=clock) as sim:
        out = run_reports(report_settings(sim), clock)

        first, *_, last = further_pages(sim)
        assert whole(out, sim)
        assert any(first.at < seen.at < last.at for seen in logins(sim))
        assert max(ages(sim)) < timedelta(seconds=140 + 15)  # some of it passes on the way
        assert 401 not in {seen.status for seen in sim.requests}


def ages(sim: Simulator) -> list[timedelta]:
    """Return how old the token was at each request."""
    used = [seen for seen in sim.requests if seen.path != TOKEN]
    return [seen.at - max(t.at for t in logins(sim) if t.at <= seen.at) for seen in used]


@pytest.mark.ci
@pytest.mark.parametrize("life", [200, 3600])
def test_never_in_its_last_minute(simulate, clock, life):
    """No request carries a token that has less than 60 s to live."""
    sim = simulate(report_token_seconds=life, job_seconds=600)

    out = run_reports(report_settings(sim, 5), clock)

    assert whole(out, sim, 5)
    assert max(ages(sim)) < timedelta(seconds=life - 60)
    assert 401 not in {seen.status for seen in sim.requests}

"""Data download: login, scopes, and renewal of the token."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from tap_cxone.errors import PermissionDenied
from tap_cxone.simulator import Credentials
from tests.support.data_download import (
    STREAM,
    TOKEN,
    download_settings,
    expected_interactions,
    run_downloads,
    sorted_ids,
    wait,
)
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.requests import requests_to, statuses

SCOPES = ("api:reporting:read", "api:data-download:read", "api:custom-metrics:read")


def test_download_login_is_a_form_with_three_scopes(sim, clock):
    """The login is a form with the application's credentials and the three scopes."""
    out = run_downloads(download_settings(sim), clock)

    (login,) = requests_to(sim, TOKEN)
    assert out.error is None
    assert parse_qs(login.body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
        "scope": [" ".join(SCOPES)],
    }


@pytest.mark.parametrize(
    ("given_scopes", "wanted"), [([SCOPES[1]], SCOPES[1]), ([], None)], ids=readable
)
def test_scopes_that_are_set(sim, clock, given_scopes, wanted):
    """Scopes that are set are requested and no others; an empty list requests none."""
    run_downloads(download_settings(sim, own={"scopes": given_scopes}), clock)

    form = parse_qs(requests_to(sim, TOKEN)[0].body.decode())
    assert form.get("scope") == (None if wanted is None else [wanted])


def test_download_login_with_basic_has_the_secret_in_the_header(simulate, clock):
    """With client_secret_basic the secret is in the header, and only there."""
    sim = simulate(client_auth="basic")

    out = run_downloads(download_settings(sim, client_auth_method="client_secret_basic"), clock)

    (login,) = requests_to(sim, TOKEN)
    assert out.error is None
    assert login.headers["authorization"].startswith("Basic ")
    assert b"client_secret" not in login.body


@pytest.mark.parametrize("missing", SCOPES[1:])
def test_scope_that_is_missing_is_named(simulate, clock, missing):
    """Where a scope is missing the error names the scopes."""
    sim = simulate(reporting_scopes=tuple(scope for scope in SCOPES if scope != missing))

    out = run_downloads(download_settings(sim, own={"scopes": []}), clock)

    assert isinstance(failure(out), PermissionDenied)
    assert all(scope in str(failure(out)).partition("grant")[2] for scope in SCOPES)
    assert out.records(STREAM) == []


@pytest.mark.parametrize(("seconds", "logins"), [(799, 1), (800, 2), (999, 2)])
def test_renewed_at_80_percent(simulate, clock, seconds, logins):
    """A token of 1000 s is renewed after 800, in the middle of paging; nothing is refused."""
    sim = simulate(token_seconds=1000)
    sim.faults.add(wait(seconds))

    out = run_downloads(download_settings(sim, own={"page_size": 4}), clock)

    assert out.error is None
    assert len(requests_to(sim, TOKEN)) == logins
    assert statuses(sim)[401] == 0
    assert sorted_ids(out.records(STREAM)) == sorted_ids(
        expected_interactions(sim), "interactionId"
    )

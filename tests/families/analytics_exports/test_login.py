"""Analytics exports: login, scopes, renewal of the token, and hosts."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from tap_cxone.errors import AuthError, PermissionDenied
from tap_cxone.simulator import Credentials
from tap_cxone.tap import TapCXone
from tests.support.analytics_exports import (
    OFFLINE,
    STREAM,
    TOKEN,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
)
from tests.support.expectations import failure
from tests.support.requests import downloads, form_body, logins, statuses, submits


def test_export_login_is_a_form_without_scopes(sim, clock):
    """The login is a form with the application's credentials, and requests no scopes."""
    out = run_exports(export_settings(sim), clock)

    (login,) = logins(sim)
    assert out.error is None
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in login.headers
    assert form_body(login) == {
        "grant_type": ["client_credentials"],
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
    }


def test_export_login_with_basic_has_the_application_in_the_header(simulate, clock):
    """With client_secret_basic the application is named in the header, and only there."""
    sim = simulate(client_auth="basic")

    out = run_exports(export_settings(sim, client_auth_method="client_secret_basic"), clock)

    (login,) = logins(sim)
    scheme, _, encoded = login.headers["authorization"].partition(" ")
    assert out.error is None
    assert scheme == "Basic"
    assert base64.b64decode(encoded).decode().startswith(f"{Credentials.CLIENT_ID}:")
    assert form_body(login).keys() == {"grant_type"}


def test_export_scopes_are_requested_as_set(sim, clock):
    """Scopes that are set are requested, separated by blanks."""
    scopes = ["analytics:export:read", "analytics:export:write"]

    out = run_exports(export_settings(sim, own={"scopes": scopes}), clock)

    assert out.error is None
    assert form_body(logins(sim)[0])["scope"] == [" ".join(scopes)]


def test_scope_that_is_not_granted_names_the_setting(sim, clock):
    """A login refused for its scopes names the setting."""
    out = run_exports(export_settings(sim, own={"scopes": ["analytics:export:all"]}), clock)

    assert isinstance(failure(out), AuthError)
    assert "invalid_scope" in str(failure(out))
    assert "scopes" in str(failure(out)).partition("check")[2]


@pytest.mark.parametrize("granted", ["analytics:export:read", "analytics:export:write"])
def test_export_scope_missing_is_named(simulate, clock, granted):
    """An application without a scope is refused with the scopes that it needs."""
    sim = simulate(granted_scopes=(granted,))

    out = run_exports(export_settings(sim), clock)

    assert isinstance(failure(out), PermissionDenied)
    for scope in ("analytics:export:read", "analytics:export:write"):
        assert scope in str(failure(out)).partition("grant")[2]
    assert sim.analytics_exports == []


def test_renewed_before_its_end(simulate, clock):
    """A token of 1200 s is renewed after 960 s: no request is ever refused."""
    sim = simulate(job_seconds=700)

    out = run_exports(export_settings(sim, 5, own={"window_days": 1, "max_concurrent": 1}), clock)

    used = [seen for seen in sim.requests if seen.path != TOKEN]
    ages = [seen.at - max(t.at for t in logins(sim) if t.at <= seen.at) for seen in used]
    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 5)]
    assert len(logins(sim)) > 2
    assert max(ages) < timedelta(seconds=960)
    assert 401 not in statuses(sim)


def test_token_of_a_short_run_needs_one_login(simulate, clock):
    """A run of less than 960 s needs one login."""
    sim = simulate(job_seconds=880)
    began = clock.now()

    out = run_exports(export_settings(sim), clock)

    assert out.error is None
    assert timedelta(seconds=880) <= sim.requests[-1].at - began < timedelta(seconds=960)
    assert len(logins(sim)) == 1


def test_expired_while_a_file_is_fetched(simulate, clock):
    """A token that has expired by the time of the download is renewed for it."""
    sim = simulate(client_token_seconds=30, job_seconds=100)

    out = run_exports(export_settings(sim, 2), clock)

    tokens = [seen.headers["authorization"] for seen in downloads(sim)]
    assert out.error is None
    assert tokens[0] != submits(sim)[0].headers["authorization"]
    assert 401 not in statuses(sim)


def test_export_requests_go_to_the_host_of_the_api():
    """Without `base_url` everything is at the API's one host."""
    tap = TapCXone(config={**OFFLINE, "region": "eu1"})
    stream: Any = tap.streams[STREAM]

    assert stream.family.base_url == "https://api.nicecxone.com"
    assert stream.family.grant.url == "https://api.nicecxone.com/oauth/token"


def test_endpoints(sim, clock):
    """`endpoints` moves the host and the token URL."""
    config = export_settings(sim)
    own = {"analytics_exports": config.pop("base_url")}
    own["analytics_exports_token"] = f"{own['analytics_exports']}{TOKEN}"

    assert run_exports(config | {"endpoints": own}, clock).error is None

"""Logins, hosts, versions, the connection test and the plan of the reporting API."""

from __future__ import annotations

import pytest

from tap_cxone.cli.plan_report import plan_lines
from tap_cxone.errors import ConfigError
from tap_cxone.simulator.credentials import Credentials
from tap_cxone.tap import TapCXone
from tests.support.reporting import FAMILY, TOKEN, reporting_settings, run_reporting
from tests.support.requests import logins
from tests.support.run import select

APPLICATION = {
    "client_id": Credentials.CLIENT_ID,
    "client_secret": Credentials.CLIENT_SECRET,
}


def reporting_family(config):
    """Return the family of a tap with these settings."""
    return TapCXone(config=config).streams["agents"].family  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "path"), [({}, TOKEN), (APPLICATION, "/auth/token")], ids=["key", "application"]
)
def test_reporting_login_follows_the_credentials(sim, clock, changes, path):
    """An access key logs in alone, or through an application if one is configured too."""
    out = run_reporting(reporting_settings(sim, **changes), clock, "tags")

    assert out.error is None
    assert [seen.path for seen in logins(sim)] == [path]


@pytest.mark.parametrize(
    ("changes", "login"),
    [
        ({}, f"https://eu1.nice-incontact.com{TOKEN}"),
        (APPLICATION, "https://cxone.niceincontact.com/auth/token"),
        ({"endpoints": {"reporting_token": "https://login.example/t"}}, "https://login.example/t"),
    ],
    ids=["key", "application", "endpoint"],
)
def test_reporting_hosts_follow_the_region(changes, login):
    """The API is at the gateway of the region, and each login at its own host."""
    config = {"access_key_id": "any", "access_key_secret": "any", "region": "eu1", **changes}

    family = reporting_family(config)

    assert family.base_url == "https://api-eu1.niceincontact.com"
    assert family.grant.url == login


def test_reporting_versions_of_streams_are_in_the_paths(sim, clock):
    """`api_version` is for all streams, `api_versions` for single ones."""
    own = {"api_version": "v30.0", "api_versions": {"tags": "v35.0"}}

    run_reporting(reporting_settings(sim, own), clock, "tags", "teams")

    paths = [seen.path for seen in sim.requests if "services" in seen.path]
    assert paths == [
        "/inContactAPI/services/v35.0/tags",
        "/inContactAPI/services/v30.0/teams",
    ]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"api_version": "34"}, "reporting.api_version"),
        ({"api_versions": {"agent": "v34.0"}}, "did you mean 'agents'?"),
        ({"page_size": 10_001}, "reporting.page_size"),
    ],
    ids=["version", "stream", "page size"],
)
def test_invalid_reporting_setting_is_named(sim, own, words):
    """An invalid version, stream or page size is an error before any request."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=reporting_settings(sim, own))

    assert words in str(raised.value)
    assert sim.requests == []


def test_reporting_test_shows_the_tenant(sim, clock):
    """`--test` reads the business unit at the configured version, and shows name and zone."""
    config = reporting_settings(sim, {"api_version": "v31.0"})
    tap = TapCXone(config=config, clock=clock, catalog=select(config, "agents"))

    checks = {c.check: c.detail for c in tap.connection_checks() if c.family == FAMILY}

    assert checks["read"] == "GET /inContactAPI/services/v31.0/business-unit"
    assert "Simulated Tenant, Inc., zone (GMT-05:00) Eastern Time" in checks["quota"]


def test_reporting_plan_counts_calls(sim, clock):
    """`--plan` shows the calls of each stream as a lower bound, without a request."""
    config = reporting_settings(sim, start_date="2026-02-16T00:00:00Z")
    tap = TapCXone(
        config=config, clock=clock, catalog=select(config, "agents", "contacts_completed")
    )

    lines = [line for plan in tap.plans() for line in plan_lines(plan)]

    assert any("contacts_completed" in line and "4 calls needed" in line for line in lines)
    assert any("agents" in line and "1 call needed" in line for line in lines)
    assert sim.requests == []


def test_application_that_is_added_leaves_the_state_accepted(sim, clock):
    """The login differs with an application; the access key and so the owner are the same."""
    config = reporting_settings(sim)
    state = run_reporting(config, clock, "teams").state
    assert state["bookmarks"]["teams"]["owner"]

    TapCXone(config=config | {"client_id": "app", "client_secret": "of it"}, state=state)

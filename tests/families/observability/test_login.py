"""Observability: login, credentials and hosts."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.simulator import Credentials
from tap_cxone.tap import TapCXone
from tests.support.expectations import warnings_logged
from tests.support.observability import AQ, AS, KB, OFFLINE, run_tables, table_settings
from tests.support.requests import form_body, logins
from tests.support.run import offline_catalog, run_tap


def test_table_login_is_a_form_with_access_key(sim, clock):
    """The login is a form: the application, and the access key as user name and password."""
    out = run_tables(table_settings(sim), clock)

    (login,) = logins(sim)
    assert out.error is None
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in login.headers
    assert form_body(login) == {
        "client_id": [Credentials.CLIENT_ID],
        "client_secret": [Credentials.CLIENT_SECRET],
        "grant_type": ["password"],
        "username": [Credentials.ACCESS_KEY_ID],
        "password": [Credentials.ACCESS_KEY_SECRET],
    }


def test_table_login_with_basic_has_the_application_in_the_header(simulate, clock):
    """With client_secret_basic the application is named in the header, and only there."""
    sim = simulate(client_auth="basic")

    out = run_tables(table_settings(sim) | {"client_auth_method": "client_secret_basic"}, clock)

    (login,) = logins(sim)
    scheme, _, encoded = login.headers["authorization"].partition(" ")
    application = base64.b64decode(encoded).decode()
    plain = f"{Credentials.CLIENT_ID}:{Credentials.CLIENT_SECRET}"
    assert out.error is None
    assert scheme == "Basic"
    assert application in {plain, f"{Credentials.CLIENT_ID}:{quote(Credentials.CLIENT_SECRET, '')}"}
    assert form_body(login).keys() == {"grant_type", "username", "password"}


def test_client_secret_post_is_the_default(simulate, clock):
    """An application that may name itself in the form only is served without a setting."""
    sim = simulate(client_auth="post")

    assert run_tables(table_settings(sim), clock).error is None


@pytest.mark.parametrize("name", ["access_key_id", "access_key_secret"])
def test_url_encoded_key_is_decoded_with_one_warning(sim, clock, caplog, name):
    """A key copied URL-encoded is decoded, with one warning that names the setting."""
    config = table_settings(sim)
    config[name] = quote(config[name])

    out = run_tap(config, clock=clock, catalog=offline_catalog(KB))

    (warning,) = (w for w in warnings_logged(caplog) if "encoded" in w)
    assert out.error is None
    assert "%3D%3D%3D%3D" in config[name]
    assert name in warning
    assert config[name] not in warning


def test_key_encoded_twice_is_decoded_once(sim, clock):
    """A key that was encoded twice is decoded once: nothing is guessed."""
    config = table_settings(sim)
    config["access_key_id"] = quote(quote("KEY=="))

    run_tables(config, clock)

    assert form_body(logins(sim)[0])["username"] == ["KEY%3D%3D"]


def test_plain_key_causes_no_warning(sim, clock, caplog):
    """A key as it is shown causes no warning."""
    run_tables(table_settings(sim), clock)

    assert not any("encoded" in warning for warning in warnings_logged(caplog))


def test_table_without_application_is_refused(sim):
    """An access key alone is not enough to select a table: the error names what is missing."""
    config = table_settings(sim)
    del config["client_id"], config["client_secret"]

    with pytest.raises(ConfigError, match="client_id, client_secret"):
        TapCXone(config=config, catalog=offline_catalog(KB))

    assert sim.requests == []


def test_table_login_and_tables_have_separate_hosts():
    """Without `base_url` the login is at the OIDC host, the tables at the region's."""
    tap = TapCXone(config={**OFFLINE, "region": "eu1"})
    stream: Any = tap.streams[KB]

    assert stream.family.grant.url == "https://cxone.niceincontact.com/auth/token"
    assert stream.family.base_url == "https://api-eu1.niceincontact.com"


def test_one_login_for_all_tables(sim, clock):
    """The tables share a token."""
    run_tables(table_settings(sim), clock, KB, AS, AQ)

    assert len(logins(sim)) == 1

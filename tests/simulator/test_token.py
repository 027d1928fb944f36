from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest
import requests

from tap_cxone.simulator import Credentials
from tests.support.ids import readable

ID, SECRET = Credentials.CLIENT_ID, Credentials.CLIENT_SECRET
NO_CLIENT = {"client_id": None, "client_secret": None}


def test_access_key_buys_a_token(sim):
    """The simulator's access key is answered with all that a token answer has."""
    response = sim.log_in()

    assert response.status_code == 200
    assert response.json()["token_type"] == "Bearer"
    assert response.json()["expires_in"] == 3600
    assert set(response.json()) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "id_token",
    }


def test_wrong_secret_is_refused(sim):
    """Another secret is answered with 401 and a JSON message."""
    response = sim.log_in(secret="something else")

    assert response.status_code == 401
    assert "secret" in response.json()["message"]


def test_token_expires(sim):
    """A token is good until the clock reaches its end."""
    sim.jobs()
    sim.clock.turn(seconds=3599)
    assert sim.jobs().status_code == 200

    sim.clock.turn(seconds=1)
    assert sim.jobs().status_code == 401


def test_revoked_token_is_refused(sim):
    """After a revocation, only a new token passes."""
    sim.jobs()
    sim.simulator.revoke_tokens()
    assert sim.jobs().status_code == 401

    sim._token = None
    assert sim.jobs().status_code == 200


def test_speed_does_not_change_the_token(sim_call):
    """A faster simulator gives tokens of the same life."""
    assert sim_call(speed=100).log_in().json()["expires_in"] == 3600


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}], ids=readable)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/data-extraction/v1/jobs"),
        ("GET", "/data-extraction/v1/jobs/some"),
        ("POST", "/data-extraction/v1/jobs"),
        ("POST", "/data-extraction/v1/jobs/sync"),
        ("POST", "/observabilitydashboard/v2/tables/Copilot/KBTable/export-data"),
        ("GET", "/observabilitydashboard/v2/tables/export-data/some/status?fileName=a"),
    ],
)
def test_api_wants_a_token(sim, method, path, headers):
    """Every endpoint answers 401 to a request without a good token."""
    response = requests.request(method, sim.simulator.url + path, headers=headers, timeout=5)

    assert response.status_code == 401


def test_application_buys_a_token(sim):
    """An application's credentials and the access key, as a form, are answered with a token."""
    response = sim.log_in_with_client()

    assert response.status_code == 200
    assert (response.json()["token_type"], response.json()["expires_in"]) == ("Bearer", 3600)


def test_token_is_good_for_every_api(sim):
    """It does not matter which login a token came from."""
    token = sim.log_in_with_client().json()["access_token"]
    sim._token = token

    assert sim.jobs().status_code == 200
    assert sim.export().status_code == 202


@pytest.mark.parametrize(
    "auth", [(ID, SECRET), (quote_plus(ID), quote_plus(SECRET))], ids=["plain", "form-encoded"]
)
def test_application_may_use_basic(sim, auth):
    """The application's credentials may come as HTTP Basic, encoded as the standard asks or not."""
    assert sim.log_in_with_client(auth, **NO_CLIENT).status_code == 200


@pytest.mark.parametrize(("allowed", "post", "basic"), [("post", 200, 401), ("basic", 401, 200)])
def test_tenant_may_take_one_way_only(sim_call, allowed, post, basic):
    """A tenant may want the application's credentials in the form, or as HTTP Basic."""
    sim = sim_call(client_auth=allowed)

    assert sim.log_in_with_client().status_code == post
    assert sim.log_in_with_client((ID, SECRET), **NO_CLIENT).status_code == basic


@pytest.mark.parametrize(
    ("auth", "form", "error"),
    [
        (None, {"client_secret": "other"}, "invalid_client"),
        (None, {"client_id": None}, "invalid_client"),
        (None, NO_CLIENT, "invalid_client"),
        ((ID, "other"), NO_CLIENT, "invalid_client"),
        ((ID, SECRET), {}, "invalid_client"),
        (None, {"username": "other"}, "invalid_grant"),
        (None, {"password": None}, "invalid_grant"),
        (None, {"username": quote(Credentials.ACCESS_KEY_ID)}, "invalid_grant"),
        (None, {"password": quote(Credentials.ACCESS_KEY_SECRET)}, "invalid_grant"),
    ],
    ids=readable,
)
def test_wrong_credentials_are_refused(sim, auth, form, error):
    """What is wrong, missing, sent twice or still URL-encoded is answered 401."""
    response = sim.log_in_with_client(auth, **form)

    assert response.status_code == 401
    assert response.json()["error"] == error
    assert set(response.json()) == {"error", "errorDescription"}


@pytest.mark.parametrize("grant", ["client_credentials", None])
def test_wrong_grant_is_refused(sim, grant):
    """Another grant than `password` is answered 400."""
    response = sim.log_in_with_client(grant_type=grant)

    assert response.status_code == 400
    assert response.json()["error"] == "unsupported_grant_type"


def test_login_must_be_a_form(sim):
    """JSON is answered 400, whatever it holds."""
    response = requests.post(f"{sim.simulator.url}/auth/token", json={}, timeout=5)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"

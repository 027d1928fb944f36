from __future__ import annotations

import pytest
import requests


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


def test_speed_leaves_the_token_alone(sim_call):
    """A faster simulator gives tokens of the same life."""
    assert sim_call(speed=100).log_in().json()["expires_in"] == 3600


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nobody"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/data-extraction/v1/jobs"),
        ("GET", "/data-extraction/v1/jobs/some"),
        ("POST", "/data-extraction/v1/jobs"),
        ("POST", "/data-extraction/v1/jobs/sync"),
    ],
)
def test_api_wants_a_token(sim, method, path, headers):
    """Every endpoint answers 401 to a request without a good token."""
    response = requests.request(method, sim.simulator.url + path, headers=headers, timeout=5)

    assert response.status_code == 401

"""Logins: one per token life, renewed in time, and once after a 401."""

from __future__ import annotations

import base64
import itertools
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.config.connection import Application
from tap_cxone.errors import AuthError, ConfigError
from tap_cxone.http.auth import ClientCredentialsGrant
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs
from tests.support.expectations import failure, warnings_logged
from tests.support.requests import logins
from tests.support.run import run_tap
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest, Simulator

TOKEN = "/authentication/v1/token/access-key"
JOBS = "/data-extraction/v1/jobs"


def api_requests(sim: Simulator) -> list[RecordedRequest]:
    """Return the requests to the API so far."""
    return [seen for seen in sim.requests if seen.path.startswith(JOBS)]


# What is sent


def test_access_key_login_is_json(sim, clock):
    """A login is a JSON POST of the access key, without an Authorization header."""
    run_stream(stream_settings(sim), clock)

    (login,) = logins(sim)
    assert login.method == "POST"
    assert login.headers["content-type"] == "application/json"
    assert "authorization" not in login.headers
    assert json.loads(login.body) == {
        "accessKeyId": Credentials.ACCESS_KEY_ID,
        "accessKeySecret": Credentials.ACCESS_KEY_SECRET,
    }


def test_token_is_a_bearer_token(sim, clock):
    """Every request to the API carries the token it was given."""
    given = '{"access_token": "a-token-of-ours", "expires_in": 3600}'
    sim.faults.add(Fault("token", "status", status=200, body=given))
    sim.faults.add(
        Fault("list", "status", status=400),
        Fault("async", "status", status=400),
    )

    run_stream(stream_settings(sim), clock)

    assert {seen.headers["authorization"] for seen in api_requests(sim)} == {
        "Bearer a-token-of-ours"
    }


def hosts(**config: Any) -> tuple[str, str]:
    """Return the API's host and the login's address for some settings."""
    key = {"access_key_id": "id", "access_key_secret": "secret"}
    tap = TapCXone(config={**key, **config})
    stream: Any = tap.streams[STREAM]
    return stream.family.base_url, stream.family.grant.token_request().url


def test_hosts_follow_from_the_region():
    """The region names the host of the API and that of the login."""
    assert hosts(region="eu1") == (
        "https://api-eu1.niceincontact.com",
        f"https://eu1.nice-incontact.com{TOKEN}",
    )


def test_base_url_replaces_every_host():
    """With base_url everything goes there, with the same paths."""
    assert hosts(base_url="https://proxy.example.com/cxone/", region="au1") == (
        "https://proxy.example.com/cxone",
        f"https://proxy.example.com/cxone{TOKEN}",
    )


def test_endpoints_replace_single_addresses():
    """With endpoints the host of a family and its token URL may be set, each by itself."""
    host = {csv_jobs.FAMILY: "https://api.example.com"}
    token = {f"{csv_jobs.FAMILY}_token": "https://login.example.com/token"}

    assert hosts(endpoints=host)[0] == "https://api.example.com"
    assert hosts(endpoints=host)[1] == f"https://na1.nice-incontact.com{TOKEN}"
    assert hosts(endpoints=token, base_url="https://proxy.example.com") == (
        "https://proxy.example.com",
        "https://login.example.com/token",
    )


# How often


def test_one_login_for_all_streams(sim, clock):
    """A token serves every stream as long as it lives."""
    out = run_tap(stream_settings(sim), clock=clock)

    assert out.error is None
    assert len(out.counts()) == 3
    assert len(logins(sim)) == 1


@pytest.mark.ci
def test_tokens_are_renewed_before_they_expire(simulate, clock):
    """No request is ever made with an expired token, and no token is given up too early."""
    sim = simulate(token_seconds=300, rows_per_day=1, job_seconds=80)
    config = stream_settings(sim, start_date="2026-03-01T00:00:00Z")
    config[csv_jobs.FAMILY] = {"mode": "async", "window_days": 1}

    out = run_stream(config, clock)

    assert out.error is None
    assert 401 not in {seen.status for seen in sim.requests}
    times = [login.at for login in logins(sim)]
    gaps = [after - at for at, after in itertools.pairwise(times)]
    assert len(gaps) > 3
    assert timedelta(seconds=150) <= min(gaps)


def test_token_without_expires_in_lives_an_hour(sim, clock):
    """A login that does not say `expires_in` gives a token that is used, not renewed each time."""
    sim.faults.add(
        Fault("token", "status", status=200, body='{"access_token": "ours"}'),
        Fault("list", "status", status=200, body='{"jobs": []}'),
        Fault("async", "status", status=202, body='"job-1"'),
        Fault("poll", "status", status=400),
    )

    run_stream(stream_settings(sim), clock)

    assert len(logins(sim)) == 1
    assert len(api_requests(sim)) == 3


# After a 401


@pytest.mark.parametrize("place", ["list", "async", "poll"])
def test_request_refused_with_401_follows_one_login(sim, clock, place):
    """After a 401 there is exactly one new login, then the same request with the new token."""
    sim.faults.add(Fault(place, "status", status=401))

    out = run_stream(stream_settings(sim), clock)

    requests = sim.requests
    refused = next(n for n, seen in enumerate(requests) if seen.status == 401)
    login, again = requests[refused + 1], requests[refused + 2]
    assert out.error is None
    assert login.path == TOKEN
    assert (again.method, again.path) == (requests[refused].method, requests[refused].path)
    assert again.body == requests[refused].body
    assert again.headers["authorization"] != requests[refused].headers["authorization"]
    assert len(logins(sim)) == 2
    assert len(sim.jobs) == 1


def test_synchronous_submit_refused_with_401_is_repeated(sim, clock):
    """A synchronous submit is repeated after a 401 too: it provably started nothing."""
    sim.faults.add(Fault("sync", "status", status=401))

    out = run_stream(stream_settings(sim, "sync"), clock)

    assert out.error is None
    assert len(logins(sim)) == 2
    assert len(sim.jobs) == 1


def test_token_that_the_api_does_not_know_is_replaced(sim, clock):
    """A token that was revoked, or never good, is replaced by one that is."""
    revoked = '{"access_token": "revoked-long-ago", "expires_in": 3600}'
    sim.faults.add(Fault("token", "status", status=200, body=revoked))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(logins(sim)) == 2
    assert len(sim.jobs) == 1


def test_second_401_names_the_settings_to_check(sim, clock):
    """A 401 to a new token ends the stream: an AuthError that names the settings to check."""
    sim.faults.add(
        Fault("list", "status", status=400),
        Fault("async", "status", status=401, times=99),
    )

    out = run_stream(stream_settings(sim), clock)

    message = str(failure(out))
    assert isinstance(failure(out), AuthError)
    assert "access_key_id" in message
    assert "access_key_secret" in message
    assert "region" in message
    assert len(logins(sim)) == 2
    assert [seen.status for seen in api_requests(sim)] == [400, 401, 401]


def test_every_401_may_be_followed_by_a_login(sim, clock):
    """A later 401 in the same run is answered with a login again."""
    sim.faults.add(
        Fault("list", "status", status=401),
        Fault("async", "status", status=401),
        Fault("poll", "status", status=401),
    )

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(logins(sim)) == 4


# When the login itself fails


def test_access_key_refused_names_the_settings(sim, clock):
    """A refused access key is an AuthError at once, with the API's words and the settings."""
    out = run_stream(stream_settings(sim, access_key_secret="not-the-secret"), clock)

    message = str(failure(out))
    assert isinstance(failure(out), AuthError)
    assert "The access key is unknown or its secret is wrong" in message
    assert "access_key_secret" in message
    assert "region" in message
    assert "not-the-secret" not in message
    assert len(logins(sim)) == 1
    assert api_requests(sim) == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_login_is_repeated_after_a_server_failure(sim, clock, status):
    """A login that the server failed is tried again."""
    sim.faults.add(Fault("token", "status", status=status, times=2))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(logins(sim)) == 3


@pytest.mark.parametrize("kind", ["reset", "reply-lost", "truncated"])
def test_login_is_repeated_after_a_broken_connection(sim, clock, kind):
    """So is one whose answer did not come, or not whole."""
    sim.faults.add(Fault("token", kind))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(logins(sim)) == 2


@pytest.mark.parametrize("kind", ["html", "empty", "malformed-json"])
def test_login_is_repeated_after_an_unreadable_response(sim, clock, kind):
    """An answer that is no token, such as a page of a proxy, is requested again."""
    sim.faults.add(Fault("token", kind))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(logins(sim)) == 2


@pytest.mark.parametrize(
    "body",
    [
        "<html>Please log in</html>",
        "{}",
        "[]",
        '"token"',
        "null",
        "",
        '{"access_token": ""}',
        '{"access_token": null}',
    ],
)
def test_login_without_a_token_names_the_settings_to_check(sim, clock, body):
    """Logins that never give a token end in an error that names the settings to check."""
    sim.faults.add(Fault("token", "status", status=200, body=body, times=99))

    out = run_stream(stream_settings(sim, max_retries=2), clock)

    assert isinstance(failure(out), AuthError)
    assert str(failure(out)).startswith("Login")
    assert "region" in str(failure(out))
    assert api_requests(sim) == []


@pytest.mark.parametrize(
    "body",
    ['{"error": "invalid_grant"}', '{"errors": [{"message": "invalid_grant"}], "data": null}'],
    ids=["error", "errors"],
)
def test_login_answered_with_an_error_and_200_shows_the_words(sim, clock, body):
    """A response of success that is an error is shown in the words of the API."""
    sim.faults.add(Fault("token", "status", status=200, body=body, times=99))

    out = run_stream(stream_settings(sim, max_retries=0), clock)

    assert "no valid access_token (invalid_grant); check" in str(failure(out))


def test_login_waits_for_retry_after(sim, clock):
    """A Retry-After of the login is honoured."""
    wait = (("Retry-After", "17"),)
    sim.faults.add(Fault("token", "status", status=429, headers=wait))

    run_stream(stream_settings(sim), clock)

    one, two = (login.at for login in logins(sim))
    assert two - one == timedelta(seconds=17)


def test_login_that_keeps_failing_ends_after_max_retries(sim, clock):
    """After max_retries the login is given up, with the API's words."""
    sim.faults.add(Fault("token", "status", status=503, times=99, body="Down for repairs"))

    out = run_stream(stream_settings(sim, max_retries=3), clock)

    assert "Down for repairs" in str(failure(out))
    assert len(logins(sim)) == 4
    assert api_requests(sim) == []


# Credentials as they are written


@pytest.mark.parametrize(
    ("client_id", "secret", "pair"),
    [
        ("client", "100%", "client:100%25"),
        ("client", "p\u20acss", "client:p%E2%82%ACss"),
        ("a:b", "c d+e", "a%3Ab:c+d%2Be"),
    ],
    ids=["percent", "euro", "colon and blank"],
)
def test_basic_credentials_are_form_encoded(client_id, secret, pair):
    """Each half of HTTP Basic credentials is form-encoded before both are joined (RFC 6749)."""
    grant = ClientCredentialsGrant("https://any.example", Application(client_id, secret, True))

    scheme, _, encoded = grant.token_request().headers["authorization"].partition(" ")

    assert scheme == "Basic"
    assert base64.b64decode(encoded).decode("ascii") == pair


@pytest.mark.parametrize("name", ["access_key_id", "access_key_secret"])
@pytest.mark.parametrize("padding", ["{}\n", " {} ", "\t{}\r\n"], ids=repr)
def test_padded_credential_is_trimmed_with_a_warning(sim, clock, caplog, name, padding):
    """White space around a key is removed; one warning names the setting, and not the key."""
    config = stream_settings(sim)
    key = config[name]

    out = run_stream({**config, name: padding.format(key)}, clock)

    (warning,) = (w for w in warnings_logged(caplog) if "white space" in w)
    assert out.error is None
    assert name in warning
    assert key not in warning


def test_blank_credential_is_none(sim):
    """A credential of white space only is no credential: its pair is incomplete."""
    with pytest.raises(ConfigError, match="access_key_secret is missing, but access_key_id is set"):
        TapCXone(config={**stream_settings(sim), "access_key_secret": " \n"})

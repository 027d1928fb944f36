"""One request: repeated where that is safe, answered or explained, with nothing secret in it."""

from __future__ import annotations

import itertools
import json
import logging
import socket
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_cxone.errors import ApiError, StreamsFailed, Throttled, Unavailable
from tap_cxone.http.transport import open_session
from tap_cxone.simulator import Credentials, Fault, Options, Simulator
from tests.support.expectations import failure
from tests.support.requests import listings, polls, submits
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest
    from tap_cxone.simulator.faults import FaultKind, FaultPoint

JOBS = "/data-extraction/v1/jobs"


# Reads


def read_faults(place: FaultPoint, kind: FaultKind = "status", **how: Any) -> tuple[Fault, ...]:
    """Return faults of a poll, or of the list of jobs that follows a lost submit."""
    if place == "list":
        return Fault("async", "reply-lost"), Fault("list", kind, after=1, **how)
    return (Fault(place, kind, **how),)


def reads_of(sim: Simulator, place: FaultPoint) -> list[RecordedRequest]:
    """Return the polls, or the requests for the list of jobs after a lost submit."""
    return listings(sim)[1:] if place == "list" else polls(sim)


@pytest.mark.some(4)
@pytest.mark.parametrize(
    ("place", "status"),
    [("list", 429), ("list", 500), *(("poll", s) for s in (408, 425, 429, 500, 502, 503, 504))],
)
def test_reads_repeat(sim, clock, place, status):
    """A read that the server failed is repeated until it is answered."""
    sim.faults.add(*read_faults(place, status=status, times=3))

    out = run_stream(stream_settings(sim), clock)

    statuses = [seen.status for seen in reads_of(sim, place)]
    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert statuses[:4] == [status, status, status, 200]
    assert len(submits(sim)) == 1


@pytest.mark.parametrize("place", ["list", "poll"])
@pytest.mark.parametrize("kind", ["reset", "reply-lost", "truncated"])
def test_reads_repeat_after_a_broken_connection(sim, clock, place, kind):
    """A read whose answer did not come, or not whole, is repeated."""
    sim.faults.add(*read_faults(place, kind, times=2))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert len(submits(sim)) == 1


def test_reads_end_after_max_retries(sim, clock):
    """After max_retries the error states what was asked, the status and the API's words."""
    sim.faults.add(Fault("poll", "status", status=502, times=99, body="upstream is gone"))

    out = run_stream(stream_settings(sim, max_retries=3), clock)

    message = str(failure(out))
    assert isinstance(failure(out), Unavailable)
    assert f"GET {sim.url}{JOBS}/{sim.jobs[0].id}" in message
    assert "502" in message
    assert "upstream is gone" in message
    assert len(polls(sim)) == 4


def test_waits_grow(sim, clock):
    """The waits between repetitions grow, with some chance in them, and stay bounded."""
    sim.faults.add(Fault("poll", "status", status=500, times=99))

    run_stream(stream_settings(sim, max_retries=10, throttle_timeout_minutes=120), clock)

    times = [seen.at for seen in polls(sim)]
    waits = [after - at for at, after in itertools.pairwise(times)]
    assert len(waits) == 10
    assert waits[0] <= timedelta(seconds=1)
    assert all(after > wait for wait, after in zip(waits, waits[2:8], strict=False))
    assert timedelta(seconds=60) <= max(waits) <= timedelta(seconds=120)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("place", ["list", "poll"])
def test_retry_after_in_seconds(sim, clock, place, status):
    """A Retry-After in seconds is how long is waited."""
    wait = (("Retry-After", "47"),)
    sim.faults.add(*read_faults(place, status=status, headers=wait))

    out = run_stream(stream_settings(sim), clock)

    one, two, *_ = (seen.at for seen in reads_of(sim, place))
    assert out.error is None
    assert two - one == timedelta(seconds=47)


def test_retry_after_as_a_date(sim, clock):
    """A Retry-After may be a date."""
    moment = format_datetime(clock.now() + timedelta(seconds=90), usegmt=True)
    sim.faults.add(Fault("poll", "status", status=429, headers=(("Retry-After", moment),)))

    run_stream(stream_settings(sim), clock)

    _, two, *_ = (seen.at for seen in polls(sim))
    assert format_datetime(two, usegmt=True) == moment


@pytest.mark.parametrize("text", ["soon", "-5", "nan", "inf", "", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_retry_after_that_makes_no_sense(sim, clock, text):
    """A Retry-After that cannot be followed changes nothing."""
    sim.faults.add(Fault("poll", "status", status=429, headers=(("Retry-After", text),)))

    out = run_stream(stream_settings(sim), clock)

    one, two, *_ = (seen.at for seen in polls(sim))
    assert out.error is None
    assert timedelta(0) < two - one <= timedelta(seconds=2)


def test_throttled_request_fails_after_the_throttle_timeout(sim, clock):
    """A server that always throttles fails the request after throttle_timeout_minutes."""
    sim.faults.add(Fault("poll", "status", status=429, times=9999))
    began = clock.now()

    out = run_stream(stream_settings(sim, throttle_timeout_minutes=20), clock)

    assert isinstance(failure(out), Throttled)
    assert timedelta(minutes=15) <= clock.now() - began <= timedelta(minutes=21)


def test_retry_after_beyond_the_throttle_timeout_fails_at_once(sim, clock):
    """A wait longer than throttle_timeout_minutes fails at once, with the cause."""
    wait = (("Retry-After", "86400"),)
    sim.faults.add(Fault("poll", "status", status=429, headers=wait, body="Come back tomorrow"))
    began = clock.now()

    out = run_stream(stream_settings(sim), clock)

    assert "Come back tomorrow" in str(failure(out))
    assert clock.now() - began < timedelta(minutes=1)


@pytest.mark.parametrize("status", [400, 418])
def test_other_refusals_are_final(sim, clock, status):
    """Any other refusal ends the stream at once, with its status and words."""
    sim.faults.add(Fault("poll", "status", status=status, body="No such thing, sorry"))

    out = run_stream(stream_settings(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert str(status) in str(failure(out))
    assert "No such thing, sorry" in str(failure(out))
    assert len(polls(sim)) == 1


def test_html_page_in_place_of_a_response_shows_its_address(sim, clock):
    """A page of HTML with status 200 is no answer: the error shows the address and its words."""
    sim.faults.add(Fault("poll", "html", times=99))

    out = run_stream(stream_settings(sim), clock)

    assert isinstance(failure(out), ApiError)
    assert f"GET {sim.url}{JOBS}" in str(failure(out))
    assert "We will be back soon" in str(failure(out))


def test_no_connection(sim, clock):
    """An unreachable host is reported with the settings that name it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    out = run_stream(
        stream_settings(sim, base_url=f"http://127.0.0.1:{port}", max_retries=1), clock
    )

    message = str(failure(out))
    assert isinstance(failure(out), Unavailable)
    assert "base_url" in message
    assert "region" in message
    assert "proxy" in message


# Submits


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("kind", ["reset", "reply-lost", "status"])
def test_submits_are_not_repeated_blindly(sim, clock, mode, kind):
    """Between a submit that failed and the next submit the list of jobs is requested."""
    sim.faults.add(Fault(mode, kind, times=2))

    out = run_stream(stream_settings(sim, mode), clock)

    ordered = sorted(listings(sim) + submits(sim), key=sim.requests.index)
    kinds = [seen.method for seen in ordered]
    assert out.error is None
    assert ("POST", "POST") not in set(itertools.pairwise(kinds))
    assert len(sim.jobs) == 1


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("status", [429, 503, 409])
def test_submits_that_took_nothing_are_repeated(sim, clock, mode, status):
    """A submit that was answered 429, 503 or 409 started nothing and is repeated after a wait."""
    wait = (("Retry-After", "40"),)
    sim.faults.add(Fault(mode, "status", status=status, headers=wait, times=2))

    out = run_stream(stream_settings(sim, mode), clock)

    times = [seen.at for seen in submits(sim)]
    assert out.error is None
    assert [after - at for at, after in itertools.pairwise(times)] == [timedelta(seconds=40)] * 2
    assert len(sim.jobs) == 1


def test_submits_that_keep_failing(sim, clock):
    """After max_retries a submit is given up, with the API's words."""
    sim.faults.add(Fault("async", "status", status=503, times=99, body="Down for repairs"))

    out = run_stream(stream_settings(sim, max_retries=2), clock)

    assert "Down for repairs" in str(failure(out))
    assert len(submits(sim)) == 3


def test_submit_refused_with_400_is_final(sim, clock):
    """A 400 to a submit is final."""
    sim.faults.add(Fault("async", "status", status=400, body="Unknown entityName", times=99))

    out = run_stream(stream_settings(sim), clock)

    assert "Unknown entityName" in str(failure(out))
    assert len(submits(sim)) == 1


def test_synchronous_submit_without_response_is_looked_up(sim, clock):
    """A synchronous submit without an answer for job_timeout_minutes is settled by the list."""
    sim.faults.add(Fault("sync", "stall", seconds=20))

    out = run_stream(
        stream_settings(sim, "sync", job_timeout_minutes=0.001, poll_interval_seconds=0.01), clock
    )

    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert len(sim.jobs) == 1


# Redirects


@pytest.mark.parametrize("place", ["token", "async"])
def test_redirects_are_not_followed(sim, clock, place):
    """A redirect is an error that names the settings; its target receives no request."""
    with Simulator(Options(), clock=clock, host="127.0.0.2") as other:
        location = (("Location", f"{other.url}/elsewhere"),)
        sim.faults.add(Fault(place, "status", status=307, headers=location, times=99))

        out = run_stream(stream_settings(sim), clock)

    assert "base_url" in str(failure(out))
    assert "redirect" in str(failure(out))
    assert other.requests == []


def test_redirect_of_a_poll_to_http_is_refused(sim, clock):
    """A redirect of a status leads to the file; one without encryption receives no request."""
    location = (("Location", "http://elsewhere.example/file?key=abc"),)
    sim.faults.add(Fault("poll", "status", status=307, headers=location, times=99))

    out = run_stream(stream_settings(sim), clock)

    assert "not https" in str(failure(out))
    assert "key=abc" not in str(failure(out))


# Headers


def test_requests_accept_json_and_name_the_client(sim, clock):
    """Every request accepts JSON and says who asks."""
    run_stream(stream_settings(sim, "sync", user_agent="acme-elt/7"), clock)

    requests = [seen for seen in sim.requests if "/files/" not in seen.path]
    assert {seen.headers["accept"] for seen in requests} == {"application/json"}
    assert {seen.headers["user-agent"] for seen in sim.requests} == {"acme-elt/7"}


def test_default_user_agent(sim, clock):
    """By default the tap and its version are named."""
    run_stream(stream_settings(sim), clock)

    assert all(seen.headers["user-agent"].startswith("tap-cxone/") for seen in sim.requests)


@pytest.mark.usefixtures("netrc")
def test_netrc_reaches_no_request(sim, clock):
    """Credentials in a `.netrc` reach no request."""
    out = run_stream(stream_settings(sim), clock)

    sent = [seen.headers.get("authorization", "") for seen in sim.requests]
    assert out.error is None
    assert not any(header.startswith("Basic") for header in sent)


# Secrets

ECHO = json.dumps(
    {
        "accessKeyId": Credentials.ACCESS_KEY_ID,
        "message": f"{Credentials.ACCESS_KEY_SECRET} is not good, nor is token-known-to-us-1",
        "sent": "Bearer token-known-to-us-1",
        "link": "https://bucket.s3.amazonaws.com/f.csv?X-Amz-Signature=5ca1ab1e",
    }
)
SECRETS = [
    Credentials.ACCESS_KEY_ID,
    Credentials.ACCESS_KEY_SECRET,
    "token-known-to-us-1",
    "X-Amz-Signature=5ca1ab1e",
]


def scripted(sim: Simulator) -> dict[FaultPoint, str]:
    """Return what each place answers where nothing is wrong, with a token known to us."""
    link = f"{sim.url}/files/f.csv?X-Amz-Signature=5ca1ab1e"
    return {
        "token": '{"access_token": "token-known-to-us-1", "expires_in": 3600}',
        "list": '{"jobs": []}',
        "sync": json.dumps({"url": link}),
        "async": '"job-1"',
        "poll": json.dumps({"jobStatus": {"status": "SUCCEEDED", "result": {"url": link}}}),
    }


@pytest.mark.promise("no-secrets")
@pytest.mark.some(5)
@pytest.mark.parametrize("status", [400, 401, 500])
@pytest.mark.parametrize("place", ["token", "list", "async", "sync", "poll", "download"])
def test_error_of_an_api_that_repeats_secrets_contains_none(sim, clock, caplog, place, status):
    """Whatever the API repeats of what it was sent: neither error nor log shows a secret."""
    caplog.set_level(logging.INFO)
    for name, body in scripted(sim).items():
        if name != place:
            sim.faults.add(Fault(name, "status", status=200, body=body, times=9999))
    sim.faults.add(Fault(place, "status", status=status, times=9999, body=ECHO))
    mode = "sync" if place == "sync" else "async"

    out = run_stream(stream_settings(sim, mode, max_retries=0, throttle_timeout_minutes=1), clock)

    texts = [str(out.error), caplog.text, *map(json.dumps, out.messages)]
    secrets = [secret for secret in SECRETS if place != "token" or "known-to-us" not in secret]
    assert isinstance(out.error, StreamsFailed)
    assert not [secret for secret in secrets for text in texts if secret in text]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_secrets_in_the_reason_of_a_failed_job(sim, clock, caplog, mode):
    """The reason of a failed job is the API's own words as well."""
    sim.faults.add(Fault(mode, "job-failed", body=ECHO))

    out = run_stream(stream_settings(sim, mode), clock)

    texts = [str(out.error), caplog.text, *map(json.dumps, out.messages)]
    assert isinstance(out.error, StreamsFailed)
    assert not [s for s in SECRETS for text in texts if s in text and "known-to-us" not in s]


@pytest.mark.promise("no-secrets")
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_debug_log_of_a_complete_run_contains_no_secret(sim, clock, caplog, level):
    """No log line of a good run, not even of a library, shows a key, a token or a link's query."""
    caplog.set_level(level)

    out = run_stream(stream_settings(sim), clock)

    queries = [seen.query["X-Amz-Signature"] for seen in sim.requests if seen.query]
    tokens = [seen.headers["authorization"].split()[1] for seen in polls(sim)]
    texts = [caplog.text, *map(json.dumps, out.messages)]
    assert queries
    assert tokens
    for secret in (*SECRETS[:2], *queries, *tokens):
        assert not any(secret in text for text in texts)


# The way there


def test_proxy_of_the_environment_serves_some_hosts(monkeypatch):
    """The environment says which hosts are reached by a proxy, and which are not."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:8080")
    monkeypatch.setenv("no_proxy", "near.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/certificates.pem")
    session = open_session()

    far, near, again = (
        session.merge_environment_settings(f"https://{host}.example/a", {}, True, None, None)
        for host in ("far", "near", "far")
    )

    assert far["proxies"]["https"] == "http://proxy.example:8080"
    assert far["verify"] == "/certificates.pem"
    assert "https" not in near["proxies"]
    assert again == far


def test_proxy_environment_is_read_once(sim, clock, monkeypatch):
    """Requests to one host do not look through the environment each time."""
    asked = []
    look = requests.sessions.get_environ_proxies

    def looked(url, no_proxy=None):
        asked.append(url)
        return look(url, no_proxy=no_proxy)

    monkeypatch.setattr(requests.sessions, "get_environ_proxies", looked)

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(sim.requests) > 3
    assert len(asked) <= 2  # the API's session, and one for the file

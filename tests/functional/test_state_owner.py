"""Whose state it is: which changes of the settings keep it, and which end the run with exit 2."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import StateError
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.streams.state import StreamState
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs
from tests.support.requests import submits
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from tests.support.run import Output

FAMILY = csv_jobs.FAMILY
KEY = Credentials.ACCESS_KEY_ID
NEW_KEY = "KEY-OF-THE-NEXT-YEAR"


def login_hash(out: Output) -> str:
    """Return the hash of the login in the last state of a run."""
    owner = StreamState(STREAM, out.state["bookmarks"][STREAM]).owner(FAMILY)
    assert owner is not None
    return owner.login


def opened_with_state(config: dict[str, Any], out: Output) -> StateError | None:
    """Return the error with which a tap refuses the state of a run; None if it accepts it."""
    try:
        TapCXone(config=config, state=json.loads(json.dumps(out.state)))
    except StateError as error:
        return error
    return None


@pytest.fixture
def first(sim, clock):
    """Return a run with the settings of the simulator."""
    return run_stream(stream_settings(sim), clock)


def test_state_without_an_owner_is_accepted_and_receives_one(sim, clock, first):
    """A state that an earlier version wrote has no owner; the next STATE names it."""
    state = json.loads(json.dumps(first.state))
    del state["bookmarks"][STREAM]["owner"]

    second = run_stream(stream_settings(sim), clock, state=state)

    assert second.error is None
    assert login_hash(second) == login_hash(first)


def test_state_has_the_owner_in_each_message(first):
    """A run that is killed after its first STATE has stored whose state it is."""
    owners = [state["bookmarks"][STREAM]["owner"] for state in first.states]

    assert len(owners) > 1
    assert all(owner.keys() == {FAMILY} for owner in owners)


@pytest.mark.promise("no-secrets")
def test_state_has_no_part_of_the_credentials(sim, clock):
    """The owner is a hash: neither the key, nor its secret, nor the tenant's name is in STATE."""
    out = run_stream(stream_settings(sim, tenant="acme-tenant"), clock)

    text = json.dumps(out.states)
    assert "owner" in text
    assert not [
        secret for secret in (KEY, Credentials.ACCESS_KEY_SECRET, "acme-tenant") if secret in text
    ]


def test_owner_with_another_secret_of_the_key_is_the_same(sim, first):
    """A secret that was rotated changes nothing."""
    assert opened_with_state(stream_settings(sim, access_key_secret="rotated"), first) is None


@pytest.mark.promise("own-state")
def test_renewed_access_key_without_a_tenant_is_refused(sim, first):
    """The access key alone says whose state it is, so a new key may be that of another tenant."""
    error = opened_with_state(stream_settings(sim, access_key_id=NEW_KEY), first)

    assert csv_jobs.FAMILY in str(error)
    assert "meltano el --state-id" in str(error)
    assert f'set accept_state_of to ["{login_hash(first)}"]' in str(error)


def test_renewed_access_key_of_a_named_tenant_is_accepted(sim, clock):
    """With the setting `tenant` the tenant says whose state it is, whatever its key."""
    out = run_stream(stream_settings(sim, tenant="acme"), clock)

    renewed = stream_settings(sim, tenant="acme", access_key_id=NEW_KEY)
    assert opened_with_state(renewed, out) is None


@pytest.mark.promise("own-state")
def test_state_of_another_named_tenant_is_refused(sim, clock):
    """Two names of tenants are two owners, even with one login."""
    out = run_stream(stream_settings(sim, tenant="acme"), clock)

    assert opened_with_state(stream_settings(sim, tenant="globex"), out) is not None


@pytest.mark.parametrize(
    ("before", "after"), [(None, "acme"), ("acme", None)], ids=["set", "removed"]
)
def test_tenant_that_is_set_or_removed_leaves_the_state_accepted(sim, clock, before, after):
    """If only one of state and settings names the tenant, the login decides."""
    out = run_stream(stream_settings(sim, tenant=before), clock)

    assert opened_with_state(stream_settings(sim, tenant=after), out) is None


def test_accepted_state_receives_the_new_owner_in_all_its_streams(sim, clock, first):
    """`accept_state_of` takes the state over, so later runs need the setting no longer."""
    state = json.loads(json.dumps(first.state))
    state["bookmarks"]["qm_questions"] = dict(state["bookmarks"][STREAM])
    moved = stream_settings(sim, access_key_id=NEW_KEY)
    token = submits(sim)[0].headers["authorization"].split()[1]
    accepted = json.dumps({"access_token": token, "expires_in": 3600})
    sim.faults.add(Fault("token", "status", status=200, body=accepted))

    second = run_stream(moved | {"accept_state_of": [login_hash(first)]}, clock, state=state)

    owners = [stream["owner"] for stream in second.state["bookmarks"].values()]
    assert len(owners) == 2
    assert owners[0] == owners[1]
    assert login_hash(second) != login_hash(first)
    assert opened_with_state(moved, second) is None


def test_state_of_a_first_run_at_a_wrong_host_is_accepted(sim, clock):
    """After the correction of the host the next run reads all; nothing had been read before."""
    config = stream_settings(sim)
    first = run_stream({**config, "base_url": "http://127.0.0.1:1", "max_retries": 0}, clock)

    second = run_stream(config, clock, state=first.state)

    assert first.error is not None
    assert second.error is None
    assert second.records(STREAM)


@pytest.mark.promise("own-state")
def test_state_of_another_host_is_refused_though_its_last_run_failed(sim, clock, first):
    """A failure does not hide that the state has the bookmark of the former host."""
    sim.faults.add(Fault("token", "status", status=401, times=99))
    config = {**stream_settings(sim), "end_date": None}
    second = run_stream(config, clock, state=first.state)
    elsewhere = {**config, "base_url": "http://127.0.0.1:1"}

    assert second.error is not None
    assert opened_with_state(elsewhere, second) is not None


@pytest.mark.promise("own-state")
def test_state_of_an_owner_that_is_not_accepted_is_refused(sim, first):
    """`accept_state_of` accepts the owners that it names, and no other."""
    config = stream_settings(sim, access_key_id=NEW_KEY, accept_state_of=["0123456789abcdef"])

    assert opened_with_state(config, first) is not None

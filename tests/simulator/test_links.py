from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit


def test_link_looks_presigned(sim):
    """A link carries a signature and its life in the query."""
    query = parse_qs(urlsplit(sim.link()).query)

    assert query["X-Amz-Expires"] == ["30"]
    assert re.fullmatch("[0-9a-f]{64}", query["X-Amz-Signature"][0])


def test_link_expires(sim):
    """Thirty seconds after it was handed out, a link is refused as an object store does."""
    link = sim.link()
    sim.clock.turn(seconds=29.9)
    assert sim.fetch(link).status_code == 200

    sim.clock.turn(seconds=0.1)
    response = sim.fetch(link)
    assert response.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in response.text


def test_speed_shortens_a_link(sim_call):
    """At ten times the speed a link is good for 3 s."""
    sim = sim_call(speed=10)
    link = sim.link()

    sim.clock.turn(seconds=3)
    assert sim.fetch(link).status_code == 403


def test_each_poll_hands_out_a_new_link(sim):
    """Asking again is the way to another link to the same file."""
    job_id = sim.submit().json()
    sim.clock.turn(seconds=20)
    first = sim.status(job_id)["result"]["url"]
    sim.clock.turn(seconds=31)
    second = sim.status(job_id)["result"]["url"]

    assert first != second
    assert sim.fetch(first).status_code == 403
    assert sim.fetch(second).status_code == 200


def test_token_on_a_link_is_refused(sim):
    """A link wants no other credentials beside its own."""
    response = sim.fetch(sim.link(), headers={"Authorization": "Bearer any"})

    assert response.status_code == 400
    assert "Only one auth mechanism allowed" in response.text


def test_forged_signature_is_refused(sim):
    """A link with another signature leads nowhere."""
    response = sim.fetch(sim.link()[:-4] + "beef")

    assert response.status_code == 403
    assert "SignatureDoesNotMatch" in response.text


def test_signature_is_good_for_one_file(sim):
    """A signature does not open another file."""
    response = sim.fetch(sim.link().replace("/files/", "/files/x"))

    assert response.status_code == 403
    assert "SignatureDoesNotMatch" in response.text


def test_file_is_kept_for_a_day(sim_call):
    """A file is gone after a day even for a link that is still good."""
    sim = sim_call(link_seconds=10**6)
    link = sim.link()
    sim.clock.turn(hours=24)

    assert sim.fetch(link).status_code == 404

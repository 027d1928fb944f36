"""Downloads of files: links sent exactly as given, redirects, and links that are not secure."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import DownloadError, InsecureLink
from tap_cxone.simulator import Fault
from tests.support.analytics_exports import export_settings, run_exports
from tests.support.expectations import failure
from tests.support.observability import KB, run_tables, table_settings
from tests.support.requests import downloads, polls, submits


def test_link_is_sent_exactly_as_given(simulate, clock):
    """Escapes that need none, lower-case hex and blanks reach the storage as the API wrote them."""
    sim = simulate(link_style="exact")

    out = run_tables(table_settings(sim), clock)

    assert out.error is None
    assert len(out.records(KB)) == 24
    assert len(downloads(sim)) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_a_link_is_followed(simulate, clock, status):
    """A storage may redirect a link; the link stays exact."""
    sim = simulate(link_redirects=5, link_redirect_status=status, link_style="exact")

    out = run_tables(table_settings(sim), clock)

    assert len(out.records(KB)) == 24
    assert len(downloads(sim)) == 6
    assert len(submits(sim)) == 1


def test_redirect_of_a_link_beyond_five_fails(simulate, clock):
    """A storage that redirects again and again is given up."""
    sim = simulate(link_redirects=6)

    out = run_tables({**table_settings(sim), "max_retries": 0}, clock)

    assert isinstance(failure(out), DownloadError)
    assert "redirected more than 5 times" in str(failure(out))
    assert len(downloads(sim)) == 6


@pytest.mark.promise("own-hosts")
def test_link_of_http_fails_at_once(sim, clock):
    """A link that is not https is not fetched, and the export is not polled or made again."""
    answer = json.dumps({"status": "Completed", "url": "http://files.example/x"})
    sim.faults.add(Fault("poll", "status", status=200, body=answer))

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), InsecureLink)
    assert "nothing was downloaded" in str(failure(out))
    assert len(polls(sim)) == len(submits(sim)) == 1
    assert len(out.state["bookmarks"][KB]["pending_jobs"]) == 1


@pytest.mark.promise("own-hosts")
def test_redirect_of_a_link_to_http_fails_at_once(sim, clock):
    """Nor is a redirect to http followed."""
    to_http = (("Location", "http://files.example/x"),)
    sim.faults.add(Fault("download", "status", status=302, headers=to_http))

    out = run_tables(table_settings(sim), clock)

    assert isinstance(failure(out), InsecureLink)
    assert len(downloads(sim)) == 1


@pytest.mark.promise("own-hosts")
def test_redirect_to_another_host_gets_no_token(simulate, clock):
    """A download with the token that is redirected to a storage goes on without the token."""
    sim, storage = simulate(), simulate()
    storage.faults.add(Fault("download", "status", status=200, body="[]"))
    to_storage = (("Location", f"{storage.url}/files/a.json"),)
    sim.faults.add(Fault("download", "status", status=302, headers=to_storage))

    out = run_exports(export_settings(sim, 1), clock)

    assert out.error is None
    assert "authorization" in downloads(sim)[0].headers
    assert ["authorization" in seen.headers for seen in downloads(storage)] == [False]


def test_redirect_on_the_own_host_keeps_the_token(sim, clock):
    """A download that is redirected on the API's own host goes on with the token."""
    here = (("Location", "/api/v2/analytics/exports/other/download"),)
    sim.faults.add(
        Fault("download", "status", status=307, headers=here),
        Fault("download", "status", status=200, body="[]"),
    )

    out = run_exports(export_settings(sim, 1), clock)

    assert out.error is None
    assert ["authorization" in seen.headers for seen in downloads(sim)] == [True, True]


def test_relative_link_that_wants_the_token_gets_it(sim, clock):
    """A path on the API's own host is tried without the token, then with it."""
    answer = json.dumps({"status": "Completed", "url": "/files/a.csv"})
    sim.faults.add(
        Fault("poll", "status", status=200, body=answer),
        Fault("download", "status", status=401),
        Fault("download", "status", status=200, body="Interaction ID,Channel\na,voice\n"),
    )

    out = run_tables(table_settings(sim), clock)

    assert [record["interaction_id"] for record in out.records(KB)] == ["a"]
    assert ["authorization" in seen.headers for seen in downloads(sim)] == [False, True]

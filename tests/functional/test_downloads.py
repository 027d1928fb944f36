"""Downloads of files: links sent exactly as given, redirects, and links that are not secure."""

from __future__ import annotations

import json

import pytest

from tap_cxone.errors import DownloadError, InsecureLink
from tap_cxone.simulator import Fault
from tests.support.examples import json_jobs, quota_jobs
from tests.support.expectations import failure
from tests.support.http_server import client_of, http_api
from tests.support.requests import downloads, polls, submits

FILE = Fault("download", "status", status=200, body="Interaction ID,Channel\na,voice\n")


def serve_link(sim, link, *faults):
    """Answer one poll with a link, and the downloads with faults."""
    answer = json.dumps({"status": "Completed", "url": link})
    sim.faults.add(Fault("poll", "status", status=200, body=answer), *faults)


def test_link_is_sent_exactly_as_given(simulate, clock):
    """Escapes that need none, lower-case hex and blanks reach the storage as the API wrote them."""
    sim = simulate(link_style="exact")

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert out.error is None
    assert len(out.records(quota_jobs.KB)) == 24
    assert len(downloads(sim)) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_of_a_link_is_followed(simulate, clock, status):
    """A storage may redirect a link; the link stays exact."""
    sim = simulate(link_redirects=5, link_redirect_status=status, link_style="exact")

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert len(out.records(quota_jobs.KB)) == 24
    assert len(downloads(sim)) == 6
    assert len(submits(sim)) == 1


def test_redirect_of_a_link_beyond_five_fails(simulate, clock):
    """A storage that redirects again and again is given up."""
    sim = simulate(link_redirects=6)

    out = quota_jobs.run_tables({**quota_jobs.table_settings(sim), "max_retries": 0}, clock)

    assert isinstance(failure(out), DownloadError)
    assert "redirected more than 5 times" in str(failure(out))
    assert len(downloads(sim)) == 6


def test_redirect_in_raw_utf_8_is_followed(sim, clock):
    """A `Location` header with bytes beyond ASCII is followed byte by byte."""
    header = (("Location", "/files/Zürich.csv".encode().decode("latin-1")),)
    sim.faults.add(Fault("download", "status", status=302, headers=header), FILE)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert [record["interaction_id"] for record in out.records(quota_jobs.KB)] == ["a"]
    assert downloads(sim)[1].path == "/files/Zürich.csv"


@pytest.mark.ci
def test_link_with_an_empty_query_keeps_its_question_mark():
    """The signature of a link may cover the sign before an empty query."""
    with http_api({"/f.csv?": (200, [b"a"])}) as api:
        with client_of(api.url).download(f"{api.url}/f.csv?", "a file") as spool:
            assert spool.size == 1

        assert [path for _, path, _ in api.requests] == ["/f.csv?"]


@pytest.mark.promise("own-hosts")
def test_link_of_http_fails_at_once(sim, clock):
    """A link that is not https is not fetched, and the export is not polled or made again."""
    answer = json.dumps({"status": "Completed", "url": "http://files.example/x"})
    sim.faults.add(Fault("poll", "status", status=200, body=answer))

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert isinstance(failure(out), InsecureLink)
    assert "nothing was downloaded" in str(failure(out))
    assert len(polls(sim)) == len(submits(sim)) == 1
    assert len(out.state["bookmarks"][quota_jobs.KB]["pending_jobs"]) == 1


@pytest.mark.promise("own-hosts")
def test_redirect_of_a_link_to_http_fails_at_once(sim, clock):
    """Nor is a redirect to http followed."""
    to_http = (("Location", "http://files.example/x"),)
    sim.faults.add(Fault("download", "status", status=302, headers=to_http))

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert isinstance(failure(out), InsecureLink)
    assert len(downloads(sim)) == 1


@pytest.mark.promise("own-hosts")
def test_redirect_to_another_host_gets_no_token(simulate, clock):
    """A download with the token that is redirected to a storage goes on without the token."""
    sim, storage = simulate(), simulate()
    storage.faults.add(Fault("download", "status", status=200, body="[]"))
    to_storage = (("Location", f"{storage.url}/files/a.json"),)
    sim.faults.add(Fault("download", "status", status=302, headers=to_storage))

    out = json_jobs.run_exports(json_jobs.export_settings(sim, 1), clock)

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

    out = json_jobs.run_exports(json_jobs.export_settings(sim, 1), clock)

    assert out.error is None
    assert ["authorization" in seen.headers for seen in downloads(sim)] == [True, True]


@pytest.mark.parametrize("refusal", [401, 403])
@pytest.mark.parametrize("host", ["", "{own}", "{own_without_scheme}"])
def test_link_to_the_own_host_that_wants_the_token_gets_it(sim, clock, host, refusal):
    """A path or a URL on the API's own host is tried without the token, then with it."""
    url = host.format(own=sim.url, own_without_scheme=sim.url.removeprefix("http:"))
    serve_link(sim, f"{url}/files/a.csv", Fault("download", "status", status=refusal), FILE)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert [record["interaction_id"] for record in out.records(quota_jobs.KB)] == ["a"]
    assert ["authorization" in seen.headers for seen in downloads(sim)] == [False, True]


@pytest.mark.promise("own-hosts")
@pytest.mark.parametrize("refusal", [401, 403])
def test_link_to_another_host_never_gets_the_token(simulate, clock, refusal):
    """A storage that wants a token gets none, whatever it answers."""
    sim, storage = simulate(), simulate()
    serve_link(sim, f"{storage.url}/files/a.csv")
    storage.faults.add(Fault("download", "status", status=refusal, times=9))

    out = quota_jobs.run_tables({**quota_jobs.table_settings(sim), "max_retries": 0}, clock)

    assert isinstance(failure(out), DownloadError)
    assert ["authorization" in seen.headers for seen in downloads(storage)] == [False]


@pytest.mark.parametrize("status", [401, 403])
def test_signed_link_that_is_refused_gets_no_token(sim, clock, status):
    """A refused link with a signature has expired; the token does not replace it."""
    refusal = Fault("download", "status", status=status, body="Request has expired")
    serve_link(sim, f"{sim.url}/files/a.csv?X-Amz-Signature=0", refusal)

    out = quota_jobs.run_tables({**quota_jobs.table_settings(sim), "max_retries": 0}, clock)

    assert f"{status} Request has expired" in str(failure(out))
    assert ["authorization" in seen.headers for seen in downloads(sim)] == [False]


def test_link_that_is_refused_with_the_token_too_is_requested_again(sim, clock):
    """Then the link may have expired: the export is polled for a new one, and not made again."""
    refusals = [Fault("download", "status", status=status) for status in (403, 403)]
    serve_link(sim, "/files/a.csv", *refusals)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert out.error is None
    assert len(submits(sim)) == 1
    assert ["authorization" in seen.headers for seen in downloads(sim)] == [False, True, False]


@pytest.mark.parametrize(
    "link", ["files/a.csv", "./files/a.csv", "files/a.csv?name=b.csv", "files/a"]
)
def test_link_without_a_leading_slash_is_a_path_of_the_api(sim, clock, link):
    """A path may lack its first slash."""
    serve_link(sim, link, FILE)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert [record["interaction_id"] for record in out.records(quota_jobs.KB)] == ["a"]
    assert [f"/{link.removeprefix('./')}".startswith(seen.path) for seen in downloads(sim)] == [
        True
    ]


@pytest.mark.parametrize("text", ["n/a", "none", "pending...", "not ready/try again", ""])
def test_text_that_is_no_link_does_not_end_an_export(sim, clock, text):
    """A value under the key of a link that cannot be one is ignored."""
    answer = json.dumps({"status": "Running", "url": text})
    sim.faults.add(Fault("poll", "status", status=200, body=answer))

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert out.error is None
    assert len(downloads(sim)) == 1

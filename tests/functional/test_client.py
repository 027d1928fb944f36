"""Downloads: anonymous, complete, or not at all."""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from tap_cxone.errors import DownloadError, LinkExpired, StreamsFailed
from tap_cxone.simulator import Fault, Options, Simulator
from tests.support.examples import csv_jobs
from tests.support.expectations import failure
from tests.support.requests import downloads, submits
from tests.support.streams import STREAM, run_stream, stream_settings

OPEN_FILES = Path("/proc/self/fd")
MODES = pytest.mark.parametrize("mode", ["sync", "async"])


# Anonymous


@pytest.mark.promise("own-hosts")
@MODES
def test_downloads_carry_no_credentials(sim, clock, mode):
    """A download has no Authorization header and no cookie: the link is the credential."""
    out = run_stream(stream_settings(sim, mode), clock)

    (download,) = downloads(sim)
    assert out.error is None
    assert "authorization" not in download.headers
    assert "cookie" not in download.headers


@pytest.mark.promise("own-hosts")
@pytest.mark.usefixtures("netrc")
def test_netrc_does_not_reach_the_storage(sim, clock):
    """Credentials for the storage's host in a `.netrc` are not sent either."""
    out = run_stream(stream_settings(sim), clock)

    (download,) = downloads(sim)
    assert out.error is None
    assert "authorization" not in download.headers


def test_cookies_of_the_api_stay_there(sim, clock):
    """A cookie that the API sets does not reach the storage."""
    cookie = (("Set-Cookie", "session=abc; Path=/"),)
    sim.faults.add(Fault("list", "status", status=200, headers=cookie, body='{"jobs": []}'))

    run_stream(stream_settings(sim), clock)

    (download,) = downloads(sim)
    assert "cookie" not in download.headers


@pytest.mark.parametrize(
    "link",
    ["http://storage.example.com/f.csv?sig=5ca1ab1e", "ftp://127.0.0.1/f", "file:///etc/hosts"],
)
def test_links_that_are_not_private(sim, clock, link):
    """A link that is neither https nor on this machine is not fetched; its query stays hidden."""
    body = json.dumps({"url": link})
    sim.faults.add(Fault("sync", "status", status=200, body=body, times=99))

    out = run_stream(stream_settings(sim, "sync", max_retries=0), clock)

    assert isinstance(failure(out), DownloadError)
    assert "https" in str(failure(out))
    assert "5ca1ab1e" not in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.promise("own-hosts")
def test_download_is_not_redirected_to_another_address(sim, clock):
    """A redirect of the storage to an address that is not private is not followed."""
    with Simulator(Options(), clock=clock, host="127.0.0.2") as other:
        location = (("Location", f"{other.url}/files/f.csv"),)
        sim.faults.add(Fault("download", "status", status=302, headers=location, times=99))

        out = run_stream(stream_settings(sim, max_retries=1), clock)

    assert isinstance(failure(out), DownloadError)
    assert other.requests == []


# Links


@MODES
def test_link_that_expired_is_replaced(sim, clock, mode):
    """A link that is no longer taken is replaced by a fresh one."""
    sim.faults.add(Fault("download", "expired-link", times=2))

    out = run_stream(stream_settings(sim, mode), clock)

    links = [seen.query["X-Amz-Signature"] for seen in downloads(sim)]
    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert len(set(links)) == 3
    assert sim.limit_violations == 0


def test_fresh_link_costs_no_submit(sim, clock):
    """An asynchronous job gives fresh links for the asking."""
    sim.faults.add(Fault("download", "expired-link", times=3))

    run_stream(stream_settings(sim), clock)

    assert len(submits(sim)) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_link_that_the_storage_refuses_is_replaced(sim, clock, status):
    """Any refusal of the storage is answered with a fresh link."""
    sim.faults.add(Fault("download", "status", status=status))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert len(downloads(sim)) == 2


def test_links_that_are_always_expired(sim, clock):
    """After max_retries the error states so in the storage's words, without the link's query."""
    sim.faults.add(Fault("download", "expired-link", times=99))

    out = run_stream(stream_settings(sim, max_retries=2), clock)

    cause = failure(out).__cause__
    assert isinstance(failure(out), DownloadError)
    assert isinstance(cause, LinkExpired)
    assert "Request has expired" in str(failure(out))
    assert "max_retries" in str(failure(out))
    assert len(downloads(sim)) == 3
    for seen in downloads(sim):
        assert seen.query["X-Amz-Signature"] not in str(failure(out))


@MODES
def test_link_is_used_without_delay(sim, clock, mode):
    """A link lives 30 seconds: between getting and using it no time passes."""
    run_stream(stream_settings(sim, mode), clock)

    requests = sim.requests
    (download,) = downloads(sim)
    assert requests[requests.index(download) - 1].at == download.at


# Complete


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize("kind", ["truncated", "reset", "reply-lost"])
@MODES
def test_download_that_breaks_off_is_requested_again(sim, clock, mode, kind):
    """A file that does not come whole is requested again, and no record is emitted twice."""
    sim.faults.add(Fault("download", kind, times=2))

    out = run_stream(stream_settings(sim, mode), clock)

    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert len(downloads(sim)) == 3
    assert sim.limit_violations == 0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_storage_that_fails_is_requested_again(sim, clock, status):
    """A storage that fails is requested again."""
    sim.faults.add(Fault("download", "status", status=status, times=2))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert out.counts() == {STREAM: 12}


@pytest.mark.parametrize("kind", ["truncated", "reset"])
def test_download_that_always_breaks_off_names_window_and_setting(sim, clock, kind):
    """After max_retries the error names window, job and setting; nothing was emitted."""
    sim.faults.add(Fault("download", kind, times=99))

    out = run_stream(stream_settings(sim, max_retries=2), clock)

    message = str(failure(out))
    assert isinstance(failure(out), DownloadError)
    assert "2026-03-18Z to 2026-03-19Z" in message
    assert sim.jobs[0].id in message
    assert "max_retries" in message
    assert len(downloads(sim)) == 3
    assert len(submits(sim)) == 1
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


@pytest.mark.parametrize("cut", [0, 1, 700])
def test_cut_anywhere(sim, clock, cut):
    """Wherever it breaks off, the file is not taken for whole."""
    sim.faults.add(Fault("download", "truncated", cut=cut, times=99))

    out = run_stream(stream_settings(sim, max_retries=0), clock)

    assert isinstance(failure(out), DownloadError)
    assert out.records(STREAM) == []


def test_cut_without_an_announced_length(simulate, clock):
    """A file whose length was not announced, and that breaks off, is not taken for whole."""
    sim = simulate(content_length=False)
    sim.faults.add(Fault("download", "truncated"))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert out.counts() == {STREAM: 12}
    assert len(downloads(sim)) == 2


@pytest.mark.promise("whole-files")
@MODES
def test_download_of_cut_gzip_is_refused(simulate, clock, mode):
    """A gzip file that ends early although all its bytes came is damaged: no record is emitted."""
    sim = simulate(compression="gzip-bare")
    sim.faults.add(Fault("download", "truncated-gzip", times=99))

    out = run_stream(stream_settings(sim, mode, max_retries=0), clock)

    assert isinstance(out.error, StreamsFailed)
    assert "gzip" in str(failure(out))
    assert out.records(STREAM) == []


def test_what_was_broken_is_mended_by_the_next_run(sim, clock):
    """The job whose file never came whole is taken up by the next run."""
    sim.faults.add(Fault("download", "truncated", times=3))
    first = run_stream(stream_settings(sim, max_retries=2), clock)
    assert isinstance(first.error, StreamsFailed)

    second = run_stream(stream_settings(sim), clock, state=first.state)

    assert second.error is None
    assert second.counts() == {STREAM: 12}
    assert len(submits(sim)) == 1


# The spool


def test_no_file_stays_behind(sim, clock, tmp_path, monkeypatch):
    """The temporary file has no name: nothing is left, whether a window failed or not."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sim.faults.add(Fault("download", "truncated"))

    out = run_stream(stream_settings(sim), clock)

    assert out.error is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="the system does not show open files")
def test_every_file_is_closed(simulate, clock):
    """Ten windows leave no more open files than one."""
    sim = simulate(rows_per_day=1)
    config = stream_settings(sim, start_date="2026-03-09T00:00:00Z")
    config[csv_jobs.FAMILY]["window_days"] = 1
    run_stream(stream_settings(sim), clock)
    clock.sleep(timedelta(minutes=1))
    before = len(list(OPEN_FILES.iterdir()))

    out = run_stream(config, clock)

    assert out.error is None
    assert len(list(OPEN_FILES.iterdir())) <= before + 3  # the connection kept alive

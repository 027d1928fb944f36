"""Messages for inputs that are valid, and most likely not what the user wants."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import ApiError, ConfigError, DownloadError, Unavailable
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs
from tests.support.expectations import failure
from tests.support.http_server import client_of
from tests.support.run import offline_catalog, run_tap
from tests.support.streams import STREAM, run_stream, stream_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


class _RefusingProxy(socketserver.StreamRequestHandler):
    """Answers every CONNECT as a company's proxy answers a host that it does not allow."""

    status = b"403 Forbidden"

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % self.status)


class _FailingProxy(_RefusingProxy):
    """Answers every CONNECT as a proxy that could not reach the host."""

    status = b"503 Service Unavailable"


@contextmanager
def refusing_proxy(handler: type[_RefusingProxy] = _RefusingProxy) -> Iterator[str]:
    """Run the proxy; yield its URL."""
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_proxy_that_refuses_a_host_is_named_with_its_setting(sim, clock, monkeypatch):
    """A refused CONNECT is not retried, and the error names HTTPS_PROXY and the host."""
    config = stream_settings(sim)
    del config["base_url"]
    with refusing_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        out = run_stream(config, clock)

    assert isinstance(failure(out), ApiError)
    assert "the proxy refused the connection (Tunnel connection failed: 403 Forbidden)" in str(
        failure(out)
    )
    assert "allow the proxy in HTTPS_PROXY to connect to na1.nice-incontact.com" in str(
        failure(out)
    )
    assert clock.slept == []


def test_proxy_that_cannot_reach_a_host_is_retried(sim, clock, monkeypatch):
    """A 5xx to CONNECT may pass, so the login is tried again before the proxy is named."""
    config = stream_settings(sim, max_retries=2)
    del config["base_url"]
    with refusing_proxy(_FailingProxy) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        out = run_stream(config, clock)

    assert isinstance(failure(out), Unavailable)
    assert "tried 3 times (max_retries); allow the proxy in HTTPS_PROXY" in str(failure(out))


def test_proxy_that_refuses_the_storage_is_named_with_its_setting(sim, clock, monkeypatch):
    """A refused CONNECT of a download names HTTPS_PROXY and the host of the file."""
    client = client_of(sim.url)
    with refusing_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(DownloadError) as raised:
            client.download("https://files.example.com/a?signature=1", "the file")

    assert str(raised.value).startswith(
        "the file: the proxy refused the connection (Tunnel connection failed: 403 Forbidden); "
        "allow the proxy in HTTPS_PROXY to connect to files.example.com"
    )


def test_start_date_after_the_bookmark_is_a_warning(sim, clock, caplog):
    """The time between bookmark and start_date is read by no run, so the log says so."""
    state = {"bookmarks": {STREAM: {"replication_key_value": "2026-03-10T00:00:00+00:00"}}}
    out = run_stream(stream_settings(sim, start_date="2026-03-17T00:00:00Z"), clock, state=state)

    assert out.error is None
    assert (
        "start_date (2026-03-17T00:00:00+00:00) is after the bookmark (2026-03-10T00:00:00+00:00), "
        "so the time between is not read; set start_date to an earlier day to read it"
    ) in caplog.text


def test_start_date_before_the_bookmark_is_logged_with_the_way_to_read_it(sim, clock, caplog):
    """A start_date before the bookmark reads nothing again, and the log says how it would."""
    caplog.set_level(logging.INFO)
    state = {"bookmarks": {STREAM: {"replication_key_value": "2026-03-18T00:00:00+00:00"}}}
    out = run_stream(stream_settings(sim, start_date="2026-03-01T00:00:00Z"), clock, state=state)

    assert out.error is None
    assert (
        "start_date is before the bookmark; reading continues at 2026-03-17T00:00:00+00:00"
        in caplog.text
    )


def test_bookmark_past_the_end_date_is_a_warning(sim, clock, caplog):
    """A run that cannot read anything because of end_date names that setting."""
    state = {"bookmarks": {STREAM: {"replication_key_value": "2026-03-20T00:00:00+00:00"}}}
    out = run_stream(stream_settings(sim), clock, state=state)

    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert out.error is None
    assert warning == (
        f"{STREAM}: nothing to read: 2026-03-20T00:00:00+00:00 is past end_date "
        "(2026-03-19T00:00:00+00:00); raise end_date or remove it"
    )


def test_run_without_a_selected_stream_is_a_warning(sim, clock, caplog):
    """A catalog that selects no stream is probably a mistake."""
    out = run_tap(stream_settings(sim), clock=clock, catalog=offline_catalog())

    assert out.error is None
    assert out.of("RECORD") == []
    assert "No stream is selected, so nothing is read" in caplog.text


def test_state_as_meltano_prints_it_is_read(sim, clock):
    """The output of `meltano state get` continues where the state of the run does."""
    first = run_stream(stream_settings(sim), clock)
    printed = json.loads(json.dumps({"singer_state": first.state}))
    again = run_stream(stream_settings(sim), clock, state=printed)

    assert again.error is None
    assert again.records(STREAM) == []
    assert again.state == first.state


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("TAP_CXONE_DATA_EXTRACTION__WINDOW_DAYS", f"{csv_jobs.FAMILY}.window_days"),
        ("TAP_CXONE_DATA_EXTRACTION_WINDOW_DAYS", f"{csv_jobs.FAMILY}.window_days"),
        ("TAP_CXONE_BATCH_CONFIG__STORAGE__ROOT", "batch_config.storage.root"),
        ("TAP_CXONE__DATA_EXTRACTION__WINDOW_DAYS", f"{csv_jobs.FAMILY}.window_days"),
        ("tap_cxone_data_extraction__window_days", f"{csv_jobs.FAMILY}.window_days"),
        ("TAP_CXONE_SKIP_WINDOWS__0", "skip_windows.0"),
    ],
    ids=["two underscores", "one underscore", "two levels", "a leading one", "lower", "array"],
)
def test_variable_of_a_nested_setting_is_refused(sim, monkeypatch, variable, words):
    """A variable that no setting reads is an error if it looks like a part of one."""
    for name, value in stream_settings(sim).items():
        if isinstance(value, str):
            monkeypatch.setenv(f"TAP_CXONE_{name.upper()}", value)
    monkeypatch.setenv(variable, "1")

    with pytest.raises(ConfigError) as raised:
        TapCXone(config={}, parse_env_config=True)

    (problem,) = raised.value.problems
    assert problem.startswith(f"the variable {variable} is not read; write {words} into")


@pytest.mark.ci
def test_schema_change_of_many_columns_lists_only_some(simulate, clock, caplog):
    """A log line about thousands of new columns stays readable."""
    sim = simulate(extra_columns={"qm-workflows": tuple(f"Extra {n}" for n in range(3000))})
    caplog.set_level(logging.INFO)

    out = run_stream(stream_settings(sim), clock)

    (line,) = [r.getMessage() for r in caplog.records if "extra_1," in r.getMessage()]
    assert out.error is None
    assert line.endswith("and 2,980 more")

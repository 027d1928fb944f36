"""The completion webhook: what it is told, when, and that it never stops a run."""

from __future__ import annotations

import json
import logging
import socket
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_cxone.errors import ConfigError
from tap_cxone.events.audit_log import COMMON_FIELDS, EVENTS
from tap_cxone.simulator import Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.support.analytics_exports import STREAM, days, export, failure, ids, run, truth
from tests.support.observability import KB
from tests.support.run import Killed, run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.support.run import Output

PATH = "/hooks/T0PSECRET/key"
SHAPE = [
    *("source", "family", "stream", "job_id", "window_start", "window_end"),
    *("record_count", "timestamp"),
]


class Listener(ThreadingHTTPServer):
    """Somebody who wants to know: it answers as its script says, then 204."""

    daemon_threads = True

    def __init__(self, log: Path) -> None:
        """Listen on this machine, beside an audit log."""
        super().__init__(("127.0.0.1", 0), _Answer)
        self.script: list[int | str] = []
        self.always: int | str = 204
        self.words = ""
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.gone = threading.Event()
        self.log = log

    @property
    def url(self) -> str:
        """Return the address to tell."""
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    @property
    def told(self) -> list[dict[str, Any]]:
        """Return what was posted."""
        return [json.loads(body, parse_float=Decimal) for _, _, body in self.seen]

    @property
    def windows(self) -> list[str]:
        """Return the day of each window that was posted."""
        return [told["window_start"][:10] for told in self.told]


class _Answer(BaseHTTPRequestHandler):
    """One request to a listener."""

    server: Listener

    def do_POST(self) -> None:
        """Note what was posted, and answer as the script says."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, body))
        answer = self.server.script.pop(0) if self.server.script else self.server.always
        if answer == "silence":
            self.server.gone.wait(5)
            return
        if answer == "hang up":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(int(answer))
        if answer in {302, 307}:
            self.send_header("Location", "/elsewhere")
        words = self.server.words.encode()
        self.send_header("Content-Length", str(0 if answer == 204 else len(words)))
        self.end_headers()
        self.wfile.write(b"" if answer == 204 else words)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Be silent."""


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    """Return a listener that listens."""
    server = Listener(tmp_path / "audit.jsonl")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.gone.set()
    server.shutdown()
    thread.join()
    server.server_close()


def with_webhook(sim: Simulator, listener: Listener, number: int = 1, **own: Any) -> dict[str, Any]:
    """Return settings for some windows of conversations, with an audit log and a webhook."""
    hook = {"url": listener.url, **own}
    return days(sim, number, audit_log_path=str(listener.log), completion_webhook=hook)


def audited(path: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of one event in the audit log."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    found = [line for line in lines if line["event"] == event]
    assert all(list(line) == [*COMMON_FIELDS, *EVENTS[event][1]] for line in found)
    return found


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings logged."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


# What it is told


def test_one_post_a_window(sim, clock, listener):
    """Every committed window is posted once, in order, with what is known of it."""
    out = run(with_webhook(sim, listener, 3), clock)

    assert out.error is None
    assert listener.windows == ["2026-03-15", "2026-03-16", "2026-03-17"]
    assert [told["job_id"] for told in listener.told] == [job.id for job in sim.analytics_exports]
    first = listener.told[0]
    assert list(first) == SHAPE
    assert first == {
        "source": "tap-cxone",
        "family": "analytics_exports",
        "stream": STREAM,
        "job_id": sim.analytics_exports[0].id,
        "window_start": "2026-03-15T00:00:00+00:00",
        "window_end": "2026-03-16T00:00:00+00:00",
        "record_count": len(truth(sim)),
        "timestamp": audited(listener.log, "window_committed")[0]["at"],
    }


def test_it_is_json(sim, clock, listener):
    """The news is JSON, posted to the address as it is set."""
    run(with_webhook(sim, listener), clock)

    ((where, headers, _),) = listener.seen
    assert where == PATH
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("tap-cxone/")
    assert "authorization" not in headers


def test_headers(sim, clock, listener):
    """Headers that are set are sent."""
    own = {"Authorization": "Bearer abc", "X-Team": "data"}

    run(with_webhook(sim, listener, headers=own), clock)

    ((_, headers, _),) = listener.seen
    assert (headers["authorization"], headers["x-team"]) == ("Bearer abc", "data")


@pytest.mark.parametrize(
    ("family", "stream"),
    [
        ("data_extraction", "qm_workflows"),
        ("observability", KB),
        ("analytics_exports", STREAM),
    ],
)
def test_every_family(sim, clock, listener, family, stream):
    """The windows of every family are told."""
    config = with_webhook(sim, listener, sample_size=1)
    config |= tap_settings(sim.url, families=ALL_FAMILIES)

    out = run_tap(config, clock=clock, only=stream)

    (told,) = listener.told
    assert out.error is None
    assert (told["family"], told["stream"]) == (family, stream)
    assert told["record_count"] == len(out.records(stream)) > 0
    assert told["data_sample"] == exact(out.records(stream)[:1])


def exact(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records with decimals in place of floats."""
    found: list[dict[str, Any]] = json.loads(json.dumps(records), parse_float=Decimal)
    return found


def test_an_empty_window(simulate, clock, listener):
    """A window without rows is told too."""
    sim = simulate(rows_per_day=0)

    run(with_webhook(sim, listener, sample_size=5), clock)

    assert listener.told[0]["record_count"] == 0
    assert listener.told[0]["data_sample"] == []


def test_what_is_counted(simulate, clock, listener):
    """Only records that left are counted: neither repeats nor what went to the quarantine."""
    sim = simulate(rows_per_day=120, invalid_elements=7, duplicates=9)

    out = run(with_webhook(sim, listener), clock)

    assert len(out.records("quarantine")) == 7
    assert listener.told[0]["record_count"] == len(truth(sim)) == len(ids(out))


def test_it_comes_after_the_state(sim, clock, listener):
    """A window is told only when its STATE has left."""
    config = with_webhook(sim, listener, 2)
    whole = run(config, clock)
    marks = [m.get("value", {}).get("bookmarks", {}).get(STREAM, {}) for m in whole.messages]
    commits = [
        place + 1
        for place, (before, mark) in enumerate(pairwise([{}, *marks]))
        if mark.get("replication_key_value") != before.get("replication_key_value")
        and mark.get("replication_key_value")
        and whole.messages[place]["type"] == "STATE"
    ]
    listener.seen.clear()

    cut = run(config, clock, cut_after=commits[0])
    assert isinstance(cut.error, Killed)
    assert listener.told == []

    run(config, clock, cut_after=commits[0] + 1)
    assert listener.windows == ["2026-03-15"]


def test_a_window_that_fails(sim, clock, listener):
    """A window that is not committed is not told."""
    sim.faults.add(Fault("download", "html", after=1, times=9))

    out = run(with_webhook(sim, listener, 3), clock)

    assert isinstance(failure(out), Exception)
    assert listener.windows == ["2026-03-15"]


# The sample


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_the_sample(sim, clock, listener, size):
    """So many records of each window come along, as they left."""
    out = run(with_webhook(sim, listener, 3, sample_size=size), clock)

    for told in listener.told:
        left = [r for r in out.records(STREAM) if r["_window_start"] == told["window_start"]]
        assert list(told) == [*SHAPE, "data_sample"]
        assert told["data_sample"] == exact(left[:size])


def test_no_sample(sim, clock, listener):
    """Without sample_size no record leaves this way."""
    run(with_webhook(sim, listener), clock)

    assert "data_sample" not in listener.told[0]


def test_sampling_changes_nothing(sim, clock, listener):
    """The messages are the same with a sample."""
    both = [run(with_webhook(sim, listener, 2, sample_size=3), clock), run(days(sim, 2), clock)]

    kinds = [[(m["type"], m.get("stream"), m.get("record")) for m in o.messages] for o in both]
    assert kinds[0] == kinds[1]


def test_the_sample_is_exact(sim, clock, listener):
    """Numbers of the sample have the digits of the file."""
    row = (
        '{"id":"a","type":"bot","dateFrom":null,"dateTo":null,"botId":null,"agentId":null,'
        '"duration":0.1234567890123456789,"big":1}'
    )
    sim.faults.add(Fault("download", "bytes", body=f"[{row}]"))

    run(with_webhook(sim, listener, sample_size=1), clock)

    assert listener.told[0]["data_sample"][0]["duration"] == Decimal("0.1234567890123456789")


def test_deselected_columns(sim, clock, listener):
    """Columns that were deselected are not in the sample."""
    config = with_webhook(sim, listener, sample_size=2)
    catalog = select(config, STREAM, "quarantine")
    (entry,) = (e for e in catalog["streams"] if e["tap_stream_id"] == STREAM)
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "agent_id"]:
            item["metadata"]["selected"] = False

    out = run(config, clock, catalog=catalog)

    assert "agent_id" not in out.records(STREAM)[0]
    assert listener.told[0]["data_sample"] == exact(out.records(STREAM)[:2])


@pytest.mark.parametrize(
    "maps",
    [
        {STREAM: {"agent_id": "'masked'"}},
        {STREAM: {"id": "id", "__else__": None}},
        {STREAM: {"__alias__": "renamed"}},
        {STREAM: {"__filter__": "duration > 900"}},
        {"other": {"__source__": STREAM, "id": "md5(id)", "__else__": None}},
    ],
)
def test_stream_maps(sim, clock, listener, maps):
    """The sample went through the stream maps."""
    config = with_webhook(sim, listener, sample_size=1000) | {"stream_maps": maps}

    out = run(config, clock)

    left = [m["record"] for m in out.of("RECORD") if m["stream"] != "quarantine"]
    assert out.error is None
    assert left
    assert listener.told[0]["data_sample"] == exact(left)


def test_no_misfit_in_the_sample(simulate, clock, listener):
    """What went to the quarantine is in no sample."""
    sim = simulate(rows_per_day=120, invalid_elements=7)

    out = run(with_webhook(sim, listener, sample_size=1000), clock)

    assert len(out.records("quarantine")) == 7
    assert listener.told[0]["data_sample"] == exact(out.records(STREAM))


# When it does not listen


def everything(out: Output, sim: Simulator, number: int) -> bool:
    """Tell whether a run succeeded, with all of its rows."""
    return out.error is None and ids(out) == [row["id"] for row in truth(sim, number)]


@pytest.mark.parametrize("answer", [500, 503, "hang up", 400, 404, 302, 307])
def test_a_failure(sim, clock, listener, caplog, answer):
    """A window that could not be told is warned of and audited; the run succeeds."""
    listener.always = answer

    out = run(with_webhook(sim, listener), clock)

    (line,) = audited(listener.log, "webhook_failed")
    assert everything(out, sim, 1)
    assert len(listener.seen) == (3 if answer in {500, 503, "hang up"} else 1)
    assert {where for where, _, _ in listener.seen} == {PATH}
    assert any("could not be told" in warning for warning in warnings(caplog))
    assert line["host"] == f"127.0.0.1:{listener.server_port}"
    assert line["stream"] == STREAM
    assert audited(listener.log, "webhook_sent") == []


@pytest.mark.parametrize("failures", [["hang up"], [500], [500, 503], [429]])
def test_told_at_last(sim, clock, listener, caplog, failures):
    """A failure that passes is tried again, and is none."""
    listener.script = list(failures)

    run(with_webhook(sim, listener), clock)

    (line,) = audited(listener.log, "webhook_sent")
    assert len(listener.seen) == len(failures) + 1
    assert len({body for _, _, body in listener.seen}) == 1
    assert line["latency_ms"] > 0
    assert audited(listener.log, "webhook_failed") == []
    assert not any("could not be told" in warning for warning in warnings(caplog))


def test_a_silent_listener(sim, clock, listener):
    """A listener that does not answer in time is one that fails."""
    listener.always = "silence"

    out = run(with_webhook(sim, listener, timeout_seconds=0.2), clock)

    assert everything(out, sim, 1)
    assert len(listener.seen) == 3
    assert len(audited(listener.log, "webhook_failed")) == 1


def test_nobody_listens(sim, clock, tmp_path):
    """An address where nobody listens is one that fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "audit.jsonl"
    config = days(sim, 1, audit_log_path=str(path))
    config["completion_webhook"] = {"url": f"http://127.0.0.1:{port}/"}

    out = run(config, clock)

    assert everything(out, sim, 1)
    assert len(audited(path, "webhook_failed")) == 1


def test_left_alone(sim, clock, listener, caplog):
    """After three windows in a row that could not be told it is left alone, which is said once."""
    listener.always = 400

    out = run(with_webhook(sim, listener, 5), clock)

    assert everything(out, sim, 5)
    assert listener.windows == ["2026-03-15", "2026-03-16", "2026-03-17"]
    assert len(audited(listener.log, "webhook_failed")) == 3
    assert len([w for w in warnings(caplog) if "left alone" in w]) == 1


def test_not_in_a_row(sim, clock, listener):
    """A success in between starts the count anew."""
    listener.script = [400, 400, 204, 400, 400]

    run(with_webhook(sim, listener, 5), clock)

    assert len(listener.seen) == 5
    assert len(audited(listener.log, "webhook_failed")) == 4
    assert len(audited(listener.log, "webhook_sent")) == 1


def test_an_answer_that_is_no_json(sim, clock, listener):
    """Whatever words a listener answers with, a success is one."""
    listener.always, listener.words = 200, "<html>thanks"

    run(with_webhook(sim, listener), clock)

    assert len(audited(listener.log, "webhook_sent")) == 1


def test_a_failing_stream_beside(sim, clock, listener):
    """A webhook that fails does not hide the failure of a stream."""
    listener.always = 500
    sim.faults.add(Fault("submit", "job-failed", after=1))

    out = run(with_webhook(sim, listener, 2), clock)

    assert "job" in str(failure(out))
    assert listener.windows == ["2026-03-15"] * 3


# What never shows


@pytest.mark.some(5)
@pytest.mark.parametrize("answer", [204, 302, 400, 404, 500, "hang up", "silence"])
@pytest.mark.parametrize("echo", ["", "url", "path", "headers"])
def test_neither_address_nor_headers_show(sim, listener, caplog, answer, echo):
    """The address and the headers are in no log, even if the listener repeats them."""
    caplog.set_level(logging.DEBUG)
    own = {"Authorization": "Bearer T0KENVALUE", "X-Key": "K3YVALUE"}
    listener.always = answer
    listener.words = {
        "": "",
        "url": f"Cannot POST {listener.url}",
        "path": f"Cannot POST {PATH}",
        "headers": json.dumps(own),
    }[echo]

    config = with_webhook(sim, listener, headers=own, timeout_seconds=0.05)
    out = run(config, sim.backend.clock)

    said = caplog.text + listener.log.read_text() + str(out.error)
    assert out.error is None
    assert [word for word in ("T0PSECRET", "T0KENVALUE", "K3YVALUE") if word in said] == []


# Settings


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({}, ["completion_webhook", "url"]),
        ({"url": "http://example.com/T0PSECRET"}, ["completion_webhook.url", "https"]),
        ({"url": "ftp://example.com/T0PSECRET"}, ["completion_webhook.url", "https"]),
        ({"url": "https://user:T0PSECRET@example.com/"}, ["completion_webhook.url", "headers"]),
        ({"url": "https://e.com/", "sample_size": 1001}, ["sample_size", "at most 1000"]),
        ({"url": "https://e.com/", "sample_size": -1}, ["sample_size", "at least 0"]),
        ({"url": "https://e.com/", "timeout_seconds": 0}, ["timeout_seconds", "more than 0"]),
        ({"url": "https://e.com/", "header": {}}, ["completion_webhook.header", "'headers'"]),
        ({"url": "https://e.com/", "headers": {"X": 7}}, ["completion_webhook.headers.X"]),
    ],
)
def test_mistakes(own, words):
    """Every mistake names the setting, and none shows the address."""
    config = {"client_id": "a", "client_secret": "b", "completion_webhook": own}

    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config)

    (problem,) = caught.value.problems
    assert all(word in problem for word in words)
    assert "T0PSECRET" not in problem


def test_the_settings_do_not_show(listener):
    """The address and the headers are in no representation of the settings."""
    hook = {"url": listener.url, "headers": {"X": "K3YVALUE"}}
    application = {"client_id": "a", "client_secret": "b", "analytics_exports": {}}
    config = {**application, "completion_webhook": hook}

    shown = repr(TapCXone(config=config).settings)

    assert "T0PSECRET" not in shown
    assert "K3YVALUE" not in shown


def test_an_entry_and_a_sample(sim, clock, listener):
    """A changed export is told by its own name and type."""
    config = export(sim, columns={"turns": "integer"})
    config["completion_webhook"] = {"url": listener.url, "sample_size": 1}

    run(config, clock)

    assert isinstance(listener.told[0]["data_sample"][0]["turns"], int)

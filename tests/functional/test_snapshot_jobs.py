"""A stream of jobs without a date range, whose file needs the token and is base64 in JSON."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import pytest
from typing_extensions import override

from tap_cxone.cli.plan_report import plan_lines
from tap_cxone.errors import StreamsFailed
from tap_cxone.http.base64_file import Base64Field
from tap_cxone.http.json_body import json_object
from tap_cxone.jobs.api import JobApi, SubmitResult
from tap_cxone.jobs.job import JobStatus
from tap_cxone.rows.columns import Column
from tap_cxone.simulator import tap_settings
from tap_cxone.streams.base import CXoneStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.snapshot_job import SnapshotJobStream
from tap_cxone.tap import TapCXone
from tests.support.http_server import TOKEN, http_api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from singer_sdk import Stream

    from tap_cxone.spool import Spool
    from tap_cxone.windows import Window
    from tests.support.http_server import Answers

SUBMIT, STATUS, FILE = "/report-jobs/7?fileType=CSV", "/report-jobs/31", "/files?fileName=a.csv"


@dataclass
class ReportJobsApi(JobApi):
    """Jobs of one report."""

    STATUSES: ClassVar[Mapping[str, JobStatus]] = {
        **JobApi.STATUSES,
        "finished": JobStatus.SUCCEEDED,
    }
    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("state",)
    ID_KEYS: ClassVar[tuple[str, ...]] = ("jobId",)
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("resultFileURL",)

    @property
    @override
    def name(self) -> str:
        return "report 7"

    @override
    def body(self, window: Window) -> dict[str, Any]:
        return {}

    @override
    def submit(self, window: Window) -> SubmitResult:
        return self.read_submit(
            self.client.submit("/report-jobs/7", None, params={"fileType": "CSV"})
        )

    @override
    def status_path(self, job: Any) -> str:
        return f"/report-jobs/{job.id}"

    @override
    def read_status(self, body: Any) -> Any:
        return super().read_status(json_object(body).get("jobResult", body))

    @override
    def download(self, link: str, description: str) -> Spool:
        unwrap = Base64Field("file", description).decode
        return self.client.fetch_url(link, (), description, unwrap=unwrap)


class ReportStream(SnapshotJobStream):
    """The result of one report."""

    @cached_property
    @override
    def api(self) -> ReportJobsApi:
        return ReportJobsApi(self.family.client, self.family.tenant)


class TapWithReport(TapCXone):
    """The tap with one more stream."""

    @override
    def discover_streams(self) -> Sequence[Stream]:
        others = super().discover_streams()
        other = next(stream for stream in others if isinstance(stream, CXoneStream))
        declaration = Declaration(
            name="report",
            columns=(Column("agent_no"),),
            primary_keys=("agent_no",),
            description="Any.",
            keys_setting="any",
            columns_setting="any",
            windowed=False,
        )
        return [*others, ReportStream(self, other.family, declaration)]


def run(server: Answers, clock: Any, state: dict[str, Any] | None = None) -> Any:
    """Return the messages of a run and its error."""
    config = {**tap_settings(server.url), "parallel_families": False, "max_retries": 0}
    tap = TapWithReport(config=config, clock=clock, state=state)
    for name, stream in tap.streams.items():
        stream.selected = name == "report"
    out, error = io.TextIOWrapper(io.BytesIO()), None
    with contextlib.redirect_stdout(out):
        try:
            tap.sync_all()
        except StreamsFailed as caught:
            error = caught
        out.flush()
    lines = out.buffer.getvalue().decode().splitlines()
    return [json.loads(line) for line in lines], error


def answers(state: str) -> dict[str, tuple[int, Iterable[bytes]]]:
    """Return what the API answers while the job has a state."""
    return {
        SUBMIT: (202, [b'{"jobId": 31}']),
        STATUS: (200, [json.dumps({"jobResult": {"jobId": "31", "state": state}}).encode()]),
    }


def finished_job(url: str) -> dict[str, tuple[int, Iterable[bytes]]]:
    """Return what the API answers once the job has its file."""
    job = {"jobResult": {"jobId": "31", "state": "Finished", "resultFileURL": f"{url}{FILE}"}}
    content = base64.b64encode(b"Agent_No,Name\r\n7,A\r\n8,B\r\n").decode()
    file = {"files": {"fileName": "a.csv", "file": content}}
    return {STATUS: (200, [json.dumps(job).encode()]), FILE: (200, [json.dumps(file).encode()])}


def posts(server: Answers) -> int:
    """Count the submits."""
    return sum(method == "POST" for method, *_ in server.requests)


@pytest.mark.ci
def test_snapshot_is_read_once_a_run_and_has_no_bookmark(clock):
    """Records carry the instant of the request, and no window."""
    with http_api({}) as server:
        server.bodies |= answers("Running") | finished_job(server.url)
        messages, error = run(server, clock)

    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert error is None
    assert [record["agent_no"] for record in records] == ["7", "8"]
    assert {record["_extracted_at"] for record in records} == {"2026-03-20T12:00:00+00:00"}
    assert not [record for record in records if "_window_start" in record]
    bookmark = messages[-1]["value"]["bookmarks"]["report"]
    assert "replication_key_value" not in bookmark
    assert not bookmark.get("pending_jobs")
    assert posts(server) == 1
    paths = {urlsplit(address).path: token for _, address, token in server.requests}
    assert paths["/files"] == f"Bearer {TOKEN}"


def test_snapshot_has_a_plan(clock):
    """`--plan` names the instant in place of a time range."""
    tap = TapWithReport(config=tap_settings("http://127.0.0.1:1"), clock=clock)
    for name, stream in tap.streams.items():
        stream.selected = name == "report"

    (plan,) = tap.plans()

    assert "snapshot of 2026-03-20T12:00Z" in "".join(plan_lines(plan))


@pytest.mark.ci
@pytest.mark.promise("pending-jobs")
def test_job_of_an_earlier_run_is_resumed(clock):
    """A snapshot whose job still ran is taken up by the next run, without another submit."""
    with http_api({}) as server:
        server.bodies |= answers("Running")
        messages, error = run(server, clock)
        assert "still running" in str(error)
        state = messages[-1]["value"]
        server.bodies |= finished_job(server.url)
        messages, error = run(server, clock, state)

    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert error is None
    assert len(records) == 2
    assert records[0]["_extracted_at"] == "2026-03-20T12:00:00+00:00"
    assert posts(server) == 1

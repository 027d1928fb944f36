from __future__ import annotations

import csv
import gzip
import io
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tap_cxone.simulator import Fault
from tests.support.examples import quota_jobs


def test_status(sim):
    """A scripted status comes with its headers and body, and nothing is carried out."""
    sim.simulator.faults.add(
        Fault("submit", "status", status=429, headers=(("Retry-After", "7"),), body='{"a": 1}')
    )
    response = sim.submit()

    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert response.json() == {"a": 1}
    assert sim.simulator.jobs == []
    assert sim.simulator.limit_violations == 0


def test_status_is_500_by_default(sim):
    """A scripted status without details is a 500 with a JSON message."""
    sim.simulator.faults.add(Fault("list", "status"))
    response = sim.jobs()

    assert response.status_code == 500
    assert "message" in response.json()


def test_html(sim):
    """An error page comes with status 200."""
    sim.simulator.faults.add(Fault("poll", "html"))
    response = sim.poll("any")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_reset_carries_nothing_out(sim):
    """A reset connection leaves no job."""
    sim.simulator.faults.add(Fault("submit", "reset"))
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        sim.submit()

    assert sim.simulator.jobs == []
    assert sim.simulator.requests[-1].status is None


def test_lost_reply_keeps_the_job(sim):
    """A request whose reply was lost has been carried out."""
    sim.simulator.faults.add(Fault("submit", "reply-lost"))
    with pytest.raises(requests.ConnectionError, match="without response"):
        sim.submit()

    assert [job["status"] for job in sim.jobs().json()["jobs"]] == ["RUNNING"]


def test_lost_reply_frees_the_tenant(sim):
    """A synchronous submit whose reply was lost does not hold the tenant for ever."""
    sim.simulator.faults.add(Fault("sync", "reply-lost"))
    with pytest.raises(requests.ConnectionError):
        sim.sync()
    sim.clock.turn(seconds=30)

    assert sim.sync().status_code == 200


def test_stall_outlasts_a_timeout(sim):
    """A stalled answer lets the caller time out; the request has been carried out."""
    sim.simulator.faults.add(Fault("submit", "stall", seconds=30))
    with pytest.raises(requests.ReadTimeout):
        sim.submit(timeout=0.3)

    assert len(sim.simulator.jobs) == 1


def test_stall_ends(sim):
    """After a stall the answer comes."""
    sim.simulator.faults.add(Fault("token", "stall", seconds=0.05))
    began = time.monotonic()

    assert sim.log_in().status_code == 200
    assert time.monotonic() - began >= 0.05


def test_stall_within_the_body(sim):
    """A download may fall silent after some bytes."""
    link = sim.link()
    sim.simulator.faults.add(Fault("download", "stall", cut=100, seconds=30))

    response = sim.fetch(link, stream=True, timeout=0.2)
    with response, pytest.raises(requests.ConnectionError, match="timed out"):
        response.content  # noqa: B018 - reading is what fails


def test_caller_who_hangs_up_ends_the_stall(sim):
    """A stalled synchronous submit frees the tenant once its caller is gone."""
    sim.simulator.faults.add(Fault("sync", "stall", seconds=30))
    with pytest.raises(requests.ReadTimeout):
        sim.sync(timeout=0.05)
    while sim.simulator.jobs[0].client_waiting:
        pass
    sim.clock.turn(seconds=30)

    assert sim.sync().status_code == 200


@pytest.mark.parametrize("cut", [None, 10])
def test_truncated(sim, cut):
    """A truncated download ends before its Content-Length."""
    link = sim.link()
    whole = sim.fetch(link)
    sim.simulator.faults.add(Fault("download", "truncated", cut=cut))

    with sim.fetch(link, stream=True) as response:
        assert response.headers["content-length"] == whole.headers["content-length"]
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            response.content  # noqa: B018 - reading is what fails


def test_truncated_without_length(sim_call):
    """A truncated download without a length lacks its last chunk."""
    sim = sim_call(content_length=False)
    link = sim.link()
    sim.simulator.faults.add(Fault("download", "truncated"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        sim.fetch(link)


@pytest.mark.parametrize("compression", ["none", "gzip-bare"])
def test_truncated_gzip(sim_call, compression):
    """A cut gzip file arrives as a complete answer."""
    sim = sim_call(compression=compression)
    sim.simulator.faults.add(Fault("download", "truncated-gzip"))
    content = sim.file().content

    assert zlib.decompressobj(31).decompress(content).startswith(b"Tenant Name,")
    with pytest.raises(EOFError):
        gzip.decompress(content)


def test_empty(sim):
    """An empty body comes with status 200."""
    sim.simulator.faults.add(Fault("download", "empty"), Fault("poll", "empty"))
    response = sim.file()

    assert (response.status_code, response.content) == (200, b"")
    assert sim.poll(sim.simulator.jobs[0].id).content == b""


@pytest.mark.parametrize("place", ["token", "list", "async", "sync", "poll"])
def test_malformed_json(sim, place):
    """Half an answer is no JSON."""
    call = {
        "token": sim.log_in,
        "list": sim.jobs,
        "async": sim.submit,
        "sync": sim.sync,
        "poll": lambda: sim.poll("nothing"),
    }[place]
    assert sim.token
    sim.simulator.faults.add(Fault(place, "malformed-json"))

    with pytest.raises(requests.JSONDecodeError):
        call().json()


def test_expired_link(sim):
    """A good link may be refused as expired; the next one works."""
    sim.simulator.faults.add(Fault("download", "expired-link"))
    link = sim.link()

    assert "Request has expired" in sim.fetch(link).text
    assert sim.fetch(link).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [("job-failed", "FAILED"), ("job-cancelled", "CANCELLED"), ("job-expired", "EXPIRED")],
)
def test_job_ends_badly(sim, kind, status):
    """A job ends after its time as the fault of its submit says."""
    sim.simulator.faults.add(Fault("submit", kind))
    job_id = sim.submit().json()
    assert sim.status(job_id)["status"] == "RUNNING"

    sim.clock.turn(seconds=20)
    assert sim.status(job_id)["status"] == status


def test_poll_ends_the_job(sim):
    """A fault of a poll ends the job at once, for good."""
    job_id = sim.submit().json()
    sim.simulator.faults.add(Fault("poll", "job-failed", after=1))

    assert [sim.status(job_id)["status"] for _ in range(3)] == ["RUNNING", "FAILED", "FAILED"]


@pytest.mark.parametrize("field", ["errorMessage", "messageError"])
def test_failed_job_names_its_reason(sim_call, field):
    """The reason of a failed job stands in one of two fields."""
    sim = sim_call(error_field=field)
    sim.simulator.faults.add(Fault("submit", "job-failed", body="disk full"))
    answer = sim.sync().json()["jobStatus"]

    assert (answer["status"], answer["result"]) == ("FAILED", {field: "disk full"})


def test_job_is_stuck(sim):
    """A stuck job runs for ever, and keeps others from starting."""
    sim.simulator.faults.add(Fault("submit", "job-stuck"))
    job_id = sim.submit().json()
    sim.clock.turn(minutes=55)

    assert sim.status(job_id)["status"] == "RUNNING"
    assert sim.submit().status_code == 403


def test_job_is_lost(sim):
    """A lost job is unknown to polls and to the list, and blocks no submit."""
    sim.simulator.faults.add(Fault("submit", "job-lost"))
    job_id = sim.submit().json()

    assert sim.poll(job_id).status_code == 404
    assert sim.jobs().json() == {"jobs": []}
    sim.clock.turn(seconds=30)
    assert sim.submit().status_code == 202


def test_malformed_csv(sim):
    """A malformed file ends within a quote."""
    sim.simulator.faults.add(Fault("download", "malformed-csv"))
    text = sim.file().content.decode()

    with pytest.raises(csv.Error, match="unexpected end of data"):
        list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_ragged_csv(sim):
    """A ragged file has its rows and two more, one too short and one too long."""
    sim.simulator.faults.add(Fault("download", "ragged-csv"))
    text = sim.file().content.decode()
    lines = list(csv.reader(io.StringIO(text, newline="")))

    assert len(lines) == 1 + 48 + 2
    assert [len(line) for line in lines[-3:]] == [38, 1, 39]


def test_bytes(sim):
    """A download may be exactly the bytes given."""
    sim.simulator.faults.add(Fault("download", "bytes", body=b"\x00\xff"))

    assert sim.file().content == b"\x00\xff"


def test_submit_means_both(sim):
    """A fault at `submit` strikes both POSTs, `sync` and `async` one each."""
    sim.simulator.faults.add(Fault("submit", "status", times=2), Fault("sync", "status", 1, 0, 501))

    assert [sim.submit().status_code, sim.sync().status_code] == [500, 500]
    assert [sim.submit().status_code, sim.sync().status_code] == [202, 501]


def test_fault_may_concern_one_family(sim):
    """A fault of one family lets the other's requests pass, at each place."""
    sim.simulator.faults.add(
        *(Fault(at, "status", family=quota_jobs.FAMILY) for at in ("token", "submit", "poll")),
        Fault("download", "expired-link", family=quota_jobs.FAMILY),
    )

    assert [sim.log_in().status_code, sim.log_in_with_client().status_code] == [200, 500]
    assert [sim.submit().status_code, sim.export().status_code] == [202, 500]
    export_id = sim.export_id()
    sim.clock.turn(seconds=30)
    assert [sim.poll("any").status_code, sim.export_poll(export_id).status_code] == [404, 500]
    links = sim.link(), sim.export_link(export_id)
    assert [sim.fetch(link).status_code for link in links] == [200, 403]


def test_fault_of_any_family(sim):
    """A fault without a family applies to the first matching request."""
    sim.simulator.faults.add(Fault("submit", "status", times=2))

    assert [sim.export().status_code, sim.submit().status_code] == [500, 500]
    assert [sim.export().status_code, sim.submit().status_code] == [202, 202]


def test_faults_play_in_order(sim):
    """The first fault that matches strikes; after its times the next one does."""
    sim.simulator.faults.add(
        Fault("list", "status", status=503, times=2, after=1), Fault("list", "status", status=500)
    )

    assert [sim.jobs().status_code for _ in range(5)] == [500, 503, 503, 200, 200]
    assert sim.simulator.faults.pending == ()


def test_faults_may_be_cleared(sim):
    """What has not struck yet may be forgotten."""
    sim.simulator.faults.add(Fault("list", "status"))
    assert sim.simulator.faults.pending == (Fault("list", "status"),)
    sim.simulator.faults.clear()

    assert sim.jobs().status_code == 200


@pytest.mark.parametrize(("place", "kind"), [("list", "ragged-csv"), ("nowhere", "status")])
def test_fault_must_fit_its_place(place, kind):
    """A fault that could never strike is a mistake of the script."""
    with pytest.raises(ValueError, match="cannot strike"):
        Fault(place, kind)


def test_fault_must_be_known():
    """A kind of fault that does not exist is a mistake of the script."""
    with pytest.raises(ValueError, match="unknown kind"):
        Fault("list", "gremlins")  # type: ignore[arg-type]


def test_fault_must_be_of_a_known_family():
    """A family that does not exist is a mistake of the script."""
    with pytest.raises(ValueError, match="unknown family"):
        Fault("list", "status", family="gremlins")


def test_stopping_waits_for_no_worker(sim_call, capfd):
    """A simulator stops at once, silently, while a caller is kept waiting."""
    sim = sim_call()
    assert sim.token
    sim.simulator.faults.add(Fault("list", "stall", seconds=30))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(sim.jobs)
        while len(sim.simulator.requests) < 2:
            pass
        began = time.monotonic()
        sim.simulator.__exit__(None, None, None)
        assert time.monotonic() - began < 10

    assert isinstance(waiting.exception(), requests.ConnectionError)
    assert capfd.readouterr().err == ""

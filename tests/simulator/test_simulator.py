from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

import requests

from tap_cxone.simulator import Options, Simulator


def test_requests_are_noted(sim):
    """Each request is noted with all it carried and what it was answered."""
    sim.submit("/data-extraction/v1/jobs")
    seen = sim.simulator.requests[-1]

    assert (seen.method, seen.path, seen.status) == ("POST", "/data-extraction/v1/jobs", 202)
    assert seen.headers["authorization"] == f"Bearer {sim.token}"
    assert json.loads(seen.body)["entityName"] == "qm-workflows"
    assert seen.at == sim.clock.now()


def test_query_is_noted(sim):
    """The query of a request is noted by name."""
    sim.fetch(sim.link())

    assert sim.simulator.requests[-1].query["X-Amz-Expires"] == "30"


def test_real_clock_makes_sync_wait():
    """On the machine's clock a synchronous submit takes the time of its job."""
    with Simulator(Options(speed=200)) as simulator:
        key = {
            "accessKeyId": "SIM-ACCESS-KEY-ID====",
            "accessKeySecret": "SIM-ACCESS-KEY-SECRET====",
        }
        url = f"{simulator.url}/authentication/v1/token/access-key"
        token = requests.post(url, json=key, timeout=5).json()["access_token"]
        body = {"entityName": "qm-questions", "version": "1"}
        dates = {"startDate": "2026-01-30", "endDate": "2026-01-31"}
        began = time.monotonic()
        response = requests.post(
            f"{simulator.url}/data-extraction/v1/jobs/sync",
            json=body | dates,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )

        assert response.json()["jobStatus"]["status"] == "SUCCEEDED"
        assert time.monotonic() - began >= 0.1


def test_port_is_free_again():
    """A stopped simulator gives its port back."""
    with Simulator() as first:
        port = int(first.url.rpartition(":")[2])
        assert requests.get(f"{first.url}/_simulator/state", timeout=5).status_code == 200

    with Simulator(port=port) as second:
        assert second.url == first.url


def test_answers_tell_the_time(sim):
    """An answer's Date is the simulator's present, which a caller may compare with its own."""
    answer = sim.log_in()

    assert parsedate_to_datetime(answer.headers["Date"]) == sim.clock.now()

"""A simulator whose clock is turned by hand, and somebody who calls it."""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_cxone.simulator import Credentials, Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JOBS = "/data-extraction/v1/jobs"


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        """Stand at noon of a day in January."""
        self._now = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the instant at which it stands."""
        return self._now

    def turn(self, **by: float) -> None:
        """Turn it on."""
        self._now += timedelta(**by)


@dataclass
class Caller:
    """Calls a simulator as a program would that knows its API."""

    simulator: Simulator
    clock: TurnedClock
    session: requests.Session = field(default_factory=requests.Session)
    _token: str | None = None

    def log_in(self, secret: str = Credentials.ACCESS_KEY_SECRET) -> requests.Response:
        """Ask for a token."""
        key = {"accessKeyId": Credentials.ACCESS_KEY_ID, "accessKeySecret": secret}
        url = f"{self.simulator.url}/authentication/v1/token/access-key"
        return self.session.post(url, json=key, timeout=5)

    @property
    def token(self) -> str:
        """Return a token, the same each time."""
        if self._token is None:
            self._token = self.log_in().json()["access_token"]
        return self._token

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Call with a token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        more = {"timeout": 5, "headers": headers, **more}
        return self.session.request(method, self.simulator.url + path, **more)

    def submit(self, path: str = JOBS, *, timeout: float = 5, **body: Any) -> requests.Response:
        """Ask for a day of an entity."""
        usual = {"entityName": "qm-workflows", "version": "4"}
        dates = {"startDate": "2026-01-30", "endDate": "2026-01-31"}
        return self.call("POST", path, json=usual | dates | body, timeout=timeout)

    def sync(self, **body: Any) -> requests.Response:
        """Ask for a day of an entity and wait."""
        return self.submit(f"{JOBS}/sync", **body)

    def poll(self, job_id: str) -> requests.Response:
        """Ask where a job stands."""
        return self.call("GET", f"{JOBS}/{job_id}")

    def status(self, job_id: str) -> Any:
        """Return the status object of a job."""
        return self.poll(job_id).json()["jobStatus"]

    def jobs(self) -> requests.Response:
        """Ask for every job."""
        return self.call("GET", JOBS)

    def link(self, **body: Any) -> str:
        """Return the link to a new file."""
        return str(self.sync(**body).json()["jobStatus"]["result"]["url"])

    def file(self, **body: Any) -> requests.Response:
        """Return the download of a new file."""
        return self.fetch(self.link(**body))

    def fetch(self, url: str, **more: Any) -> requests.Response:
        """Follow a link."""
        return self.session.get(url, **{"timeout": 5, **more})

    def rows(self, **body: Any) -> list[dict[str, str]]:
        """Return the rows of a new file."""
        text = self.file(**body).content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def sim_clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def sim_call(sim_clock: TurnedClock) -> Iterator[Callable[..., Caller]]:
    """Start a simulator with some options and return its caller."""
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> Caller:
            chosen = Options(**{"rows_per_day": 48, **options})
            simulator = stack.enter_context(Simulator(chosen, clock=sim_clock))
            caller = Caller(simulator, sim_clock)
            stack.enter_context(caller.session)
            return caller

        yield start


@pytest.fixture
def sim(sim_call: Callable[..., Caller]) -> Caller:
    """Return the caller of a simulator without options."""
    return sim_call()

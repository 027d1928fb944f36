"""A simulator with a manual clock, and a client."""

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
TABLES = "/observabilitydashboard/v2/tables"
DAY = {"startDate": "2026-01-30T00:00:00.000Z", "endDate": "2026-01-30T23:59:59.999Z"}


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

    def log_in_with_client(self, auth: Any = None, **form: str | None) -> requests.Response:
        """Ask for a token as a registered application; a field that is None is omitted."""
        usual = {"client_id": Credentials.CLIENT_ID, "client_secret": Credentials.CLIENT_SECRET}
        key = {"username": Credentials.ACCESS_KEY_ID, "password": Credentials.ACCESS_KEY_SECRET}
        whole = {"grant_type": "password"} | usual | key | form
        sent = {name: value for name, value in whole.items() if value is not None}
        url = f"{self.simulator.url}/auth/token"
        return self.session.post(url, data=sent, auth=auth, timeout=5)

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

    def export(
        self, table: str = "Copilot/KBTable", *, timeout: float = 5, **body: Any
    ) -> requests.Response:
        """Ask for a day of a table."""
        usual = {"dateRange": DAY, "timeZone": "UTC"}
        path = f"{TABLES}/{table}/export-data"
        return self.call("POST", path, json=usual | body, timeout=timeout)

    def export_id(self, table: str = "Copilot/KBTable", **body: Any) -> str:
        """Return the id of a new export."""
        return self.export(table, **body).headers["location"].rpartition("/")[2]

    def export_poll(self, export_id: str, name: str | None = "rows") -> requests.Response:
        """Ask where an export stands."""
        path = f"{TABLES}/export-data/{export_id}/status"
        return self.call("GET", path, params={} if name is None else {"fileName": name})

    def export_link(self, export_id: str, name: str = "rows") -> str:
        """Return the link to the file of an export that is complete."""
        return str(self.export_poll(export_id, name).json()["downloadUrl"])

    def export_file(self, table: str = "Copilot/KBTable", **body: Any) -> requests.Response:
        """Return the download of a new export."""
        export_id = self.export_id(table, **body)
        self.clock.turn(seconds=20)
        return self.fetch(self.export_link(export_id))

    def export_rows(self, table: str = "Copilot/KBTable", **body: Any) -> list[dict[str, str]]:
        """Return the rows of a new export."""
        text = self.export_file(table, **body).content.decode("utf-8-sig")
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

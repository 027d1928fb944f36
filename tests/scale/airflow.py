"""Airflow on this machine, from the environment that `make` builds: services and edge workers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import psutil
import requests

from tests.docs.document import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import date
    from pathlib import Path

PROGRAM = ROOT / ".scale/airflow/bin/airflow"
_SERVICES = ("api-server", "scheduler", "dag-processor")
_WORKER = "worker-"
_EXECUTOR = "airflow.providers.edge3.executors.EdgeExecutor"
# Each process inherits this variable, so it can be found when its parents have ended. Airflow
# changes the titles of its processes, which would overwrite their variables.
_OWNER = "CXONE_SCALE_OWNER"
_KEPT = {"SPT_NOENV": "1"}
_PAGE = 100
_START_SECONDS = 300


def wait_for(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Return the first true value of a condition; it is evaluated every five seconds.

    A request that a busy server does not answer in time counts as false.
    """
    pause, end = threading.Event(), time.monotonic() + seconds
    while True:
        with contextlib.suppress(requests.RequestException):
            if found := condition():
                return found
        if time.monotonic() > end:
            msg = f"{what}: not within {seconds:.0f} s"
            raise TimeoutError(msg)
        pause.wait(5)


def processes_of(owner: str) -> list[psutil.Process]:
    """Return all processes whose owner starts with a text, whatever became of their parents."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(_OWNER, "").startswith(owner):
                found.append(process)
    return found


def kill_all(owner: str) -> None:
    """Kill all processes of an owner at once, as a power failure does."""
    while processes := processes_of(owner):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=5)


def end_in_order(owner: str, seconds: float) -> None:
    """Terminate all processes of an owner, and kill what then remains of them."""
    processes = processes_of(owner)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(processes, timeout=seconds)
    kill_all(owner)


@dataclass
class Airflow:
    """Airflow with the EdgeExecutor.

    Attributes:
        home: Where its logs are.
        url: The address of the API server.
        variables: The environment of each process.
    """

    home: Path
    url: str
    variables: Mapping[str, str] = field(repr=False)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, *command: str) -> None:
        """Run a command to its end."""
        subprocess.run(
            [PROGRAM, *command],
            check=True,
            env=self.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start_services(self) -> None:
        """Start all that is needed beside workers, and wait until it answers."""
        self.run("db", "migrate")
        for name in _SERVICES:
            self._start(name, name)
        wait_for(self.is_up, "the services of Airflow answer", _START_SECONDS)

    def start_worker(self, name: str, slots: int) -> None:
        """Start an edge worker with a number of slots."""
        pid = str(self.home / f"{name}.pid")
        options = ("--edge-hostname", name, "--concurrency", str(slots), "--pid", pid)
        self._start(f"{_WORKER}{name}", "edge", "worker", *options)

    def kill_worker(self, name: str) -> None:
        """Kill a worker with all that it started."""
        kill_all(self._owner(f"{_WORKER}{name}"))

    def _owner(self, name: str) -> str:
        return f"{self.home}/{name}"

    def _start(self, name: str, *command: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [PROGRAM, *command],
                env={**self.variables, **_KEPT, _OWNER: self._owner(name)},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the process that ends all others
            )
        self._started.append(process)

    @cached_property
    def _token(self) -> str:
        answer = requests.get(f"{self.url}/auth/token", timeout=60)
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return the answer of the REST API."""
        headers = {"Authorization": f"Bearer {self._token}"}
        address = f"{self.url}/api/v2/{path}"
        answer = requests.request(method, address, headers=headers, timeout=60, **options)
        answer.raise_for_status()
        return answer.json()

    def is_up(self) -> bool:
        """Return True if all services answer."""
        health = self.call("GET", "monitor/health")
        services = ("metadatabase", "scheduler", "dag_processor")
        return all(health[service]["status"] == "healthy" for service in services)

    def add_connection(self, name: str, login: str, password: str, extra: dict[str, str]) -> None:
        """Store keys."""
        keys = {"login": login, "password": password, "extra": json.dumps(extra)}
        body = {"connection_id": name, "conn_type": "generic", **keys}
        self.call("POST", "connections", json=body)

    def dags(self) -> set[str]:
        """Return the DAGs that it knows."""
        return {dag["dag_id"] for dag in self.call("GET", "dags", params={"limit": _PAGE})["dags"]}

    def unpause(self, *dags: str) -> None:
        """Let DAGs run; each starts the last run that was due."""
        for dag in dags:
            self.call("PATCH", f"dags/{dag}", json={"is_paused": False})

    def read_history(self, dags: Collection[str], start: date, end: date) -> None:
        """Read the months of a period of days, and the last month.

        The scheduler ends with an error if a backfill creates the run of the last month while it
        does the same.
        """
        self.unpause(*dags)
        period = {"from_date": f"{start}T00:00:00Z", "to_date": f"{end}T00:00:00Z"}
        how = {"run_backwards": True, "max_active_runs": 3, "reprocess_behavior": "none"}
        for dag in dags:
            wait_for(partial(self._has_run, dag), f"a run of {dag}", 120)
            self.call("POST", "backfills", json={"dag_id": dag, **period, **how})

    def _has_run(self, dag: str) -> bool:
        return bool(self.call("GET", f"dags/{dag}/dagRuns")["dag_runs"])

    def tasks(self) -> list[dict[str, Any]]:
        """Return the latest try of each task of each run."""
        found: list[dict[str, Any]] = []
        while True:
            part = {"limit": _PAGE, "offset": len(found)}
            page = self.call("GET", "dags/~/dagRuns/~/taskInstances", params=part)
            found += page["task_instances"]
            if len(found) >= page["total_entries"]:
                return found

    def stop(self) -> None:
        """End all processes, the workers with their tasks first."""
        end_in_order(self._owner(_WORKER), 8)
        end_in_order(self._owner(""), 8)
        for process in self._started:
            process.wait()


@contextlib.contextmanager
def airflow(home: Path, *, database: str, port: int, **variables: str) -> Iterator[Airflow]:
    """Start the services of Airflow without a worker; end everything with the block.

    Args:
        home: An empty folder.
        database: The database of Airflow, an URL of SQLAlchemy.
        port: The port of the API server.
        **variables: Other variables of each process, such as `PATH`.
    """
    url = f"http://127.0.0.1:{port}"
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        # The tokens of edge workers live that long, in seconds; a busy machine needs more than 10.
        "AIRFLOW__API_AUTH__JWT_LEEWAY": "120",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of no worth " * 8,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": _EXECUTOR,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__EDGE__API_ENABLED": "True",
        "AIRFLOW__EDGE__API_URL": f"{url}/edge_worker/v1/rpcapi",
        "AIRFLOW__EDGE__HEARTBEAT_INTERVAL": "5",
        "AIRFLOW__EDGE__JOB_POLL_INTERVAL": "1",
        # Workers and services share the folder of logs: what is pushed would be written twice.
        "AIRFLOW__EDGE__PUSH_LOGS": "False",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "15",
    }
    running = Airflow(home, url, {**variables, **settings})
    try:
        running.start_services()
        yield running
    finally:
        running.stop()

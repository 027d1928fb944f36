"""Airflow on this machine, from the environment that `make` builds: services and edge workers."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
import requests

from tests.docs.document import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

PROGRAM = ROOT / ".scale/airflow/bin/airflow"
_SERVICES = ("api-server", "scheduler", "dag-processor")
_EXECUTOR = "airflow.providers.edge3.executors.EdgeExecutor"
_PAGE = 100
_START_SECONDS = 300


def wait_for(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """Return the first true value of a condition; it is evaluated every three seconds.

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
        pause.wait(3)


def tree_of(root: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return a process that runs, with all processes that it started; else nothing."""
    try:
        process = psutil.Process(root.pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill_all(processes: Sequence[psutil.Process]) -> None:
    """Kill processes at once, as a power failure does."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def end_in_order(roots: Sequence[subprocess.Popen[bytes]]) -> None:
    """Terminate processes, and kill what remains of them and their children."""
    processes = [process for root in roots for process in tree_of(root)]
    for root in roots:
        root.terminate()
    _, alive = psutil.wait_procs(processes, timeout=20)
    kill_all(alive)
    for root in roots:
        root.wait()


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
    _services: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

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
        self._services += [self._start(name, name) for name in _SERVICES]
        wait_for(self.is_up, "the services of Airflow answer", _START_SECONDS)

    def start_worker(self, name: str, slots: int) -> subprocess.Popen[bytes]:
        """Start an edge worker with a number of slots."""
        pid = str(self.home / f"{name}.pid")
        options = ("--edge-hostname", name, "--concurrency", str(slots), "--pid", pid)
        self._workers.append(self._start(name, "edge", "worker", *options))
        return self._workers[-1]

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [PROGRAM, *command],
                env=self.variables,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the process that ends all others
            )

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return the answer of the REST API."""
        token = requests.get(f"{self.url}/auth/token", timeout=60).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{self.url}/api/v2/{path}"
        answer = requests.request(method, address, headers=headers, timeout=60, **options)
        answer.raise_for_status()
        return answer.json()

    def is_up(self) -> bool:
        """Return True if all services answer."""
        health = self.call("GET", "monitor/health")
        services = ("metadatabase", "scheduler", "dag_processor")
        return all(health[service]["status"] == "healthy" for service in services)

    def dags(self) -> set[str]:
        """Return the DAGs that it knows."""
        return {dag["dag_id"] for dag in self.call("GET", "dags", params={"limit": _PAGE})["dags"]}

    def unpause(self, *dags: str) -> None:
        """Let DAGs run."""
        for dag in dags:
            self.call("PATCH", f"dags/{dag}", json={"is_paused": False})

    def trigger(self, dag: str) -> None:
        """Start a run of a DAG now."""
        self.unpause(dag)
        self.call("POST", f"dags/{dag}/dagRuns", json={"logical_date": None})

    def read_history(self, dag: str, start: date, end: date) -> None:
        """Read the months of a period of days, and the last month.

        A DAG that is no longer paused starts the run of the last month itself. The scheduler
        ends with an error if a backfill creates the same run meanwhile.
        """
        self.unpause(dag)
        wait_for(
            lambda: self.call("GET", f"dags/{dag}/dagRuns")["dag_runs"], f"a run of {dag}", 120
        )
        period = {"from_date": f"{start}T00:00:00Z", "to_date": f"{end}T00:00:00Z"}
        how = {"run_backwards": True, "max_active_runs": 3, "reprocess_behavior": "none"}
        self.call("POST", "backfills", json={"dag_id": dag, **period, **how})

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
        """End all processes, the workers first, which report their end to the services."""
        end_in_order(self._workers)
        end_in_order(self._services)


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
    }
    running = Airflow(home, url, {**variables, **settings})
    try:
        running.start_services()
        yield running
    finally:
        running.stop()

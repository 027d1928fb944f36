"""The tap as a separate process, under the machine's clock, and how to end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Options, Simulator, environment, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tests.support.run import Output, select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.support.kill_cases import Case

SPEED = 1000
PATIENCE = 120  # a busy machine is no fault; it only ends what hangs
DAYS = 3

Child = subprocess.Popen[bytes]


@contextmanager
def case_simulator(case: Case, **options: Any) -> Iterator[Simulator]:
    """Run a simulator under the machine's clock, quick enough for a test."""
    given = {"rows_per_day": 6, "link_seconds": 9e6, **case.options, **options}
    with Simulator(Options(speed=SPEED, **given)) as sim:
        yield sim


def process_settings(case: Case, sim: Simulator, **changes: Any) -> dict[str, Any]:
    """Return the case's settings for the last days that are over, at the simulator's speed."""
    found = case.settings(sim, DAYS)
    quick = tap_settings(sim.url, SPEED, families=ALL_FAMILIES)
    found["poll_interval_seconds"] = quick["poll_interval_seconds"]
    for name in case.quick:
        found[case.family][name] = quick[case.family][name]
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    found["start_date"] = (end - timedelta(days=DAYS)).isoformat()
    return {**found, "end_date": end.isoformat(), **changes}


@contextmanager
def child(  # noqa: PLR0913 (all by name but the first three)
    case: Case,
    config: dict[str, Any],
    folder: Path,
    *,
    state: dict[str, Any] | None = None,
    prefix: Sequence[str] = (),
    log: int | None = None,
    patience: float = PATIENCE,
) -> Iterator[Child]:
    """Run the tap as a process; it is gone at the end of the block.

    Args:
        case: Whose streams are selected.
        config: The settings.
        folder: For the catalog, the state and what it logs.
        state: Where to continue.
        prefix: What comes before the command.
        log: Where it logs to; by default to a file in the folder.
        patience: For how many seconds it may run.
    """
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(select(config, *case.small)))
    command = [*prefix, sys.executable, "-m", "tap_cxone", "--config=ENV", f"--catalog={catalog}"]
    if state is not None:
        (folder / "state.json").write_text(json.dumps(state))
        command.append(f"--state={folder / 'state.json'}")
    with (
        (folder / "log.txt").open("ab") as file,
        subprocess.Popen(
            command,
            env={**os.environ, **environment(config), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=file if log is None else log,
        ) as process,
    ):
        watchdog = threading.Timer(patience, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def remaining_bytes(process: Child) -> list[bytes]:
    """Read all the lines that are left, and wait for the end."""
    assert process.stdout is not None
    lines = process.stdout.readlines()
    process.wait()
    return lines


def wait_while_running(condition: Callable[[], object], process: Child) -> None:
    """Return when something has happened in another process."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        assert process.poll() is None, "it ended before it could be ended"
        threading.Event().wait(0.002)


def read_bytes_until(process: Child, kind: str) -> list[bytes]:
    """Read lines up to one of a type."""
    assert process.stdout is not None
    lines: list[bytes] = []
    while not lines or json.loads(lines[-1])["type"] != kind:
        lines.append(process.stdout.readline())
        assert lines[-1], f"no {kind} came"
    return lines


def messages(lines: Sequence[bytes], *, torn: bool = False) -> Output:
    """Return the messages in lines, each of which must be whole; the last one may be `torn`."""
    if torn and lines and not lines[-1].endswith(b"\n"):
        lines = lines[:-1]
    assert all(line.endswith(b"\n") for line in lines), "half a line"
    return Output([json.loads(line) for line in lines])


def end(process: Child, numbers: Sequence[int]) -> None:
    """Send signals, far enough apart to be two."""
    for place, number in enumerate(numbers):
        if place:
            threading.Event().wait(0.4)  # a busy machine is slow to notice
        process.send_signal(number)


def ended(process: Child) -> int:
    """Return the exit code as a shell tells it.

    A second signal may find an interpreter that has done with its handlers; the code is the same.
    """
    code = process.wait()
    return code if code >= 0 else 128 - code


SIGNALS: dict[str, tuple[tuple[int, ...], int]] = {
    "kill": ((signal.SIGKILL,), 137),
    "term": ((signal.SIGTERM,), 143),
    "int": ((signal.SIGINT,), 130),
    "int-int": ((signal.SIGINT, signal.SIGINT), 130),
    "term-term": ((signal.SIGTERM, signal.SIGTERM), 143),
}
"""How to end a process: the signals to send, and the exit code that must come of it."""

"""Real processes that are ended: by signals at each kind of request, and by a closed pipe."""

from __future__ import annotations

import functools
import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.simulator import Fault
from tests.resilience.kills.cases import CASES
from tests.resilience.kills.killing import TRIED
from tests.resilience.kills.processes import (
    PATIENCE,
    SIGNALS,
    case_simulator,
    child,
    end,
    ended,
    messages,
    process_settings,
    read_bytes_until,
    remaining_bytes,
    wait_while_running,
)
from tests.resilience.kills.trial import Key, check_schemas, different, keyed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FaultPoint
    from tests.support.kill_cases import Case
    from tests.support.run import Output

    Reference = Callable[[Case], tuple[dict[Key, dict[str, Any]], int]]

SUBMITS: tuple[FaultPoint, ...] = ("submit", "run")


def moments() -> list[Any]:
    """Return each case with each place and way to end it; all but a few are slow."""
    return [
        pytest.param(
            case,
            place,
            way,
            id=f"{case.name}-{place}-{way}",
            marks=() if (place, way) in case.fast else pytest.mark.slow,
        )
        for case in CASES
        for place in case.places
        for way in SIGNALS
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Reference:
    """Return what gives a case's records in an undisturbed run, and what it cost."""

    @functools.cache
    def run(case: Case) -> tuple[dict[Key, dict[str, Any]], int]:
        folder = tmp_path_factory.mktemp("undisturbed")
        with case_simulator(case) as sim:
            out = to_the_end(case, sim, folder, None)
            return keyed(out), len(case.works(sim))

    return run


def to_the_end(case: Case, sim: Simulator, folder: Path, state: dict[str, Any] | None) -> Output:
    """Run the tap as an undisturbed process."""
    with child(case, process_settings(case, sim), folder, state=state) as process:
        lines = remaining_bytes(process)
        assert process.returncode == 0, (folder / "log.txt").read_text()
    return messages(lines)


def goes_on(  # noqa: PLR0913 (what a run left, and what must come of it)
    case: Case, sim: Simulator, folder: Path, *, first: Output, known: Any, lost: int
) -> None:
    """Run again from the last STATE, and compare."""
    records, works = known
    state = first.states[-1] if first.states else None
    second = to_the_end(case, sim, folder, state)
    check_schemas(first)
    found = different(keyed(first) | keyed(second), records)
    assert not found
    assert len(case.works(sim)) <= works + lost
    assert not any("pending_jobs" in raw for raw in second.state["bookmarks"].values())


@pytest.mark.ci
@pytest.mark.parametrize(("case", "place", "way"), moments())
def test_ended_at_a_request(tmp_path, undisturbed, case, place, way):
    """Ended while a request is under way, with the right code, after a whole line; then continues.

    A first signal waits for the answer to a submit; a second one and SIGKILL do not, and may
    lose one job. So does a synchronous extraction, which has no job to remember.
    """
    known = undisturbed(case)
    numbers, code = SIGNALS[way]
    submits = place in SUBMITS
    once = len(numbers) == 1 and way != "kill"
    with case_simulator(case) as sim:
        audit = tmp_path / "audit.jsonl"
        config = process_settings(case, sim, audit_log_path=str(audit))
        seconds = 0.7 if submits and once else PATIENCE
        after = int(place not in case.sent_once)
        sim.faults.add(Fault(place, "stall", seconds=seconds, after=after))
        with child(case, config, tmp_path) as process:
            wait_while_running(lambda: not sim.faults.pending, process)
            threading.Event().wait(0.05)
            end(process, numbers)
            lines = remaining_bytes(process)
            TRIED[way] += 1
        assert ended(process) == code, (tmp_path / "log.txt").read_text()
        *_, last = [json.loads(line) for line in audit.read_text().splitlines()]
        if once:
            assert (last["event"], last["outcome"]) == ("run_ended", "interrupted")
        first = messages(lines, torn=way == "kill")
        if once and place in case.with_job:
            assert first.messages[-1]["type"] == "STATE"
            pending = first.state["bookmarks"][case.small[0]]["pending_jobs"]
            assert {job["id"] for job in pending} & {work.id for work in case.works(sim)}
        lost = int(case.nameless or (submits and not once))
        goes_on(case, sim, tmp_path, first=first, known=known, lost=lost)


@pytest.mark.ci
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=() if case.name == "download" else pytest.mark.slow)
        for case in CASES
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["SCHEMA", pytest.param("RECORD", marks=pytest.mark.slow)])
def test_closed_pipe_ends_the_run_and_the_next_one_completes(tmp_path, undisturbed, case, kind):
    """When the target closes the pipe the tap ends with 1 and the cause; then it continues."""
    known = undisturbed(case)
    with case_simulator(case) as sim:
        with child(case, process_settings(case, sim), tmp_path) as process:
            lines = read_bytes_until(process, kind)
            assert process.stdout is not None
            process.stdout.close()
            process.wait()
            TRIED["pipe"] += 1
        log = (tmp_path / "log.txt").read_text()
        assert process.returncode == 1, log
        assert "closed the pipe" in log
        assert "Exception ignored" not in log
        # What was in the pipe and not read is gone: a submit's STATE with it.
        goes_on(case, sim, tmp_path, first=messages(lines), known=known, lost=known[1])


@pytest.mark.slow
@pytest.mark.parametrize("way", SIGNALS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_run_ended_while_records_are_emitted_is_completed_by_the_next(
    tmp_path, undisturbed, case, way
):
    """Ended among the rows, between two whole lines; then it continues."""
    known = undisturbed(case)
    numbers, code = SIGNALS[way]
    with case_simulator(case) as sim:
        with child(case, process_settings(case, sim), tmp_path) as process:
            lines = read_bytes_until(process, "RECORD")
            end(process, numbers)
            lines += remaining_bytes(process)
            TRIED[way] += 1
        # So few rows may all have left, and it may have ended by itself.
        assert ended(process) in {code, 0}, (tmp_path / "log.txt").read_text()
        first = messages(lines, torn=way == "kill")
        lost = max(1, fetched_ahead(case, sim, first))
        goes_on(case, sim, tmp_path, first=first, known=known, lost=lost)


def fetched_ahead(case: Case, sim: Simulator, first: Output) -> int:
    """Count the files that no STATE knows how to find again, for they had no job to remember."""
    if not case.nameless:
        return 0
    bookmark = first.state["bookmarks"][case.small[0]].get("replication_key_value")
    since = datetime.fromisoformat(bookmark) if bookmark else datetime.min.replace(tzinfo=UTC)
    return sum(work.start >= since for work in case.works(sim))

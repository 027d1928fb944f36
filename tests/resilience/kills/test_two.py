"""Two taps at once on one tenant: real processes, each with a separate state.

Without a shared journal the API throttles the second one (403, 409), which retries until the first
has ended. With a shared journal it is not throttled at all. Processes of one machine share a file;
those of several machines, which have no disk in common, share a database.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any

import pytest

from tap_cxone.clock import SystemClock
from tap_cxone.signals import SignalHandler
from tests.resilience.kills.cases import CASES
from tests.resilience.kills.killing import TRIED
from tests.resilience.kills.processes import (
    case_simulator,
    child,
    messages,
    process_settings,
    remaining_bytes,
    wait_while_running,
)
from tests.resilience.kills.trial import Key, check_schemas, different, keyed
from tests.support.examples import json_jobs, quota_jobs
from tests.support.kill_cases import DAY, QUARANTINE, Case
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.resilience.kills.processes import Child

BY_NAME = {case.name: case for case in CASES}
WAITING = "another process is exporting from this tenant"
OTHER = "bot_transfers"
READY = "at the gate"
GATED = (
    "import runpy, sys, tap_cxone.tap; "
    f"print({READY!r}, file=sys.stderr, flush=True); open(sys.argv[1]).readline(); "
    "sys.argv = sys.argv[4:]; runpy.run_module('tap_cxone', run_name='__main__', alter_sys=True)"
)
"""A tap that has loaded everything, and waits for a line before it begins."""

LONG = 120  # seconds for two taps that wait for each other
SCARCE = {"job_seconds": 500, "max_analytics_exports": 1}
"""One place for long jobs; the simulator is a thousand times as fast."""


def shared(fast: str) -> list[Any]:
    """Return the cases whose API allows only so many jobs, whosever they are; one of them fast."""
    return [
        pytest.param(BY_NAME[name], id=name, marks=() if name == fast else pytest.mark.slow)
        for name in ("extraction-sync", "extraction-async", "analytics")
    ]


def pair(case: Case) -> tuple[Case, Case]:
    """Return the case with one stream, and with another one that exports too."""
    if case.name == "analytics":
        return case, replace(case, small=(OTHER, QUARANTINE))
    one, other = case.large
    return replace(case, small=(one,)), replace(case, small=(other,))


def configured(case: Case, sim: Simulator, **changes: Any) -> dict[str, Any]:
    """Return settings with which both streams can be read."""
    config = process_settings(case, sim, **changes)
    if case.name == "analytics":
        other = {"name": OTHER, "filter": "type eq 'bot' and escalated eq 'true'"}
        own = {"exports": [other], "max_concurrent": 1}
        config[json_jobs.FAMILY] = {**config[json_jobs.FAMILY], **own}
    return config


def alone(case: Case, sim: Simulator, config: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    """Return what one tap writes that reads both streams."""
    catalog = select(config, *(name for one in pair(case) for name in one.small))
    out = run_tap(config, clock=SystemClock(SignalHandler()), catalog=catalog)  # type: ignore[arg-type]
    assert out.error is None
    return keyed(out)


@contextmanager
def run_at_once(
    cases: tuple[Case, Case], folder: Path, config: dict[str, Any], state: Any = None
) -> Iterator[list[tuple[Child, Path]]]:
    """Run two taps that set about their streams at the same moment."""
    with ExitStack() as stack:
        running: list[tuple[Child, Path]] = []
        gates: list[IO[bytes]] = []
        for number, one in enumerate(cases):
            own = folder / str(number)
            own.mkdir()
            gate = own / "gate"
            os.mkfifo(gate)
            gates.append(stack.enter_context(gate.open("r+b", buffering=0)))
            prefix = (sys.executable, "-c", GATED, str(gate))
            tap = child(one, config, own, state=state, prefix=prefix, patience=LONG)
            running.append((stack.enter_context(tap), own))
        for process, own in running:
            wait_while_running(partial(is_ready, own), process)
        for opened in gates:
            opened.write(b"\n")
        yield running


def is_ready(folder: Path) -> bool:
    """Return True if a tap has come to its gate."""
    return READY in (folder / "log.txt").read_text()


def finished(process: Child, folder: Path) -> dict[Key, dict[str, Any]]:
    """Return what a process wrote to its end, which must be a good one."""
    lines = remaining_bytes(process)
    assert process.returncode == 0, (folder / "log.txt").read_text()
    out = messages(lines)
    check_schemas(out)
    return keyed(out)


def together(
    cases: tuple[Case, Case], folder: Path, config: dict[str, Any]
) -> tuple[dict[Key, dict[str, Any]], str]:
    """Run two taps at once; return what they wrote, and what they logged."""
    found: dict[Key, dict[str, Any]] = {}
    logs: list[str] = []
    with run_at_once(cases, folder, config) as running:
        for process, own in running:
            found |= finished(process, own)
            logs.append((own / "log.txt").read_text())
    assert all(log.count(WAITING) <= 1 for log in logs)
    return found, "".join(logs)


@pytest.mark.parametrize("case", shared(""))
def test_two_without_a_journal(tmp_path, case):
    """A throttled process retries: both complete, and no row is missing."""
    with case_simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        found, said = together(pair(case), tmp_path, config)

        assert "throttled by the API" in said
        assert not different(found, alone(case, sim, config))


@pytest.mark.ci
@pytest.mark.promise("shared-limits")
@pytest.mark.parametrize("case", shared("extraction-sync"))
def test_two_with_a_journal(tmp_path, case, journal_address):
    """With a shared journal no process is throttled: the API receives no excess call."""
    # Jobs that are long enough for the two to meet, although one may start seconds later.
    with case_simulator(case, **{**SCARCE, "job_seconds": 1500}) as sim:
        config = configured(case, sim)
        found, said = together(pair(case), tmp_path, {**config, "journal": journal_address})

        assert sim.limit_violations == 0
        assert WAITING in said
        assert f"lock={journal_address.rpartition('@')[2]}" in said.replace("postgresql://", "")
        assert "throttled by the API" not in said
        assert len(case.works(sim)) == 6
        assert not different(found, alone(case, sim, config))


@pytest.mark.promise("pending-jobs")
@pytest.mark.slow
@pytest.mark.parametrize("case", shared(""))
def test_one_of_two_is_killed(tmp_path, case, journal_address):
    """A killed process releases its slot at once, and a third one resumes its job."""
    with case_simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        kept = {**config, "journal": journal_address}
        found: dict[Key, dict[str, Any]] = {}
        with run_at_once(pair(case), tmp_path, kept) as ((doomed, _), (other, own)):
            wait_while_running(lambda: case.works(sim), doomed)
            doomed.kill()
            TRIED["kill"] += 1
            found |= finished(other, own)
        third = tmp_path / "third"
        third.mkdir()
        with child(pair(case)[0], kept, third) as process:
            found |= finished(process, third)

        assert case.nameless or len(case.works(sim)) <= 7
        assert not different(found, alone(case, sim, config))


@pytest.mark.promise("pending-jobs")
@pytest.mark.slow
@pytest.mark.parametrize("case", shared("")[1:])
def test_two_with_the_same_stream(tmp_path, case, journal_address):
    """Two taps that read the same share each job: the second takes up what the first requested."""
    with case_simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        kept = {**config, "journal": journal_address}
        one, _ = pair(case)
        with run_at_once((one, one), tmp_path, kept) as running:
            first, second = [finished(process, own) for process, own in running]

        assert sim.limit_violations == 0
        assert len(case.works(sim)) == 3
        assert not different(second, first)


@pytest.mark.promise("pending-jobs")
@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("gap", 3), ("newest first", 3), ("reload", 4)])
def test_two_with_the_same_history_share_its_jobs(tmp_path, name, most):
    """Two taps with one state export a gap, a reload or the newest days once."""
    case = BY_NAME["extraction-async"]
    with case_simulator(case, **SCARCE) as sim:
        config = configured(case, sim, journal=str(tmp_path / "journal.db"))
        one, _ = pair(case)
        second_day = (datetime.fromisoformat(config["start_date"]) + DAY).isoformat()
        state = None
        if name != "newest first":
            before = {**config, **({"start_date": second_day} if name == "gap" else {})}
            with child(one, before, tmp_path) as process:
                state = messages(remaining_bytes(process)).state
        days = {"from": config["start_date"], "to": second_day}
        later: dict[str, dict[str, Any]] = {
            "gap": {},
            "newest first": {"backfill_order": "newest_first"},
            "reload": {"reload": [{"id": "again", "streams": [*one.small], **days}]},
        }
        with run_at_once((one, one), tmp_path, {**config, **later[name]}, state) as running:
            first, second = [finished(process, own) for process, own in running]

        assert sim.limit_violations == 0
        assert len(case.works(sim)) <= most
        assert not different(second, first)
        assert first


@pytest.mark.promise("shared-limits")
@pytest.mark.slow
def test_two_share_a_quota(tmp_path, journal_address):
    """The day's exports are those of both: none is refused by the API, both end cleanly."""
    case = next(case for case in CASES if case.family == quota_jobs.FAMILY)
    cases = replace(case, small=(quota_jobs.KB,)), replace(case, small=(quota_jobs.GR,))
    with case_simulator(case, job_seconds=100, exports_per_day=3) as sim:
        config = process_settings(case, sim, journal=journal_address)
        config[quota_jobs.FAMILY] |= {"exports_per_day": 3}
        together(cases, tmp_path, config)

        assert (sim.exports, sim.quota_violations) == (3, 0)

"""Two taps at once on one tenant: real processes, each with a state of its own.

Without a journal in common the API sends the second one away (403, 409), and it comes back until it
is its turn. With one it is not sent away at all.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.clock import SystemClock
from tap_cxone.interrupts import Interrupts
from tests.kills.cases import CASES, QUARANTINE, Case
from tests.kills.killing import TRIED
from tests.kills.processes import child, messages, rest, settings, simulator, until
from tests.kills.trial import Key, check_schemas, different, keyed
from tests.running import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cxone.simulator import Simulator
    from tests.kills.processes import Child

BY_NAME = {case.name: case for case in CASES}
WAITING = "Another process is exporting from this tenant"
OTHER = "bot_transfers"
SCARCE = {"job_seconds": 500, "analytics_places": 1}
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
    config = settings(case, sim, **changes)
    if case.name == "analytics":
        other = {"name": OTHER, "filter": "type eq 'bot' and escalated eq 'true'"}
        own = {"exports": [other], "max_concurrent": 1}
        config["analytics_exports"] = {**config["analytics_exports"], **own}
    return config


def alone(case: Case, sim: Simulator, config: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    """Return what one tap writes that reads both streams."""
    catalog = select(config, *(name for one in pair(case) for name in one.small))
    out = run_tap(config, clock=SystemClock(Interrupts()), catalog=catalog)  # type: ignore[arg-type]
    assert out.error is None
    return keyed(out)


def begun(folder: Path) -> bool:
    """Tell whether a tap has set about its stream."""
    return "Beginning" in (folder / "log.txt").read_text()


@contextmanager
def at_once(case: Case, folder: Path, config: dict[str, Any]) -> Iterator[list[tuple[Child, Path]]]:
    """Run two taps that begin to ask at the same moment."""
    with ExitStack() as stack:
        running: list[tuple[Child, Path]] = []
        for number, one in enumerate(pair(case)):
            own = folder / str(number)
            own.mkdir()
            process = stack.enter_context(child(one, config, own))
            running.append((process, own))
            until(partial(begun, own), process)
            process.send_signal(signal.SIGSTOP)
        for process, _ in running:
            process.send_signal(signal.SIGCONT)
        yield running


def finished(process: Child, folder: Path) -> dict[Key, dict[str, Any]]:
    """Return what a process wrote to its end, which must be a good one."""
    lines = rest(process)
    assert process.returncode == 0, (folder / "log.txt").read_text()
    out = messages(lines)
    check_schemas(out)
    return keyed(out)


def together(
    case: Case, folder: Path, config: dict[str, Any]
) -> tuple[dict[Key, dict[str, Any]], str]:
    """Run two taps at once; return what they wrote, and what they logged."""
    found: dict[Key, dict[str, Any]] = {}
    logs: list[str] = []
    with at_once(case, folder, config) as running:
        for process, own in running:
            found |= finished(process, own)
            logs.append((own / "log.txt").read_text())
    assert all(log.count(WAITING) <= 1 for log in logs)
    return found, "".join(logs)


@pytest.mark.parametrize("case", shared("extraction-async"))
def test_two_without_a_journal(tmp_path, case):
    """Whoever is sent away comes back: both complete, and no row is missing."""
    with simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        found, said = together(case, tmp_path, config)

        assert "told to wait" in said
        assert not different(found, alone(case, sim, config))


@pytest.mark.parametrize("case", shared("extraction-sync"))
def test_two_with_a_journal(tmp_path, case):
    """With a journal in common nobody is sent away: the API sees not a single call too many."""
    with simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        path = tmp_path / "journal.db"
        found, said = together(case, tmp_path, {**config, "journal_path": str(path)})

        assert sim.refusals == 0
        assert WAITING in said
        assert str(path) in said
        assert "told to wait" not in said
        assert len(case.works(sim)) == 6
        assert not different(found, alone(case, sim, config))


@pytest.mark.slow
@pytest.mark.parametrize("case", shared(""))
def test_one_of_two_is_killed(tmp_path, case):
    """Whoever dies gives its place back at once, and a third one takes up what it left behind."""
    with simulator(case, **SCARCE) as sim:
        config = configured(case, sim)
        kept = {**config, "journal_path": str(tmp_path / "journal.db")}
        found: dict[Key, dict[str, Any]] = {}
        with at_once(case, tmp_path, kept) as ((doomed, _), (other, own)):
            until(lambda: case.works(sim), doomed)
            doomed.kill()
            TRIED["kill"] += 1
            found |= finished(other, own)
        third = tmp_path / "third"
        third.mkdir()
        with child(pair(case)[0], kept, third) as process:
            found |= finished(process, third)

        assert case.nameless or len(case.works(sim)) <= 7
        assert not different(found, alone(case, sim, config))

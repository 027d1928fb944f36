"""The clock, the simulator and the settings that most tests start from."""

from __future__ import annotations

import functools
import gc
import itertools
import logging
import sys
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tap_cxone.simulator import Simulator
from tap_cxone.simulator.registry import FAMILIES, Options
from tap_cxone.simulator.settings import tap_settings
from tests.support.run import DEFAULT_FAMILY, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

    from tap_cxone.simulator.family import SimulatedFamily
    from tests.support.postgres import Postgres


# Before any test imports it: its assertions explain what a fault did.
pytest.register_assert_rewrite("tests.resilience.faults.play")

# A busy machine is no fault of the code: no example has a time of its own.
hypothesis.settings.register_profile("all", deadline=None, max_examples=100)
hypothesis.settings.register_profile("tap", deadline=None, max_examples=30)
hypothesis.settings.load_profile("tap")

# Folders and files of tests that run no tap to its end: all of their cases take a moment.
CHEAP = {"unit", "docs", "test_settings.py"}

if sys.platform == "win32":
    # Whole processes, ended by signals; shells and pipes.
    collect_ignore = ["resilience/kills", "integration", "scale/test_shards.py"]


def pytest_collection() -> None:
    """Search for no garbage among the thousands of tests: a fifth of the time."""
    gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Choose the cases that each command tries, omit on Windows what needs POSIX.

    What takes longest begins first: no process waits for the last one in the end.
    """
    items.sort(key=lambda item: "integration" not in item.path.parts)
    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for name, cases in tests.items():
        choose_cases(name, cases)
    if sys.platform == "win32":
        for item in items:
            if item.get_closest_marker("posix"):
                item.add_marker(pytest.mark.skip(reason="needs a POSIX system"))


def choose_cases(name: str, cases: Sequence[pytest.Item]) -> None:
    """Mark the cases of a test that only `make test-ci` or `make test-all` tries.

    CI tries each case, and each n-th of those with the mark `some(n)`. `make test` tries one of
    them, or a tenth, if the test runs the tap. The name of the test determines which one, so that
    tests of the same cases, such as the families, try different ones.
    """
    some = [(case, mark.args[0]) for case in cases if (mark := case.get_closest_marker("some"))]
    for number, (case, step) in enumerate(some):
        if number % step:
            case.add_marker(pytest.mark.slow)
    tried = [c for c in cases if not any(map(c.get_closest_marker, ("ci", "slow")))]
    if tried and CHEAP.isdisjoint(tried[0].path.parts):
        first, size = zlib.crc32(name.encode()), max(1, len(tried) // 10)
        kept = {(first + len(tried) * number // size) % len(tried) for number in range(size)}
        for number, case in enumerate(tried):
            if number not in kept:
                case.add_marker(pytest.mark.ci)


def pytest_collection_finish() -> None:
    """Search for garbage seldom, and not among thousands of tests: a quarter of the time."""
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Restore logging: each command of the SDK adds a handler, which formats all later lines."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        return (yield)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note how many inputs a property was tried with; a worker of xdist reports it."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None:
        return (yield)
    tried, inner = itertools.count(), handle.inner_test

    @functools.wraps(inner)
    def counted(*args: Any, **kwargs: Any) -> Any:
        next(tried)
        return inner(*args, **kwargs)

    handle.inner_test = counted
    try:
        return (yield)
    finally:
        handle.inner_test = inner
        item.user_properties.append(("inputs", next(tried)))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Return how many faults, interruptions and inputs were tried; each test notes its own."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    noted = [pair for report in reports for pair in getattr(report, "user_properties", ())]
    faults = [struck for name, struck in noted if name == "faults"]
    kills = sum((Counter(tried) for name, tried in noted if name == "interruptions"), Counter())
    inputs = [number for name, number in noted if name == "inputs"]
    if faults:
        terminalreporter.write_line(f"faults tried: {len(faults)} rows, struck {sum(faults)} times")
    if kills:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(kills.items()))
        terminalreporter.write_line(f"interruptions tried: {kills.total()} ({kinds})")
    if inputs:
        terminalreporter.write_line(f"inputs tried: {sum(inputs)}, of {len(inputs)} properties")


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock at noon."""
    return FakeClock()


@pytest.fixture
def simulate(clock: FakeClock) -> Iterator[Callable[..., Simulator]]:
    """Return a function that starts a simulator with separate options, under the same clock."""
    running: list[Simulator] = []

    def start(families: Sequence[type[SimulatedFamily]] = FAMILIES, **options: Any) -> Simulator:
        tenant = Options(**{"rows_per_day": 12, **options})
        simulator = Simulator(tenant, clock=clock, families=families)
        running.append(simulator)
        return simulator.__enter__()

    yield start
    for simulator in running:
        simulator.__exit__(None, None, None)


@pytest.fixture
def sim(simulate: Callable[..., Simulator]) -> Simulator:
    """Return a simulator that answers as the API does by default."""
    return simulate()


@pytest.fixture
def config(sim: Simulator) -> dict[str, Any]:
    """Return settings for `sim`, with nineteen days and a half to read."""
    return settings_for(sim)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Return the server of all tests of a process: to make one takes more than a second."""
    from tests.support.postgres import postgres  # noqa: PLC0415 (few tests need it)

    with postgres() as running:
        yield running


@pytest.fixture
def server(postgres_server: Postgres) -> Iterator[Postgres]:
    """Return a server that is empty."""
    yield postgres_server
    postgres_server.clear()


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.posix)])
def journal_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a journal is to be: the path of a file, and the URL of an empty database."""
    if request.param == "file":
        return str(tmp_path / "journal.db")
    url: str = request.getfixturevalue("server").url
    return url


@pytest.fixture
def audit_log(tmp_path: Path) -> Path:
    """Return where the audit log is to be."""
    return tmp_path / "audit.jsonl"


def settings_for(sim: Simulator, *, own: Any = None, **changes: Any) -> dict[str, Any]:
    """Return settings for a simulator.

    Args:
        sim: The simulator.
        own: The settings object of the family that `tap_settings` sets up by default.
        **changes: Changes of the other settings.
    """
    base = {**tap_settings(sim.url), "start_date": "2026-03-01T00:00:00Z"}
    return {**base, **({} if own is None else {DEFAULT_FAMILY: own}), **changes}

"""What starting the tap loads: modules are counted, not milliseconds."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import Field, dataclass, fields, is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

import msgspec
import pytest

from tap_cxone.__main__ import main
from tests.benchmarks.starting import ASKED, BARE
from tests.docs.document import ROOT

SHARE = 1.05  # of the modules of a tap that is nothing but the SDK, its own not counted
_STARTED = """
import contextlib, gc, io, json, runpy, sys
sys.path.insert(0, {root!r})
for option in {options!r}:
    sys.argv = ["tap", option]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        {start}
searches = sum(generation["collections"] for generation in gc.get_stats())
print(json.dumps([sorted(sys.modules), searches, gc.isenabled()]))
"""


@dataclass(frozen=True)
class Started:
    """A process after it did what some options say, one by one.

    Attributes:
        modules: What it has loaded.
        searches: How often it looked for garbage.
        searching: Whether it continues doing so.
    """

    modules: frozenset[str]
    searches: int
    searching: bool


@cache
def started(start: str, *options: str) -> Started:
    script = _STARTED.format(root=str(ROOT), options=options, start=start)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    modules, searches, searching = json.loads(done.stdout.splitlines()[-1])
    return Started(frozenset(modules), searches, searching)


def own() -> Started:
    return started("runpy.run_module('tap_cxone', run_name='__main__')", *ASKED)


def start_bare() -> Started:
    return started(f"runpy.run_path({str(BARE)!r}, run_name='__main__')", *ASKED)


def test_starting_loads_little_more_than_the_sdk():
    """Of other packages, `--version`, `--about` and `--discover` load 1.05 times a bare tap's."""
    more = sorted(own().modules - start_bare().modules)
    foreign = {name for name in own().modules if not name.startswith("tap_cxone")}

    assert len(foreign) <= SHARE * len(start_bare().modules), more
    assert "tap_cxone.tap" in more


@pytest.mark.promise("offline-discovery")
def test_starting_loads_nothing_that_only_a_run_needs():
    """What may not be imported at the top of a module is not loaded by another way."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    late = set(lint["flake8-tidy-imports"]["banned-module-level-imports"])

    assert {"dateutil", "filelock", "psycopg", "pyarrow", "rich", "sqlite3"} <= late
    assert late & (own().modules - start_bare().modules) == set()


def test_starting_searches_no_imports_for_garbage():
    """While the tap is loaded nothing is looked through for garbage; afterwards it is."""
    assert own().searches < start_bare().searches / 2
    assert own().searching


def test_classes_at_the_start_are_structs():
    """A dataclass, slow to create, has a base class, or a field that is not passed or compared."""
    loaded = [import_module(name) for name in own().modules if name.startswith("tap_cxone.")]
    members = [member for module in loaded for member in vars(module).values()]
    classes = {m for m in members if is_dataclass(m) and m.__module__.startswith("tap_cxone.")}

    assert classes
    assert {kind for kind in classes if not needs_dataclass(kind)} == set()


def test_structs_have_no_defaults_of_dataclasses():
    """No `Struct` uses `dataclasses.field`, which would be the default itself."""
    loaded = [import_module(name) for name in own().modules if name.startswith("tap_cxone.")]
    members = [member for module in loaded for member in vars(module).values()]
    structs = [m for m in members if isinstance(m, type) and issubclass(m, msgspec.Struct)]
    defaults = {(kind, value) for kind in structs for value in map(type, kind.__struct_defaults__)}

    assert len(structs) > 1
    assert {kind for kind, value in defaults if value is Field} == set()


def needs_dataclass(kind):
    return kind.__bases__ != (object,) or any(not (f.init and f.compare) for f in fields(kind))


def test_command_starts_as_the_module_does():
    """`tap-cxone` is `python -m tap_cxone`, and starts as fast."""
    (command,) = entry_points(group="console_scripts", name="tap-cxone")

    assert command.load() is main

"""What starting the tap loads: modules are counted, not milliseconds."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from functools import cache

from tests.benchmarks.starting import ASKED, BARE
from tests.document import ROOT

SHARE = 1.2  # of the modules of a tap that is nothing but the SDK
_LOADED = """
import contextlib, io, json, runpy, sys
sys.path.insert(0, {root!r})
for option in {options!r}:
    sys.argv = ["tap", option]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        {start}
print(json.dumps(sorted(sys.modules)))
"""


@cache
def loaded(start: str, *options: str) -> set[str]:
    """Return the modules of a process after it did what these options say, one by one."""
    script = _LOADED.format(root=str(ROOT), options=options, start=start)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return set(json.loads(done.stdout.splitlines()[-1]))


def own() -> set[str]:
    return loaded("runpy.run_module('tap_cxone', run_name='__main__')", *ASKED)


def bare() -> set[str]:
    return loaded(f"runpy.run_path({str(BARE)!r}, run_name='__main__')", *ASKED)


def test_starting_loads_little_more_than_the_sdk():
    """`--version`, `--about` and `--discover` load at most 1.2 times what a bare tap does."""
    more = sorted(own() - bare())

    assert len(own()) <= SHARE * len(bare()), more
    assert "tap_cxone.tap" in more


def test_starting_loads_nothing_that_only_a_run_needs():
    """What may not be imported at the top of a module is not loaded by another way."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    late = set(lint["flake8-tidy-imports"]["banned-module-level-imports"])

    assert {"dateutil", "sqlite3", "tap_cxone.transport"} <= late
    assert late & (own() - bare()) == set()

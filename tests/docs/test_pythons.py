"""`make test-pythons` runs the tests on each supported Python, and fails with any of them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.document import ROOT
from tests.support import pythons

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.posix
INTERPRETERS = "3.12=/python3.12\\n3.13=/python3.13\\n"


def script(path: Path, text: str) -> None:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


def make_pythons(folder: Path, finder: str, tests: str = "exit 0") -> int:
    """Return the exit code of the target with scripts in place of the finder, uv and pytest."""
    script(folder / "bin/python", finder)
    script(folder / "bin/uv", f'echo "$@" >> {folder}/synced')
    for version in ("3.12", "3.13"):
        script(folder / f".venv-{version}/bin/pytest", tests)
    make = [
        "make",
        "-f",
        str(ROOT / "Makefile"),
        *("-o", "test", "-o", "test-ci"),
        f"BIN={folder}/bin",
        "test-pythons",
    ]
    return subprocess.run(make, cwd=folder, capture_output=True, check=False).returncode


def test_finder_of_pythons_that_fails_fails_the_target(tmp_path):
    """A failed search is no search without a result."""
    assert make_pythons(tmp_path, "exit 1") != 0


def test_tests_are_run_on_each_python_that_is_found(tmp_path):
    """Each interpreter gets an environment."""
    assert make_pythons(tmp_path, f"printf '{INTERPRETERS}'") == 0
    assert (tmp_path / "synced").read_text("utf-8").count("--python") == 2


def test_tests_that_fail_on_one_python_fail_the_target(tmp_path):
    """The first failure ends the target."""
    assert make_pythons(tmp_path, f"printf '{INTERPRETERS}'", tests="exit 1") != 0


def test_python_that_does_not_start_is_followed_by_the_next(tmp_path, monkeypatch):
    """A shim on PATH that names no version does not hide the Python behind it."""
    script(tmp_path / "shims/python3.12", "exit 127")
    script(tmp_path / "usr/python3.12", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}/shims{os.pathsep}{tmp_path}/usr")

    assert pythons.interpreters()["3.12"] == f"{tmp_path}/usr/python3.12"


def test_python_of_uv_is_found(tmp_path, monkeypatch):
    """Interpreters of uv and pyenv are found, although PATH has none."""
    script(tmp_path / "cpython-3.14.1-linux/bin/python", "exit 0")
    monkeypatch.setattr(pythons, "UV", tmp_path)
    monkeypatch.setattr(pythons, "PYENV", tmp_path)
    monkeypatch.setenv("PATH", "")

    assert pythons.interpreters() == {"3.14": f"{tmp_path}/cpython-3.14.1-linux/bin/python"}

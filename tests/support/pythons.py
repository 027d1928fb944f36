"""Print the newest interpreter of each supported Python version; for `make test-pythons`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
UV = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local/share/uv/python"))


def supported_versions() -> list[str]:
    """Return the versions that the project's classifiers name, such as `3.11`."""
    classifiers = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["classifiers"]
    return re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))


def candidates(version: str) -> Iterator[str]:
    """Yield the interpreters of one version: those of PATH first, then those of pyenv and uv."""
    for folder in os.get_exec_path():
        if found := shutil.which(f"python{version}", path=folder):
            yield found
    for root, pattern in ((PYENV, f"{version}.*"), (UV, f"cpython-{version}.*")):
        yield from sorted(map(str, root.glob(f"{pattern}/bin/python")), reverse=True)


def runs(interpreter: str) -> bool:
    """Return True if an interpreter starts; a shim of pyenv may name none."""
    return subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode == 0


def interpreters() -> dict[str, str]:
    """Return one interpreter for each supported version that is installed."""
    working = {v: next(filter(runs, candidates(v)), None) for v in supported_versions()}
    return {version: found for version, found in working.items() if found}


if __name__ == "__main__":
    if not (found := interpreters()):
        sys.exit("no supported Python starts; install one of " + ", ".join(supported_versions()))
    for version, interpreter in found.items():
        sys.stdout.write(f"{version}={interpreter}\n")

"""Meltano projects made of ours and of the recipes in docs/; how to run them without the Hub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.docs.document import PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

MELTANO = Path(sys.executable).with_name("meltano")
_APART = {"target-postgres": ROOT / ".targets/postgres/bin/target-postgres"}


def recipe(name: str) -> dict[str, Any]:
    """Return the YAML that a page shows under a name."""
    text = "\n".join(page.read_text() for page in PAGES)
    (block,) = re.findall(rf"<!-- recipe: {name} -->\n+```yaml\n(.*?)```", text, re.DOTALL)
    return dict(yaml.safe_load(block))


def write_project(folder: Path, *recipes: str) -> Path:
    """Write a project: our plugins, as `make` has installed them, and what the recipes add."""
    definition = yaml.safe_load((ROOT / "meltano.yml").read_text())
    definition["default_environment"] = "demo"  # `meltano init` names one too
    for name in recipes:
        _add(definition, recipe(name))
    for kind, plugins in definition["plugins"].items():
        for plugin in plugins:
            if plugin.pop("pip_url", None) is not None:
                name = plugin["name"]
                ours = ROOT / ".meltano" / kind / name / "venv/bin" / name
                plugin["executable"] = str(_APART.get(name, ours))
    (folder / "meltano.yml").write_text(yaml.safe_dump(definition, sort_keys=False))
    (folder / "output").mkdir()
    return folder


def _add(definition: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add settings to what has the same name, and what is new as a whole."""
    for key, value in more.items():
        if isinstance(value, dict):
            _add(definition.setdefault(key, {}), value)
        elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
            known = {one["name"]: one for one in definition.setdefault(key, [])}
            for one in value:
                if one["name"] in known:
                    _add(known[one["name"]], one)
                else:
                    definition[key].append(one)
        else:
            definition[key] = value


def run_there(
    project: Path, variables: Mapping[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the project with these variables, and no others of the tap's or target's."""
    own = ("TAP_CXONE", "TARGET_", "MELTANO_", "PGTZ")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    offline = {"MELTANO_HUB_URL": "http://127.0.0.1:9", "NO_COLOR": "1"}
    run = subprocess.run(
        command,
        cwd=project,
        env={**clean, **offline, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run


def meltano(
    project: Path, variables: Mapping[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of Meltano's there."""
    return run_there(project, variables, str(MELTANO), *command)

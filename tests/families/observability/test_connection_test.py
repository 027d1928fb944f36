"""Observability: `--test` spends no export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from tap_cxone.simulator import Simulator
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.support.observability import TOKEN
from tests.support.requests import polls, requests_to, submits

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run_connection_test_of_all(sim: Simulator, folder: Path, **changes: Any) -> Result:
    """Run `tap-cxone --test` with the settings of every family."""
    file = folder / "config.json"
    file.write_text(json.dumps(tap_settings(sim.url, families=ALL_FAMILIES) | changes))
    return CliRunner().invoke(TapCXone.cli, ["--config", str(file), "--test"])


def test_the_test_spends_no_export(tmp_path):
    """`--test` logs in and requests no export; the command has the machine's clock."""
    with Simulator() as sim:
        result = run_connection_test_of_all(sim, tmp_path)

    assert result.exit_code == 0
    assert any(line.startswith("ok   observability login") for line in result.stdout.splitlines())
    assert len(requests_to(sim, TOKEN)) == 1
    assert submits(sim) == polls(sim) == []
    assert sim.exports == 0
    assert sim.jobs == []


def test_the_test_of_a_wrong_secret(tmp_path):
    """A refused login is a line with the remedy and without the secret; exit code 1."""
    with Simulator() as sim:
        result = run_connection_test_of_all(sim, tmp_path, client_secret="not-the-secret")

    line, evidence = (line for line in result.stdout.splitlines() if " observability " in line)
    assert result.exit_code == 1
    assert evidence.startswith("-    observability evidence: ")
    assert line.startswith("FAIL observability login:")
    assert "client_secret" in line
    assert "not-the-secret" not in result.output

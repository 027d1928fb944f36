from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import requests
from click.testing import CliRunner

from tap_cxone.families.registry import FAMILIES
from tap_cxone.simulator import environment, tap_settings
from tap_cxone.simulator.cli import main
from tap_cxone.simulator.settings import ALL_FAMILIES
from tests.support.examples import csv_jobs, json_jobs, quota_jobs

SIMULATOR = [sys.executable, "-m", "tap_cxone.simulator"]
CALL = """
import json, os, urllib.request
with urllib.request.urlopen(os.environ["TAP_CXONE_BASE_URL"] + "/_simulator/state") as answer:
    print(json.load(answer)["refusals"], os.environ["TAP_CXONE_CLIENT_ID"])
"""


def start(*arguments):
    return subprocess.Popen(
        [*SIMULATOR, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )


def test_simulator_without_its_extra_names_it():
    """The last line of the traceback is what to install."""
    without = "import sys; sys.modules['starlette'] = None; import tap_cxone.simulator"

    run = subprocess.run(
        [sys.executable, "-c", without], capture_output=True, text=True, check=False
    )

    assert run.returncode == 1
    assert "cxone-simulator needs more packages" in run.stderr.splitlines()[-1]
    assert run.stderr.splitlines()[-1].endswith("pip install 'tap-cxone[simulator]'")


def test_settings_keep_the_rules():
    """The settings for a tap are divided by the speed, rounded so that no rule is broken."""
    settings = tap_settings("http://127.0.0.1:1", 7)

    assert settings["poll_interval_seconds"] == pytest.approx(5 / 7, abs=1e-6)
    assert 30 / 7 <= settings[csv_jobs.FAMILY]["request_spacing_seconds"] < 30 / 7 + 1e-6
    assert tap_settings("u", 10)[csv_jobs.FAMILY] == {
        "request_spacing_seconds": 3,
        "settle_minutes": 3,
    }


def test_settings_are_those_of_some_families():
    """A family's settings are there if requested; Data Extraction's need not be requested."""
    one = tap_settings("u")
    both = tap_settings("u", families=[csv_jobs.FAMILY, quota_jobs.FAMILY])
    other = tap_settings("u", families=[quota_jobs.FAMILY])
    every = tap_settings("u", families=ALL_FAMILIES)

    assert both == one | {"client_id": "SIM-CLIENT-ID", "client_secret": "SIM-CLIENT-SECRET+/="}
    assert other == {name: both[name] for name in both if name != csv_jobs.FAMILY}
    with_object = {family.name for family in FAMILIES if family.settings.opt_in_reason()}
    assert every.keys() - both.keys() == with_object
    assert every[json_jobs.FAMILY] == {}


def test_environment_is_the_settings():
    """The environment variables hold the same settings."""
    settings = tap_settings("http://127.0.0.1:1", 10, families=ALL_FAMILIES)
    variables = environment(settings)

    assert variables["TAP_CXONE_BASE_URL"] == "http://127.0.0.1:1"
    assert variables["TAP_CXONE_POLL_INTERVAL_SECONDS"] == "0.5"
    assert json.loads(variables["TAP_CXONE_DATA_EXTRACTION"]) == settings[csv_jobs.FAMILY]
    assert set(variables) == {f"TAP_CXONE_{name.upper()}" for name in settings}


def test_run_gives_the_command_a_simulator(capfd):
    """The command finds a simulator that answers, and its exit code is passed on."""
    result = CliRunner().invoke(main, ["run", "--speed", "10", "--", sys.executable, "-c", CALL])

    assert result.exit_code == 0
    assert capfd.readouterr().out == "0 SIM-CLIENT-ID\n"


def test_run_at_a_port_has_the_same_address_again(capfd):
    """The tap accepts the state of an earlier run only from the same address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    show = [sys.executable, "-c", "import os; print(os.environ['TAP_CXONE_BASE_URL'])"]

    results = [CliRunner().invoke(main, ["run", "--port", port, "--", *show]) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert capfd.readouterr().out == f"http://127.0.0.1:{port}\n" * 2


def test_run_passes_the_exit_code_on():
    """What the command exits with, `run` exits with."""
    assert CliRunner().invoke(main, ["run", "--", "sh", "-c", "exit 3"]).exit_code == 3


@pytest.mark.posix
def test_run_passes_a_signal_on():
    """A command that a signal ended counts as 128 and the signal."""
    assert CliRunner().invoke(main, ["run", "--", "sh", "-c", "kill -9 $$"]).exit_code == 137


def test_run_of_nothing():
    """A command that does not exist is one line and exit code 127."""
    result = CliRunner().invoke(main, ["run", "--", "no-such-command"])

    assert result.exit_code == 127
    assert result.stderr == "no-such-command: command not found\n"


@pytest.mark.posix
def test_run_of_no_program(tmp_path):
    """A file that cannot be executed is exit code 126."""
    assert CliRunner().invoke(main, ["run", "--", str(tmp_path)]).exit_code == 126


@pytest.mark.ci
@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_forwards_signals(number):
    """A signal reaches the command, whose answer to it is passed on."""
    script = "trap 'exit 5' TERM INT; echo ready; while :; do sleep 0.05; done"
    with start("run", "--", "sh", "-c", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)

        assert process.wait(5) == 5


@pytest.mark.ci
@pytest.mark.posix
def test_serve_until_interrupted():
    """`serve` prints where it is and a config for the tap, and ends cleanly when interrupted."""
    with start("serve", "--port", "0", "--speed", "10") as process:
        assert process.stdout is not None
        url = process.stdout.readline().rpartition(" ")[2].strip()
        text = ""
        while not text.endswith("\n}\n"):
            text += process.stdout.readline()
        assert requests.get(f"{url}/_simulator/state", timeout=5).status_code == 200
        process.send_signal(signal.SIGINT)

        assert process.wait(5) == 0
    assert "SIM-ACCESS-KEY-ID====" in text.partition("{")[0]
    assert "SIM-CLIENT-ID" in text.partition("{")[0]
    quota = {quota_jobs.FAMILY: {"exports_per_day": 3}}
    settings = tap_settings(url, 10, families=ALL_FAMILIES) | quota
    assert json.loads(text[text.index("{") :]) == settings


@pytest.mark.parametrize("command", [["serve"], ["run", "true"]], ids=["serve", "run"])
def test_simulator_at_a_taken_port(sim, command):
    """A port that is taken is one line, not a traceback."""
    port = sim.simulator.url.rpartition(":")[2]
    result = CliRunner().invoke(main, [command[0], "--port", port, *command[1:]])

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: cannot listen at 127.0.0.1:{port}")
    assert os.linesep not in result.stderr.strip()


@pytest.mark.ci
def test_simulator_without_a_quota_configures_the_tap_so():
    """`--exports-per-day 0` lifts the quota of the simulator and tells the tap so."""
    show = [sys.executable, "-c", "import os; print(os.environ['TAP_CXONE_OBSERVABILITY'])"]

    with start("run", "--exports-per-day", "0", "--", *show) as process:
        assert json.loads(process.communicate()[0]) == {"exports_per_day": None}

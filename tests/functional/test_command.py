"""The command: what it prints and exits with, and who else accepts its output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.tap import TapCXone
from tests.docs.document import ROOT
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.facts import FACTS
from tests.support.run import run_tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.run import Output

BUILT_IN = [stream for facts in FACTS.values() for stream in facts.streams]
BIN = Path(sys.executable).parent
JUDGE = ROOT / ".venv-judge/bin/singer-check-tap"
SIMULATED = [str(BIN / "cxone-simulator"), "run", "--speed=500", "--rows-per-day=20", "--"]


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of the command."""

    returncode: int
    stdout: str
    stderr: str


def texts_of(settings: dict[str, Any]) -> dict[str, str]:
    """Return settings as variables of the environment."""
    return {
        f"TAP_CXONE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


@pytest.fixture
def tap(caplog) -> Callable[..., CommandResult]:
    """Return a function that runs the command in this process, with no other settings."""
    others = dict.fromkeys(name for name in os.environ if "TAP_CXONE" in name)

    def run(*arguments: str, **settings: Any) -> CommandResult:
        caplog.clear()
        result = CliRunner().invoke(TapCXone.cli, arguments, env=others | texts_of(settings))
        assert isinstance(result.exception, SystemExit | None), result.exception
        # Its handlers write to the streams of the first command; what they wrote is captured here.
        log = [f"{r.levelname}|{r.getMessage()}" for r in caplog.records]
        return CommandResult(result.exit_code, result.stdout, "\n".join([result.stderr, *log]))

    return run


def command_process(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run `tap-cxone` with no settings but these in its environment."""
    clean = {name: value for name, value in os.environ.items() if "TAP_CXONE" not in name}
    return subprocess.run(
        [str(BIN / "tap-cxone"), *arguments],
        capture_output=True,
        text=True,
        env=clean | texts_of(settings),
        check=False,
        timeout=60,
    )


def errors(run: CommandResult | subprocess.CompletedProcess[str]) -> list[str]:
    """Return the text of the error lines."""
    return re.findall(r"^(?:.*\| )?ERROR *\|(?:.*\| )?(.*)$", run.stderr, re.MULTILINE)


@pytest.mark.ci
def test_command_prints_all_setting_problems():
    """Each problem is one line with its remedy, and the exit code is 2."""
    run = command_process(
        "--config=ENV",
        region="Narnia",
        start_date="2026-02-01",
        end_date="2026-01-01",
        access_key_id="only-half",
        **{csv_jobs.FAMILY: {"window_days": 20, "mod": "sync"}},
    )

    assert run.returncode == 2
    assert run.stdout == ""
    assert sorted(errors(run)) == [
        "Configuration: access_key_secret is missing, but access_key_id is set; an access key "
        "needs both",
        f"Configuration: {csv_jobs.FAMILY}.window_days is 20; it must be at most 14",
        "Configuration: end_date is not after start_date; exchange them or remove end_date",
        "Configuration: region is 'Narnia'; use an area such as na1, eu1 or au1 (see the "
        "tenant's URL)",
        f"Configuration: unknown setting '{csv_jobs.FAMILY}.mod'; did you mean 'mode'?",
    ]


def test_no_credentials_are_named_with_what_needs_them(tap):
    """A run without credentials exits with 2 and names family, settings and variables."""
    run = tap("--config=ENV")

    assert run.returncode == 2
    assert errors(run) == [
        f"Configuration: {csv_jobs.FAMILY} needs access_key_id, access_key_secret; set them, or "
        "TAP_CXONE_ACCESS_KEY_ID, TAP_CXONE_ACCESS_KEY_SECRET",
        f"Configuration: {quota_jobs.FAMILY} needs client_id, client_secret, access_key_id, "
        "access_key_secret; set them, or TAP_CXONE_CLIENT_ID, TAP_CXONE_CLIENT_SECRET, "
        "TAP_CXONE_ACCESS_KEY_ID, TAP_CXONE_ACCESS_KEY_SECRET",
    ]


def test_application_is_required_where_its_family_has_settings(tap):
    """A family that only its settings object sets up is named if the object is there."""
    run = tap("--config=ENV", **{json_jobs.FAMILY: {}})

    assert run.returncode == 2
    assert (
        f"Configuration: {json_jobs.FAMILY} needs client_id, client_secret; set them, or "
        "TAP_CXONE_CLIENT_ID, TAP_CXONE_CLIENT_SECRET"
    ) in errors(run)


@pytest.mark.ci
@pytest.mark.promise("offline-discovery")
@pytest.mark.parametrize("option", ["--discover", "--about", "--help", "--version"])
def test_what_needs_neither_credentials_nor_network(tap, option):
    """Discovery and the texts about the tap work on a machine that knows nothing."""
    run = command_process(option) if option == "--discover" else tap(option)

    assert run.returncode == 0
    assert run.stdout


def test_every_stream_is_in_the_catalog_with_its_columns_described(tap):
    """The catalog has each built-in stream, and each of its columns has a description."""
    streams = json.loads(tap("--discover").stdout)["streams"]

    names = [stream["tap_stream_id"] for stream in streams]
    assert names == sorted([*BUILT_IN, "extraction_log", "quarantine"])
    properties = [column for s in streams for column in s["schema"]["properties"].values()]
    assert all(column["description"] for column in properties)


def test_without_credentials_no_stream_is_selected_by_default(tap):
    """A catalog made without credentials does not select what could not run."""
    streams = json.loads(tap("--discover").stdout)["streams"]
    streams = [stream for stream in streams if stream["tap_stream_id"] != "quarantine"]
    roots = [item for s in streams for item in s["metadata"] if not item["breadcrumb"]]

    assert [root["metadata"]["selected-by-default"] for root in roots] == [False] * (
        len(BUILT_IN) + 1  # and extraction_log
    )


def test_command_refuses_a_state_of_another_shape(tap, tmp_path):
    """A state of another shape exits with 2 with the remedy."""
    state = tmp_path / "state.json"
    state.write_text('{"bookmarks": {"qm_workflows": {"pending_jobs": [17]}}}')

    run = tap("--config=ENV", f"--state={state}", access_key_id="a", access_key_secret="b")

    assert run.returncode == 2
    assert "restore an earlier state" in run.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "config.json' was not found"),
        ("{", "the file of --config is not a JSON object ("),
        ("[1]", "the file of --config is not a JSON object ("),
    ],
)
def test_config_file_that_cannot_be_read_exits_with_two(tap, tmp_path, content, words):
    """A file of settings that is not there, or holds none, is one line and exit code 2."""
    file = tmp_path / "config.json"
    if content is not None:
        file.write_text(content)

    run = tap(f"--config={file}")

    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("option", ["state", "catalog"])
def test_file_of_messages_as_state_or_catalog_exits_with_two(tap, tmp_path, option):
    """All messages of a run, given as its state or catalog, are a line and exit code 2."""
    file = tmp_path / "rows.jsonl"
    file.write_text('{"type": "SCHEMA"}\n{"type": "STATE"}\n')

    run = tap("--config=ENV", f"--{option}={file}", access_key_id="a", access_key_secret="b")

    assert run.returncode == 2
    assert f"the file of --{option} is not JSON" in run.stderr
    assert "Traceback" not in run.stderr


def test_host_that_is_unreachable_fails_every_stream_with_one_line(tap):
    """A connection that cannot be made ends with exit 1 and a line a stream with the cause."""
    run = tap(
        "--config=ENV",
        base_url="http://127.0.0.1:9",
        access_key_id="invented-id",
        access_key_secret="invented-secret",
        max_retries=0,
    )

    last = errors(run)[-3:]
    assert run.returncode == 1
    assert [line.split("'")[1] for line in last] == [
        "qm_questions",
        "qm_workflows",
        "recording_interaction_metadata",
    ]
    assert all(
        "no connection; " in line and "check region, tenant, base_url" in line for line in last
    )
    assert "invented-secret" not in run.stdout + run.stderr


@pytest.mark.ci
@pytest.mark.posix
def test_command_names_the_target_if_the_pipe_closes():
    """A closed pipe ends the run with exit 1 and one line that points to the target."""
    script = 'tap-cxone --config ENV | head -n 3 > /dev/null; echo "exit ${PIPESTATUS[0]}"'
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    command = [*SIMULATED, "bash", "-c", script]

    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run.stdout == "exit 1\n"
    assert [line for line in errors(run) if "pipe" in line] == [
        "The target closed the pipe; see its log for the reason. The next run continues from the "
        "last state that the target stored"
    ]


def judged(out: Output) -> subprocess.CompletedProcess[str]:
    lines = "".join(f"{json.dumps(message)}\n" for message in out.messages)
    return subprocess.run([JUDGE], input=lines, capture_output=True, text=True, check=False)


@pytest.mark.ci
def test_singer_check_tap_accepts_two_runs(clock, config):
    """The judge of singer-tools finds no fault in a first run and in one that continues from it."""
    first = run_tap(config, clock=clock)
    clock.instant += timedelta(days=1)
    second = run_tap(config, clock=clock, state=first.state)

    for out in (first, second):
        assert out.error is None
        verdict = judged(out)
        assert verdict.returncode == 0, verdict.stderr + verdict.stdout
        assert "No errors" in verdict.stdout + verdict.stderr or "valid" in verdict.stdout

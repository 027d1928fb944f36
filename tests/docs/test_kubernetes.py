"""The manifests of docs/many-tenants.md: they can be read, and their command does what they say."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.tap import TapCXone
from tests.integration.meltano import recipe

if TYPE_CHECKING:
    from pathlib import Path

MANIFESTS = {"cronjob": "CronJob", "indexed job": "Job"}
MELTANO = """#!/bin/sh
echo "$@ $TAP_CXONE_START_DATE $TAP_CXONE_END_DATE"
echo '{"event": "run_ended", "complete": '$COMPLETE'}' > "$TAP_CXONE_SUMMARY_JSON"
"""


def container(name: str) -> dict[str, Any]:
    """Return the container of a manifest."""
    spec = recipe(name)["spec"]
    job = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    (found,) = job["template"]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifest_sets_settings_of_the_tap_only(name):
    """Each variable of the tap is a setting, and each manifest is of its kind."""
    properties = TapCXone.config_jsonschema["properties"]
    names = [entry["name"] for entry in container(name)["env"]]

    assert recipe(name)["kind"] == MANIFESTS[name]
    assert {n.removeprefix("TAP_CXONE_").lower() for n in names} <= set(properties)


def test_cronjob_keeps_the_runs_of_a_tenant_apart():
    """Without that, `--force` would let two runs write one state."""
    spec = recipe("cronjob")["spec"]

    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["jobTemplate"]["spec"]["podReplacementPolicy"] == "Failed"
    assert container("cronjob")["command"][:3] == ["meltano", "el", "--force"]


def run_month(folder: Path, index: int, *, complete: bool = True) -> Any:
    """Run the command of the Indexed Job for one index, with a Meltano that prints its input."""
    (folder / "meltano").write_text(MELTANO)
    (folder / "meltano").chmod(0o755)
    found = container("indexed job")
    variables = {entry["name"]: entry["value"] for entry in found["env"]} | {
        "JOB_COMPLETION_INDEX": str(index),
        "TAP_CXONE_SUMMARY_JSON": str(folder / "summary.jsonl"),
        "COMPLETE": str(complete).lower(),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }
    command = [*found["command"], *found["args"]]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.posix
def test_months_of_the_indexed_job_join(tmp_path):
    """Each month has a state of its own, and begins where the one before ends."""
    runs = [shlex.split(run_month(tmp_path, index).stdout) for index in range(24)]
    ends = [run[-1] for run in runs]

    assert runs[0][:3] == ["el", "--force", "--state-id=acme-2025-01-01"]
    assert [run[-2] for run in runs] == ["2025-01-01", *ends[:-1]]
    assert ends[-1] == "2027-01-01"
    assert len({run[2] for run in runs}) == recipe("indexed job")["spec"]["completions"]


@pytest.mark.posix
def test_incomplete_month_of_the_indexed_job_fails_its_index(tmp_path):
    """A run that a quota stopped ends with exit code 0, and its index is tried again."""
    assert run_month(tmp_path, 0).returncode == 0
    assert run_month(tmp_path, 0, complete=False).returncode == 1

"""`--test`: whether everything is right, without spending an export."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.probe import probe
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tap_cxone.simulator import Simulator
    from tests.running import FakeClock


def run_test(config: dict[str, Any], folder: Path) -> Result:
    """Run `tap-cxone --test` with some settings."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return CliRunner().invoke(TapCXone.cli, ["--config", str(file), "--test"])


def lines(sim: Simulator, clock: FakeClock, **changes: Any) -> list[str]:
    """Return the lines of a probe in this process."""
    tap = TapCXone(config=settings_for(sim, max_retries=1, **changes), clock=clock)
    stream: Any = tap.streams["qm_workflows"]
    return [str(result) for result in probe(stream.family)]


def test_every_check_is_a_line(sim, clock, config, tmp_path):
    """Where all is right there is a line per check, and the exit code is 0."""
    clock.instant = datetime.now(UTC)  # the command has the machine's clock
    result = run_test(config, tmp_path)

    shown = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in shown] == [
        "ok   data_extraction login",
        "ok   data_extraction read",
        "ok   data_extraction clock",
    ]


def test_no_export_is_spent(sim, config, tmp_path):
    """A login and a GET are all that is asked."""
    run_test(config, tmp_path)

    assert [(seen.method, seen.path) for seen in sim.requests] == [
        ("POST", "/authentication/v1/token/access-key"),
        ("GET", "/data-extraction/v1/jobs"),
    ]
    assert sim.jobs == []


def test_a_wrong_secret(sim, config, tmp_path):
    """A wrong secret is one line with the remedy, and the exit code is 1."""
    config["access_key_secret"] = "not-the-secret"

    result = run_test(config, tmp_path)

    (line,) = result.stdout.splitlines()
    assert result.exit_code == 1
    assert line.startswith("FAIL data_extraction login:")
    assert "access_key_secret" in line
    assert "region" in line
    assert "not-the-secret" not in result.output


def test_an_api_that_does_not_answer(sim, clock):
    """A login that works and a GET that does not are two lines, the second with the words."""
    sim.faults.add(Fault("list", "status", status=503, times=9, body="Down for repairs"))

    login, read = lines(sim, clock)

    assert login.startswith("ok   data_extraction login")
    assert read.startswith("FAIL data_extraction read")
    assert "Down for repairs" in read


def told(sim: Simulator, moment: datetime) -> None:
    """Let the server's clock stand at a moment."""
    date = (("Date", format_datetime(moment, usegmt=True)),)
    sim.faults.add(Fault("list", "status", status=200, headers=date, body='{"jobs": []}'))


@pytest.mark.parametrize("skew", [timedelta(minutes=-20), timedelta(minutes=20)])
def test_a_clock_that_is_wrong(sim, clock, skew):
    """A clock far from the server's is a failure that says by how much."""
    told(sim, clock.now() + skew)

    *_, last = lines(sim, clock)

    seconds = re.search(r"(\d+) s apart", last)
    assert last.startswith("FAIL data_extraction clock")
    assert seconds
    assert 1190 <= int(seconds[1]) <= 1210


def test_a_clock_that_is_almost_right(sim, clock):
    """A minute more or less is no failure."""
    told(sim, clock.now() + timedelta(minutes=1))

    assert all(line.startswith("ok ") for line in lines(sim, clock))


def test_one_line_each(sim, clock):
    """Whatever the API says, a check stays one line without secrets."""
    words = f"first\nsecond\r\n{Credentials.ACCESS_KEY_SECRET}"
    sim.faults.add(Fault("token", "status", status=400, body=words, times=9))

    (line,) = lines(sim, clock)

    assert "first second" in line
    assert "\n" not in line
    assert Credentials.ACCESS_KEY_SECRET not in line


def test_without_credentials(sim, config, tmp_path):
    """Without credentials there is nothing to test: the error names what to set."""
    del config["access_key_id"], config["access_key_secret"]

    result = run_test(config, tmp_path)

    assert result.exit_code != 0
    assert sim.requests == []

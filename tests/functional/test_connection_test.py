"""`--test`: whether everything is right, without spending an export."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_cxone.cli.connection_test import probe
from tap_cxone.families.registry import FAMILIES
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tap_cxone.tap import TapCXone
from tests.conftest import settings_for
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.facts import FACTS, token_path
from tests.support.ids import readable
from tests.support.requests import logins
from tests.support.run import offline_catalog, select

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result as Run

    from tap_cxone.cli.connection_test import CheckResult
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock


def run_connection_test(config: dict[str, Any], folder: Path, *options: str) -> Run:
    """Run `tap-cxone --test` with some settings."""
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return CliRunner().invoke(TapCXone.cli, ["--config", str(file), *(options or ("--test",))])


def probe_lines(sim: Simulator, clock: FakeClock, **changes: Any) -> list[str]:
    """Return the lines of a probe in this process."""
    tap = TapCXone(config=settings_for(sim, max_retries=1, **changes), clock=clock)
    stream: Any = tap.streams["qm_workflows"]
    return [str(result) for result in probe(stream.family)]


def evidence_lines(name: str) -> list[str]:
    """Return the beginnings of the lines about the evidence of a family, one a label."""
    (family,) = (found for found in FAMILIES if found.name == name)
    labels = {family.evidence_of(stream) for stream in family.stream_names}
    return [f"-    {name} evidence"] * len(labels)


def test_every_check_is_a_line(sim, clock, config, tmp_path):
    """Where all is right there is a line per check, and the exit code is 0."""
    clock.instant = datetime.now(UTC)  # the command has the machine's clock
    result = run_connection_test(config, tmp_path)

    shown = result.stdout.splitlines()
    assert result.exit_code == 0
    (first, *others) = ALL_FAMILIES
    assert [line.split(":")[0] for line in shown] == [
        *(f"ok   {first} {check}" for check in ("login", "read", "quota", "clock")),
        *evidence_lines(first),
        *(line for name in others for line in (f"-    {name} not set up", *evidence_lines(name))),
    ]
    assert [line for line in shown if f"{quota_jobs.FAMILY} needs client_id, client_secret" in line]


def test_no_export_is_spent(sim, config, tmp_path):
    """A login and a GET are the only requests."""
    run_connection_test(config, tmp_path)

    assert [(seen.method, seen.path) for seen in sim.requests] == [
        ("POST", "/authentication/v1/token/access-key"),
        ("GET", "/data-extraction/v1/jobs"),
    ]
    assert sim.jobs == []


def all_checks(sim: Simulator, clock: FakeClock, **how: Any) -> dict[str, dict[str, CheckResult]]:
    """Return the checks of all families, by family and what was checked."""
    settings = tap_settings(sim.url, families=ALL_FAMILIES) | {"max_retries": 0}
    found: dict[str, dict[str, CheckResult]] = {}
    for result in TapCXone(config=settings, clock=clock, **how).connection_checks():
        found.setdefault(result.family, {})[result.check] = result
    return found


def test_connection_test_tries_every_family(sim, clock):
    """Each family has a login, a harmless read, what is left, and the clock; all is well."""
    found = all_checks(sim, clock)

    assert set(found) == set(ALL_FAMILIES)
    every = ["login", "read", "quota", "clock", "evidence"]
    assert all(list(checks) == every for checks in found.values())
    others = {"clock", "evidence"}
    passed = [r.passed for checks in found.values() for n, r in checks.items() if n not in others]
    assert passed.count(None) == sum(not facts.probes for facts in FACTS.values())
    assert False not in passed


def test_no_family_spends_an_export(sim, clock):
    """One login each and GETs are the only requests of all families; nothing is submitted."""
    all_checks(sim, clock)

    posts = Counter(seen.path for seen in sim.requests if seen.method != "GET")
    assert posts == Counter(map(token_path, ALL_FAMILIES))
    assert [seen.path for seen in sim.requests if seen.method == "GET"] == [
        path for facts in FACTS.values() for path in facts.probes
    ]
    assert (sim.jobs, sim.exports) == ([], 0)


def test_api_without_a_harmless_read_is_not_tried(sim, clock):
    """The dashboard's line says that nothing but the login costs no export; its clock is read."""
    checks = all_checks(sim, clock)[quota_jobs.FAMILY]

    assert str(checks["read"]).startswith(
        f"-    {quota_jobs.FAMILY} read: not tried: except for the login"
    )
    assert "s apart" in checks["clock"].detail


def test_connection_test_shows_the_remaining_quota(simulate, clock):
    """The quota of each API, or what stands for one, is in its line."""
    found = all_checks(simulate(download_quota=7), clock)

    limited = {name: facts.quota for name, facts in FACTS.items() if facts.quota}
    assert len(limited) >= 4
    assert [name for name in limited if limited[name] not in found[name]["quota"].detail] == []


def test_connection_test_counts_exports_of_the_state(sim, clock):
    """Exports that the state remembers are no longer left; that is no failure."""
    spent = [(clock.now() - timedelta(hours=hours)).isoformat() for hours in (2, 1, 0)]
    known = {"copilot_auto_summaries": {"submits": {quota_jobs.FAMILY: spent}}}
    quota = all_checks(sim, clock, state={"bookmarks": known})[quota_jobs.FAMILY]["quota"]

    assert quota.passed
    assert "0 of 3 exports left now" in quota.detail
    assert "the next export is possible at 2026-03-21 10:00 UTC" in quota.detail


@pytest.mark.parametrize(
    ("family", "place", "remedy"),
    [(name, *facts.forbidden_probe) for name, facts in FACTS.items() if facts.forbidden_probe],
)
def test_permission_that_is_missing_ends_the_checks_of_its_family(
    sim, clock, family, place, remedy
):
    """A read that is forbidden says what to give to whom, and ends that family's checks."""
    sim.faults.add(Fault(place, "status", status=403, body="no", times=9, family=family))

    checks = all_checks(sim, clock)[family]

    assert list(checks) == ["login", "read", "evidence"]
    assert checks["read"].passed is False
    assert remedy in checks["read"].detail


def test_connection_test_with_a_wrong_secret_names_the_settings(sim, config, tmp_path):
    """A wrong secret is one line with the remedy, and the exit code is 1."""
    config["access_key_secret"] = "not-the-secret"

    result = run_connection_test(config, tmp_path)

    line = result.stdout.splitlines()[0]
    assert result.exit_code == 1
    assert line.startswith(f"FAIL {csv_jobs.FAMILY} login:")
    assert "access_key_secret" in line
    assert "region" in line
    assert "not-the-secret" not in result.output


def test_api_that_does_not_respond_is_a_second_line(sim, clock):
    """A login that works and a GET that does not are two lines, the second with the words."""
    sim.faults.add(Fault("list", "status", status=503, times=9, body="Down for repairs"))

    login, read = probe_lines(sim, clock)

    assert login.startswith(f"ok   {csv_jobs.FAMILY} login")
    assert read.startswith(f"FAIL {csv_jobs.FAMILY} read")
    assert "Down for repairs" in read


def test_connection_test_of_a_failing_login_tries_three_times(sim, clock):
    """A failing login is tried three times, whatever `max_retries` is."""
    sim.faults.add(Fault("token", "status", status=503, times=9))
    tap = TapCXone(config=settings_for(sim, max_retries=8), clock=clock)

    (line, *_) = [str(result) for result in tap.connection_checks()]

    assert line.startswith(f"FAIL {csv_jobs.FAMILY} login")
    assert "tried 3 times" in line
    assert len(sim.faults.pending) == 1
    assert len([seen for seen in sim.requests if "token" in seen.path]) == 3


def set_server_clock(sim: Simulator, moment: datetime) -> None:
    """Let the server's clock stand at a moment."""
    date = (("Date", format_datetime(moment, usegmt=True)),)
    sim.faults.add(Fault("list", "status", status=200, headers=date, body='{"jobs": []}'))


@pytest.mark.parametrize("skew", [timedelta(minutes=-20), timedelta(minutes=20)], ids=readable)
def test_clock_that_is_wrong_fails_with_the_difference(sim, clock, skew):
    """A clock far from the server's is a failure that says by how much."""
    set_server_clock(sim, clock.now() + skew)

    *_, last = probe_lines(sim, clock)

    seconds = re.search(r"(\d+) s apart", last)
    assert last.startswith(f"FAIL {csv_jobs.FAMILY} clock")
    assert seconds
    assert 1190 <= int(seconds[1]) <= 1210


def test_clock_that_is_almost_right_passes(sim, clock):
    """A minute more or less is no failure."""
    set_server_clock(sim, clock.now() + timedelta(minutes=1))

    assert all(line.startswith("ok ") for line in probe_lines(sim, clock))


def test_connection_test_date_header_without_zone_is_utc(sim, clock):
    """A `Date` in the old C format names no zone; HTTP defines it as UTC."""
    date = (("Date", f"{clock.now():%a %b %d %H:%M:%S %Y}"),)
    sim.faults.add(Fault("list", "status", status=200, headers=date, body='{"jobs": []}'))

    assert probe_lines(sim, clock)[-1].startswith(f"ok   {csv_jobs.FAMILY} clock")


def test_one_line_each(sim, clock):
    """Whatever the API says, a check stays one line without secrets."""
    words = f"first\nsecond\r\n{Credentials.ACCESS_KEY_SECRET}"
    sim.faults.add(Fault("token", "status", status=400, body=words, times=9))

    (line,) = probe_lines(sim, clock)

    assert "first second" in line
    assert "\n" not in line
    assert Credentials.ACCESS_KEY_SECRET not in line


def test_connection_test_without_credentials_names_them(sim, config, tmp_path):
    """Without credentials there is nothing to test: the error names what to set."""
    del config["access_key_id"], config["access_key_secret"]

    result = run_connection_test(config, tmp_path)

    assert result.exit_code != 0
    assert sim.requests == []


def connection_lines(sim: Simulator, clock: FakeClock, *selected: str, **how: Any) -> list[str]:
    """Return the lines of a connection test of all families, with a catalog of some streams."""
    config = tap_settings(sim.url, families=ALL_FAMILIES)
    catalog = select(config, *selected) if selected else None
    tap = TapCXone(config=config, clock=clock, catalog=catalog)
    return [str(result) for result in tap.connection_checks(**how)]


def test_connection_test_leaves_out_families_without_a_selected_stream(sim, clock):
    """A family whose streams the catalog deselects needs no login, and gets none."""
    lines = connection_lines(sim, clock, "qm_workflows")

    passed = {line.split()[1] for line in lines if line.startswith("ok")}
    assert passed == {csv_jobs.FAMILY}
    assert f"-    {quota_jobs.FAMILY} not selected: the catalog has no stream of it" in lines
    assert {request.path for request in logins(sim)} == {"/authentication/v1/token/access-key"}


def test_permission_test_submits_a_job_of_each_stream_that_costs_no_export(sim, clock):
    """A stream without permission fails by name; another one passes; an export is not spent."""
    sim.faults.add(Fault("sync", "status", status=403, body="not allowed", after=1, times=9))

    lines = connection_lines(
        sim, clock, "qm_workflows", "qm_questions", json_jobs.STREAM, permissions=True
    )

    permissions = [line for line in lines if " permission of " in line]
    assert [line.split(":")[0] for line in permissions] == [
        f"ok   {csv_jobs.FAMILY} permission of qm_questions",
        f"FAIL {csv_jobs.FAMILY} permission of qm_workflows",
        f"-    {json_jobs.FAMILY} permission of {json_jobs.STREAM}",
    ]
    assert "grant the access key's user the permission" in permissions[1]
    assert json_jobs.export_jobs(sim) == []


def test_permission_test_goes_on_without_a_list_of_jobs(sim, clock):
    """A tenant without a list of jobs is read all the same, so its permissions are tried."""
    sim.faults.add(Fault("list", "status", status=405, times=99))

    lines = connection_lines(sim, clock, "qm_workflows", permissions=True)

    assert (
        f"ok   {csv_jobs.FAMILY} permission of qm_workflows: the API accepted a job of one day"
        in (lines)
    )


def test_permission_test_has_an_option_of_its_own(sim, config, tmp_path):
    """`--test=permissions` is the connection test with one line per stream."""
    sim.faults.add(Fault("sync", "status", status=403, body="not allowed", times=9))
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(offline_catalog("qm_workflows")))

    result = run_connection_test(config, tmp_path, "--catalog", str(catalog), "--test=permissions")

    assert f"FAIL {csv_jobs.FAMILY} permission of qm_workflows" in result.stdout

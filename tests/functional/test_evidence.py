"""APIs that NICE does not document: labelled wherever streams are listed, and off by default."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from tap_cxone.config.evidence import NOT_TRIED, Evidence
from tap_cxone.errors import ConfigError
from tap_cxone.families.registry import FAMILIES
from tap_cxone.simulator import Credentials, Options, Simulator, environment, tap_settings
from tap_cxone.simulator.settings import ALL_FAMILIES
from tap_cxone.streams.base import CXoneStream
from tap_cxone.tap import TapCXone
from tests.docs.document import HUB, ROOT
from tests.support.examples import csv_jobs, full_lists, json_jobs, paged_rows
from tests.support.facts import FACTS, token_path
from tests.support.ids import readable
from tests.support.run import run_tap
from tests.support.scenes import FAMILY_SCENES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.run import FakeClock, Output

UNVERIFIED = {
    name: facts.built_in
    for name, facts in FACTS.items()
    if facts.evidence is Evidence.TUTORIAL_ONLY
}
"""Family → its built-in stream."""
SPAN = (datetime(2026, 3, 18, tzinfo=UTC), datetime(2026, 3, 19, tzinfo=UTC))
DEFAULT = [name for name in FACTS if name not in {*UNVERIFIED, full_lists.FAMILY}]
"""The families that run without a settings object."""
DOCUMENTED = {stream for name in DEFAULT for stream in FACTS[name].streams}
OF_AN_APPLICATION = {s.family for s in FAMILY_SCENES if "access_key_id" not in s.credentials}
LABELS = {
    name: family.evidence_of(name).label for family in FAMILIES for name in family.stream_names
}
BUILT_IN = {name for family in FAMILIES for name in family.module.BUILT_IN_STREAMS}


def two_hosts(simulate: Callable[..., Simulator]) -> tuple[dict[str, Any], Simulator, Simulator]:
    """Return settings with credentials for all APIs, and the hosts of both kinds of them."""
    documented, unverified = simulate(exports_per_day=None), simulate()
    config = {
        **tap_settings(documented.url, families=DEFAULT),
        "region": "na1",
        "start_date": SPAN[0].isoformat(),
        "end_date": SPAN[1].isoformat(),
        "endpoints": {
            **dict.fromkeys(UNVERIFIED, unverified.url),
            **{f"{name}_token": f"{unverified.url}{token_path(name)}" for name in UNVERIFIED},
        },
    }
    return config, documented, unverified


def run_everything(config: dict[str, Any], clock: FakeClock) -> Output:
    """Run with every stream selected in the catalog, as Meltano does by default."""
    catalog = TapCXone(config=config, validate_config=False).catalog_dict
    for stream in catalog["streams"]:
        for item in stream["metadata"]:
            item["metadata"]["selected"] = True
    return run_tap(config, clock=clock, catalog=json.loads(json.dumps(catalog)))


def selected_by_default(config: dict[str, Any]) -> set[str]:
    catalog = TapCXone(config=config, validate_config=False).catalog_dict
    return {
        stream["tap_stream_id"]
        for stream in catalog["streams"]
        for item in stream["metadata"]
        if not item["breadcrumb"] and item["metadata"]["selected-by-default"]
    }


# What runs


def test_credentials_alone_run_documented_apis_only(simulate, clock, caplog):
    """With all streams selected, no request goes to an unverified API, and the run succeeds."""
    caplog.set_level(logging.INFO)
    config, documented, unverified = two_hosts(simulate)

    out = run_everything(config, clock)

    assert out.error is None
    assert out.state["bookmarks"].keys() == DOCUMENTED | {"extraction_log", "quarantine"}
    assert out.counts().keys() >= {"qm_workflows", "copilot_auto_summaries"}
    assert documented.requests
    assert unverified.requests == []
    left_out = [r for r in caplog.records if "Streams deselected" in r.getMessage()]
    assert [r.levelno for r in left_out] == [logging.INFO] * (1 + len(UNVERIFIED))
    reason = f"{full_lists.FAMILY} is off by default, because its data need"
    (lists,) = (record for record in left_out if reason in record.getMessage())
    left_out.remove(lists)
    assert {record.getMessage() for record in left_out} == {
        f"Streams deselected: {family} is off by default, because its API is known from one "
        f"third-party tutorial only; set {family}: {{}}, or TAP_CXONE_{family.upper()}={{}}, "
        "or deselect them to hide this message"
        for family in UNVERIFIED
    }


@pytest.mark.ci
def test_credentials_alone_end_with_exit_code_0():
    """A nightly process with an access key, a client and a region does not fail."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    # A link lives for minutes however busy the machine is.
    options = Options(speed=1000, rows_per_day=2, exports_per_day=None, link_seconds=200_000)
    with Simulator(options) as sim:
        settings = tap_settings(sim.url, 1000, families=DEFAULT) | {
            "region": "na1",
            "start_date": (end - timedelta(days=1)).isoformat(),
            "end_date": end.isoformat(),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tap_cxone", "--config=ENV"],
            env=environment(settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        paths = {seen.path for seen in sim.requests}

    assert done.returncode == 0, done.stderr[-2000:]
    assert '"stream":"qm_workflows"' in done.stdout
    assert [path for path in paths if path.startswith(("/api/v2/", "/oauth/"))] == []


@pytest.mark.parametrize("family", UNVERIFIED)
@pytest.mark.parametrize("everything", [True, False], ids=["all selected", "by default"])
def test_empty_object_sets_a_family_up(simulate, clock, family, everything):
    """With `{}` as its settings a family runs, selected or by default, and no other one does."""
    config, _, unverified = two_hosts(simulate)
    config[family] = {}

    out = run_everything(config, clock) if everything else run_tap(config, clock=clock)

    assert out.error is None
    assert out.state["bookmarks"].keys() & set(UNVERIFIED.values()) == {UNVERIFIED[family]}
    assert unverified.requests
    assert selected_by_default(config) == {*DOCUMENTED, UNVERIFIED[family], "quarantine"}


def test_export_of_an_empty_object_is_read(simulate, clock):
    """An empty object of the family brings the records of its built-in export."""
    config, _, unverified = two_hosts(simulate)

    out = run_everything({**config, json_jobs.FAMILY: {}}, clock)

    rows = unverified.expected_rows("bot_conversations", *SPAN)
    bots = [row["id"] for row in rows if row["type"] == "bot"]
    assert sorted(row["id"] for row in out.records("bot_conversations")) == sorted(bots) != []
    assert len(json_jobs.export_jobs(unverified)) == 1


def test_configured_items_follow_their_family(simulate):
    """Configured exports, downloads and reports are selected with the built-in stream."""
    config, _, unverified = two_hosts(simulate)
    own = tap_settings(unverified.url, families=ALL_FAMILIES)
    own[json_jobs.FAMILY] = {"exports": [{"name": "calls", "filter": "type eq 'voice'"}]}
    config |= {family: own[family] for family in UNVERIFIED}

    more = {"calls", "custom_metrics_by_interaction", "agent_performance_daily"}
    assert selected_by_default(config) == {
        *DOCUMENTED,
        *UNVERIFIED.values(),
        *more,
        "quarantine",
    }


@pytest.mark.parametrize("family", UNVERIFIED)
def test_null_in_place_of_an_object_counts_as_missing(simulate, family):
    """A settings object that is null counts as left out."""
    config, *_ = two_hosts(simulate)

    assert selected_by_default({**config, family: None}) == {*DOCUMENTED, "quarantine"}


@pytest.mark.parametrize("family", UNVERIFIED)
def test_catalog_deselects_a_family_that_is_set_up(simulate, clock, family):
    """What a catalog deselects does not run, although its family is set up."""
    config, _, unverified = two_hosts(simulate)
    config[family] = {}
    catalog = TapCXone(config=config).catalog_dict
    for stream in catalog["streams"]:
        for item in stream["metadata"]:
            item["metadata"]["selected"] = stream["tap_stream_id"] == "qm_workflows"

    out = run_tap(config, clock=clock, catalog=json.loads(json.dumps(catalog)))

    assert out.error is None
    assert out.counts().keys() == {"qm_workflows"}
    assert unverified.requests == []


@pytest.mark.parametrize("family", UNVERIFIED)
def test_to_select_nothing_else_is_an_error(simulate, family):
    """A catalog with streams of such a family only is refused, and the error names the object."""
    config, *_ = two_hosts(simulate)
    catalog = TapCXone(config=config).catalog_dict
    for stream in catalog["streams"]:
        for item in stream["metadata"]:
            item["metadata"]["selected"] = stream["tap_stream_id"] == UNVERIFIED[family]

    with pytest.raises(ConfigError, match=rf"set {family}: {{}}, or TAP_CXONE_"):
        TapCXone(config=config, catalog=json.loads(json.dumps(catalog)))


def test_error_without_access_key_names_the_settings_objects():
    """Without an access key the error names the objects that an application could use."""
    config = {"client_id": "any", "client_secret": "any", "tenant": "acme"}

    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config)

    for family in UNVERIFIED.keys() & OF_AN_APPLICATION:
        assert f"{family} is off by default" in str(caught.value)
        assert f"set {family}: {{}}, or TAP_CXONE_{family.upper()}={{}}" in str(caught.value)


def test_all_that_a_family_needs_is_in_one_line():
    """A family without object and credentials names both."""
    tap = TapCXone(config={"access_key_id": Credentials.ACCESS_KEY_ID, "access_key_secret": "any"})

    assert tap.setup_hints()[paged_rows.FAMILY] == (
        f"{paged_rows.FAMILY} is off by default, because its API is known from one third-party "
        f"tutorial only; set {paged_rows.FAMILY}: {{}}, client_id, client_secret, tenant, or "
        "TAP_CXONE_DATA_DOWNLOAD={}, TAP_CXONE_CLIENT_ID, TAP_CXONE_CLIENT_SECRET, "
        "TAP_CXONE_TENANT"
    )


# What is said


def command(config: dict[str, Any], folder: Path, *options: str) -> Any:
    file = folder / "config.json"
    file.write_text(json.dumps(config))
    return CliRunner().invoke(TapCXone.cli, ["--config", str(file), *options])


def about(*options: str) -> str:
    return CliRunner().invoke(TapCXone.cli, ["--about", *options]).stdout


def test_evidence_is_that_of_the_sources():
    """Each family is documented as far as was found."""
    assert {family.name: family.evidence for family in FAMILIES} == {
        name: facts.evidence for name, facts in FACTS.items()
    }
    assert {family.name for family in FAMILIES if family.evidence.opt_in} == set(UNVERIFIED)


def test_every_stream_of_the_catalog_has_a_label():
    """The registry names the streams that discovery shows, each with its family."""
    streams = TapCXone(validate_config=False).streams
    families = {s.name: s.family.name for s in streams.values() if isinstance(s, CXoneStream)}

    assert families == {n: f.name for f in FAMILIES for n in f.module.BUILT_IN_STREAMS}


def table(text: str, mark: str) -> list[list[str]]:
    """Return the rows of a table that `make docs` has written, without the titles."""
    part = text.split(f"<!-- {mark} -->")[1].split(f"<!-- end of {mark} -->", maxsplit=1)[0]
    assert NOT_TRIED in part
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.replace("`", "") for cell in row] for row in rows[1:]]


def test_readme_labels_every_stream():
    """The README's table of streams, and that of docs/streams.md, have the label of each."""
    rows = table((ROOT / "docs/streams.md").read_text(), "streams")
    found = {row[0]: row[2] for row in rows}
    overview = table((ROOT / "README.md").read_text(), "streams")

    assert {row[0]: row[1] for row in overview} == found
    assert found.pop("quarantine") == found.pop("extraction_log") == "none"
    for setting in ("data_downloads", "report_jobs"):
        assert found.pop(f"any {setting} entry") == Evidence.NICE_AND_CLIENTS.label
    for setting in ("downloads", "reports"):
        assert found.pop(f"any {setting} entry") == Evidence.TUTORIAL_ONLY.label
    assert found == {name: LABELS[name] for name in BUILT_IN}


def test_docs_label_every_stream():
    """docs/columns.md has the label of each stream, also of those that settings define."""
    rows = table((ROOT / "docs/columns.md").read_text(), "evidence")

    assert {row[0]: row[2] for row in rows} == LABELS


def test_about_labels_every_stream():
    """`--about` prints the label of each stream in all of its formats."""
    streams = json.loads(about("--format=json"))["streams"]
    rows = re.findall(r"(?m)^\| ([^|]+) \| (\w+) \| ([^|]+) \|$", about("--format=markdown"))
    entry = r"(?m)^  - Name: (.+)\n    Family: (\w+)\n    Its API: (.+)$"

    assert {stream["name"]: stream["evidence"] for stream in streams} == LABELS
    assert {name: label for name, _, label in rows if name in LABELS} == LABELS
    assert {name: label for name, _, label in re.findall(entry, about())} == LABELS


@pytest.mark.parametrize("options", [(), ("--format=json",), ("--format=markdown",)], ids=readable)
def test_about_describes_the_tap_with_its_evidence(options):
    """The description of the tap names the families by evidence, and that none was tried."""
    text = about(*options)

    for evidence in Evidence:
        names = ", ".join(family.name for family in FAMILIES if family.evidence is evidence)
        assert f"APIs {evidence.label}: {names}." in text
    assert NOT_TRIED in text


def test_hub_definition_has_the_evidence():
    """The Hub's definition has the evidence in its description, and in each family's setting."""
    hub = yaml.safe_load(HUB.read_text())
    told = json.loads(about("--format=json"))
    settings = {setting["name"]: setting["description"] for setting in hub["settings"]}

    assert hub["description"] == told["description"]
    for family in FAMILIES:
        text = told["settings"]["properties"][family.name]["description"]
        opt_in = "Its streams run only if this object is set; `{}` is enough."
        assert settings[family.name] == text
        assert family.evidence.sentence in text
        assert (opt_in in text) == bool(family.settings.opt_in_reason())


@pytest.mark.parametrize("families", [(csv_jobs.FAMILY,), ALL_FAMILIES], ids=["one", "all"])
def test_connection_test_labels_every_stream(sim, tmp_path, families):
    """`--test` has one line per family and label, set up or not, with the streams."""
    result = command(tap_settings(sim.url, families=families), tmp_path, "--test")

    line = r"(?m)^-    (\w+) evidence: (.+), not tried on a live tenant \((.+)\)$"
    found = re.findall(line, result.stdout)
    labelled: dict[str, set[str]] = {}
    for family, label, names in found:
        assert {LABELS[name] for name in names.split(", ") if name in LABELS} == {label}
        labelled.setdefault(family, set()).update(names.split(", "))
    assert list(labelled) == [family.name for family in FAMILIES]
    assert all(labelled[f.name] >= set(f.module.BUILT_IN_STREAMS) for f in FAMILIES)


def test_connection_test_and_plan_name_the_missing_object(simulate, tmp_path):
    """`--test` and `--plan` treat such a family as not set up, and spend no request on it."""
    config, _, unverified = two_hosts(simulate)

    tested = command(config, tmp_path, "--test").stdout
    planned = command(config, tmp_path, "--plan").stdout
    as_json = json.loads(command(config, tmp_path, "--plan=json").stdout)

    assert unverified.requests == []
    assert as_json["not_set_up"].keys() == {*UNVERIFIED, full_lists.FAMILY}
    for family, hint in as_json["not_set_up"].items():
        assert f"set {family}: {{}}" in hint
        assert f"-    {family} not set up: {hint}\n" in tested
        assert f"{family}: not set up: {hint}\n" in planned


def test_plan_of_a_family_that_is_set_up_is_shown(simulate, tmp_path):
    """With its object the family has a plan."""
    config, *_ = two_hosts(simulate)

    result = command({**config, json_jobs.FAMILY: {}}, tmp_path, "--plan")

    assert f"{json_jobs.FAMILY} bot_conversations: 2026-03-18Z to 2026-03-19Z" in result.stdout
    assert f"{json_jobs.FAMILY}: not set up" not in result.stdout

"""What is written for people is what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tap_cxone.config.definition import format_default, nested_settings
from tap_cxone.families.registry import FAMILIES, settings_schema
from tests.docs import document
from tests.docs.document import DOCUMENTS, HUB, ROOT
from tests.support.examples import quota_jobs

NAMES = list(settings_schema()["properties"])


@cache
def printed_about() -> dict[str, Any]:
    command = [sys.executable, "-m", "tap_cxone", "--about", "--format=json"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(printed))


@pytest.mark.promise("documented")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_is_written_by_make_docs_is_up_to_date(path):
    """README's tables and Meltano's settings are those of the code (else: `make docs`)."""
    assert path.read_text() == document.document(path)


@pytest.mark.promise("documented")
def test_meltano_knows_every_setting():
    """The extractor of meltano.yml has the tap's settings, secrets marked, and no others."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (extractor,) = project["plugins"]["extractors"]
    settings = {setting["name"]: setting for setting in extractor["settings"]}

    assert list(settings) == NAMES
    assert {name for name, setting in settings.items() if setting.get("sensitive")} == {
        "access_key_id",
        "access_key_secret",
        "audit_log_params",
        "batch_config",
        "client_id",
        "client_secret",
        "completion_webhook",
        "journal",
    }


def test_meltano_needs_no_hub():
    """Each plugin of meltano.yml has a namespace and a pip_url, or a program that make installs."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    plugins = [plugin for kind in project["plugins"].values() for plugin in kind]

    assert all({"namespace", "executable"} <= set(plugin) for plugin in plugins)
    ours = [plugin["executable"] for plugin in plugins if "pip_url" not in plugin]
    assert ours == [".targets/postgres/bin/target-postgres"]


@pytest.mark.promise("documented")
def test_about_lists_every_setting():
    """`--about` lists the settings, beside those of the SDK."""
    settings = printed_about()["settings"]["properties"]

    assert set(NAMES) <= set(settings)
    assert set(settings) - set(NAMES) <= {
        "stream_maps",
        "stream_map_config",
        "faker_config",
        "flattening_enabled",
        "flattening_max_depth",
        "flattening_max_key_length",
        "flattening_separator",
    }


def test_meltano_and_about_agree_on_what_the_tap_can():
    """meltano.yml names the capabilities that `--about` prints and Meltano knows."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (extractor,) = project["plugins"]["extractors"]

    assert set(extractor["capabilities"]) <= set(printed_about()["capabilities"])
    assert "batch" in extractor["capabilities"]
    # Without it Meltano shows each warning and each error of the tap as [info].
    assert "structured-logging" in extractor["capabilities"]


@cache
def described() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what each document says of each setting, by document and name."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (extractor,) = project["plugins"]["extractors"]
    hub = yaml.safe_load(HUB.read_text())
    table = re.findall(
        r"(?m)^\| `(\w+)` \| ([\w-]+) \| (?:`(.*?)`)? \| (.*) \|$",
        (ROOT / "docs/settings.md").read_text(),
    )
    return {
        "meltano.yml": {setting["name"]: setting for setting in extractor["settings"]},
        "hub": {setting["name"]: setting for setting in hub["settings"]},
        "settings.md": {
            name: {"value": yaml.safe_load(value), "description": words, "kind": kind}
            for name, kind, value, words in table
        },
    }


@pytest.mark.promise("documented")
@pytest.mark.parametrize("place", ["meltano.yml", "hub", "settings.md"])
def test_setting_is_described_alike_in_every_document(place):
    """Names, kinds, defaults, descriptions and secrets are those that `--about` prints."""
    said, told = described()[place], printed_about()["settings"]["properties"]

    assert [name for name in said if name in NAMES] == NAMES
    for name in NAMES:
        setting, schema = said[name], told[name]
        default = schema.get("default")
        assert setting["description"] == schema["description"]
        assert str(setting.get("value")) == str(default)
        if place == "settings.md":
            assert (setting["kind"] == "secret") == schema.get("secret", False)
        else:
            assert setting["kind"] == document._kind(schema)
            assert setting["label"] == schema["title"]
            assert setting.get("sensitive", False) == document._secret(schema)
            assert [o["value"] for o in setting.get("options", ())] == [
                value for value in schema.get("enum", ()) if value
            ]


def test_hub_definition_equals_about():
    """The Hub's definition has every setting, capability and Python version of `--about`."""
    hub, told = yaml.safe_load(HUB.read_text()), printed_about()

    assert [setting["name"] for setting in hub["settings"]] == list(told["settings"]["properties"])
    assert hub["capabilities"] == sorted(told["capabilities"])
    for name in ("name", "description", "supported_python_versions"):
        assert hub[name] == told[name]
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    (extractor,) = project["plugins"]["extractors"]
    for name in ("namespace", "executable", "settings_group_validation"):
        assert hub[name] == extractor[name]


def test_meltano_reads_the_hubs_definition():
    """Meltano's own classes take the definition, and know each setting's kind and secrets."""
    base = pytest.importorskip("meltano.core.plugin.base")
    definition = yaml.safe_load(HUB.read_text())
    name, namespace = definition.pop("name"), definition.pop("namespace")

    plugin = base.PluginDefinition(base.PluginType.EXTRACTORS, name, namespace, **definition)

    variant = plugin.find_variant("original")
    kinds = {setting.name: setting.kind.value for setting in variant.settings}
    assert {kinds[family.name] for family in FAMILIES} == {"object"}
    assert kinds["schema_drift"] == "options"
    assert variant.capabilities == definition["capabilities"]
    secrets = {setting.name for setting in variant.settings if setting.sensitive}
    assert {"access_key_secret", "client_secret", "completion_webhook"} <= secrets


def test_every_setting_of_the_limits_is_one():
    """The settings that the table of limits names exist."""
    text = (ROOT / "docs/limits.md").read_text().split("\n## ")[0]
    last = [line.rsplit("|", 2)[1] for line in text.splitlines() if line.startswith("| ")][2:]
    known = re.findall(r"(?m)^\| `([^`]+)` \|", (ROOT / "docs/settings.md").read_text())

    named = {name for cell in last for name in re.findall(r"`([^`]+)`", cell)}
    assert named - set(known) == set()
    assert f"{quota_jobs.FAMILY}.exports_per_day" in named


NESTED = {path: found for path, found in nested_settings(settings_schema()) if "." in path}


@pytest.mark.promise("documented")
@pytest.mark.parametrize("path", [path for path, found in NESTED.items() if "default" in found])
def test_every_document_has_the_default_of_a_nested_setting(path):
    """The default of a nested setting is in the table, in meltano.yml, Hub and `--about`."""
    default = format_default(NESTED[path]["default"])
    outer, _, inner = path.partition(".")
    table = (ROOT / "docs/settings.md").read_text()
    shown = [described()[place][outer]["description"] for place in ("meltano.yml", "hub")]
    shown.append(printed_about()["settings"]["properties"][outer]["description"])

    assert re.search(rf"(?m)^\| `{re.escape(path)}` \| \w+ \| `{re.escape(default)}` \|", table)
    assert [text for text in shown if f"`{inner}: {default}`" not in text] == []


def test_readme_shows_exactly_the_two_make_commands():
    """What the README tells a newcomer to type are `make demo` and `make test`."""
    first_part = (ROOT / "README.md").read_text().split("## Set up a tenant")[0]

    assert set(re.findall(r"(?m)^\$ (.+)$", first_part)) == {"make demo", "make test"}


def test_every_proof_that_security_names_exists():
    """Each promise of SECURITY.md names the tests that prove it, and they are there."""
    text = (ROOT / "docs/SECURITY.md").read_text()
    lines = text.split("\n## Promises and their tests\n")[1].splitlines()
    promises = [line for line in lines if line.startswith("| ") and "| proof |" not in line]
    proofs = [re.findall(r"`(tests/[\w/]+\.py)`", line) for line in promises]

    assert len(promises) >= 10
    assert all(proofs)
    assert [name for names in proofs for name in names if not (ROOT / name).is_file()] == []


def test_architecture_names_every_package_and_top_level_module():
    """The package map has each package and top-level module; CONTRIBUTING links to the page."""
    text = (ROOT / "docs/architecture.md").read_text()
    package_map = text.split("\n## Package map\n")[1].split("\n## ")[0]
    package = ROOT / "tap_cxone"
    folders = {path.parent.relative_to(package) for path in package.rglob("[a-z_]*/__init__.py")}
    entries = {path.name for path in package.glob("*.py")}
    entries |= {f"{folder.as_posix()}/" for folder in folders if folder.parts[0] != "simulator"}
    entries |= {"simulator/"}

    assert [name for name in sorted(entries) if f"`{name}`" not in package_map] == []
    assert "](architecture.md" in (ROOT / "docs/CONTRIBUTING.md").read_text()


def test_changelog_has_the_version():
    """The version is in the changelog, or everything is still unreleased; kinds are the usual."""
    project = tomllib.loads(Path(ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "CHANGELOG.md").read_text()

    assert f"## [{project['version']}]" in text or "## [Unreleased]" in text
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"(?m)^### (.+)$", text)) <= kinds

"""docs/tenant-setup.md has the hosts, permissions and scopes of every family."""

from __future__ import annotations

import re

import pytest

from tap_cxone.families.registry import FAMILIES, settings_schema
from tap_cxone.streams.base import CXoneStream
from tap_cxone.tap import TapCXone
from tests.docs.document import ROOT

PAGE = (ROOT / "docs/tenant-setup.md").read_text("utf-8")
SCOPES = [
    name
    for name, schema in settings_schema()["properties"].items()
    if "scopes" in schema.get("properties", {})
]


def test_page_names_the_host_of_each_family():
    """A firewall needs the hosts of the API and of the login."""
    streams = TapCXone(validate_config=False).streams.values()
    families = {type(s.family) for s in streams if isinstance(s, CXoneStream)}
    hosts = {host for family in families for host in (family.host, family.login_host) if host}

    assert len(families) == len(FAMILIES)
    assert hosts == set(re.findall(r"(?m)^\| `(https://[^`]+)` \|", PAGE))


@pytest.mark.parametrize("family", SCOPES)
def test_page_names_the_scopes_of_a_family(family):
    """The application needs the scopes that the login requests."""
    scopes = settings_schema()["properties"][family]["properties"]["scopes"]["default"]

    assert f"scopes {', '.join(f'`{scope}`' for scope in scopes)}" in PAGE

"""What target-snowflake makes of each stream, in its environment; see docs/loaders.md."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tap_cxone.simulator.settings import ALL_FAMILIES, tap_settings
from tests.docs.document import ROOT
from tests.integration.meltano import recipe
from tests.support.examples import csv_jobs, quota_jobs
from tests.support.run import Output, run_tap

PYTHON = ROOT / ".targets/snowflake/bin/python"
SCRIPT = Path(__file__).with_name("snowflake_tables.py")
AWKWARD = {
    "Order": "order",
    "GROUP": "group",
    "select": "select",
    "2nd Agent": "2nd_agent",
    "_Hidden": "hidden",
    "Straße 5": "strasse_5",
    "ID": "id",
    "Id": "id_2",
    "日本": "日本",
}
"""Titles of columns, and the names that the tap gives them."""
RESERVED = {"order", "group", "select"}
TYPES = {
    ("string", ""): "VARCHAR",
    ("string", "date-time"): "TIMESTAMP_NTZ",
    ("string", "date"): "DATE",
    ("integer", ""): "DECIMAL",  # Snowflake takes (38, 0) where nothing is said
    ("number", ""): "FLOAT",
    ("boolean", ""): "BOOLEAN",
}


@pytest.fixture
def out(simulate, clock) -> Output:
    """Return what the tap says of every stream, awkward columns and all types among it."""
    sim = simulate(
        spacing_seconds=0,
        exports_per_day=None,
        tenant_zone="UTC",
        extra_columns=dict.fromkeys(("qm-workflows", "Copilot/KBTable"), tuple(AWKWARD)),
    )
    config = tap_settings(sim.url, families=ALL_FAMILIES)
    config[csv_jobs.FAMILY]["entities"] = [
        {
            "name": "payroll",
            "entity_name": "wfm-payroll",
            "version": "1",
            "columns": {"Work Date": "date"},
        }
    ]
    config[quota_jobs.FAMILY] = {"exports_per_day": None}
    found = run_tap({**config, "start_date": "2026-03-18", "end_date": "2026-03-19"}, clock=clock)
    assert found.error is None
    return found


def snowflake_columns(out: Output) -> dict[str, Any]:
    """Return what the target makes of the SCHEMA messages, set up as in the recipe."""
    (loader,) = recipe("snowflake")["plugins"]["loaders"]
    run = subprocess.run(
        [PYTHON, SCRIPT, json.dumps(loader["config"])],
        input="".join(json.dumps(message) + "\n" for message in out.of("SCHEMA")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    return dict(json.loads(run.stdout))


@pytest.mark.slow
def test_tables(out):
    """Every stream has its table, each type is the page's, and no name is lost or shared."""
    made = snowflake_columns(out)
    schemas = {m["stream"]: m["schema"]["properties"] for m in out.of("SCHEMA")}

    assert set(made) == set(schemas)
    seen = set()
    for stream, properties in schemas.items():
        table = made[stream]
        for name, one in properties.items():
            kind = (_column_type(one), one.get("format", ""))
            seen.add(kind)
            assert table["types"][name] == TYPES[kind], f"{stream}.{name}"
        names = list(table["types"])
        assert table["taken"] == names
        assert table["given"] == [name.upper() for name in names]
        assert sorted(table["stored"]) == sorted(table["given"])
        assert len(set(table["stored"])) == len(names)
    assert seen == set(TYPES)
    for stream in ("qm_workflows", "copilot_knowledge_suggestions"):
        assert set(AWKWARD.values()) <= set(schemas[stream])
        assert set(made[stream]["quoted"]) >= RESERVED


def _column_type(schema: dict[str, Any]) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    (kind,) = (kind for kind in kinds if kind != "null")
    return str(kind)

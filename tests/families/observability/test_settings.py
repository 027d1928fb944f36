"""Observability: settings that a table does not take."""

from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.families.observability.settings import ObservabilitySettings
from tap_cxone.families.observability.table_settings import TABLE_PATHS
from tap_cxone.families.observability.tables import TABLES
from tap_cxone.tap import TapCXone
from tests.support.expectations import row_meaning_warnings
from tests.support.ids import readable
from tests.support.observability import AQ, AS, GR, KB, OTHER_GR, PATHS, run_tables, table_settings
from tests.support.requests import json_body, submits
from tests.support.settings import read_settings


@pytest.mark.parametrize(
    ("family", "setting", "takers"),
    [
        (
            {"filters": {"Team": ["A"]}, "tables": ["Copilot/AQTable", "autopilot/GRTable"]},
            "filters.Team",
            [KB, AS],
        ),
        ({"channels": ["digital"], "tables": ["Copilot/AQTable"]}, "channels", [KB, AS]),
        (
            {"filters": {"AgentNumber": ["1"]}, "tables": [OTHER_GR]},
            "filters.AgentNumber",
            [KB, AS, AQ],
        ),
    ],
    ids=readable,
)
def test_filter_that_no_selected_table_takes_is_refused(sim, family, setting, takers):
    """A filter or channels that no selected table takes is an error that names those that do."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=table_settings(sim, **family))

    (problem,) = raised.value.problems
    _, _, taken = problem.partition("only by")
    assert f"observability.{setting}" in problem
    assert [stream for stream in PATHS if PATHS[stream] in taken.partition(";")[0]] == takers
    assert sim.requests == []


def test_every_such_problem_at_once(sim):
    """Each filter and channel that does not fit is a separate problem, all reported together."""
    family = {"channels": ["voice"], "filters": {"Team": ["A"], "AgentNumber": ["1"]}}

    with pytest.raises(ConfigError) as raised:
        TapCXone(config=table_settings(sim, tables=[OTHER_GR], **family))

    assert len(raised.value.problems) == 3


def test_filter_goes_to_the_tables_that_take_it(sim, clock, caplog):
    """The other tables are exported without it; one line at INFO names them."""
    caplog.set_level("INFO")
    family = {"channels": ["voice"], "filters": {"Team": ["A"]}, "exports_per_day": None}

    out = run_tables(table_settings(sim, **family), clock, AQ, KB)

    questions, suggestions = map(json_body, submits(sim))
    (line,) = [r.getMessage() for r in caplog.records if "exported without" in r.getMessage()]
    assert out.error is None
    assert questions["filters"] == {"CopilotProfileId": [], "AgentNumber": []}
    assert suggestions["filters"]["Team"] == ["A"]
    assert suggestions["channels"] == ["voice"]
    assert line.endswith(f": {AQ} without channels, filters.Team")


def test_filters_that_filter_nothing(sim, clock):
    """Empty filters and channels concern every table."""
    family = {"channels": [], "filters": {"Team": [], "AgentNumber": []}}

    out = run_tables(table_settings(sim, **family), clock, AQ, GR)

    assert out.error is None
    assert json_body(submits(sim)[0]).keys() <= {"dateRange", "timeZone", "filters"}


@pytest.mark.parametrize(
    "family",
    [
        {"tables": ["Copilot/KBTabel"]},
        {"channels": ["fax"]},
        {"filters": {"Colour": ["red"]}},
        {"filters": {"Team": "A"}},
        {"window_days": 0},
        {"exports_per_day": 0},
        {"columns": {KB: {"Date": "datum"}}},
        {"settle_minutes": 30},
    ],
    ids=readable,
)
def test_settings_out_of_range(sim, family):
    """What the family's settings cannot be is an error before any call."""
    with pytest.raises(ConfigError, match="observability"):
        TapCXone(config=table_settings(sim, **family))

    assert sim.requests == []


@pytest.mark.parametrize("setting", ["primary_keys", "columns"])
def test_misspelt_stream_gets_a_suggestion(sim, setting):
    """Keys or columns of a stream that is none: the error names the one that was meant."""
    value: Any = ["Date"] if setting == "primary_keys" else {"Date": "string"}

    with pytest.raises(ConfigError) as raised:
        TapCXone(config=table_settings(sim, **{setting: {"copilot_autosummaries": value}}))

    (problem,) = raised.value.problems
    assert f"observability.{setting}" in problem
    assert "'copilot_autosummaries'" in problem
    assert AS in problem


def test_every_path_that_the_family_knows_can_be_named_in_the_settings():
    """`observability.tables` takes the paths of all tables, and no other."""
    assert [path for table in TABLES for path in table.paths] == list(TABLE_PATHS)


def test_dashboard_table_that_gets_a_filter_is_reported(sim, clock, caplog):
    """A table that was exported without filters, and has one later, has rows of two meanings."""
    first = run_tables(table_settings(sim), clock)

    config = {**table_settings(sim, filters={"AgentNumber": ["7"]}), "end_date": "2026-03-19"}
    run_tables(config, clock, state=first.state)

    (warning,) = row_meaning_warnings(caplog)
    assert f"{KB}: filters changed after the bookmark" in warning


def test_null_that_is_a_value():
    """Without a quota of exports `exports_per_day` is null, which is not its default."""
    of = {n: read_settings({"observability": {"exports_per_day": n}}) for n in (None, 3)}

    assert of[None].section(ObservabilitySettings).exports_per_day is None
    assert of[3] == read_settings({"observability": {}})

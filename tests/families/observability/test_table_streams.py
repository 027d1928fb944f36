"""Observability: entries of `table_streams`, which change a table, repeat it or add one."""

from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.tap import TapCXone
from tests.support.expectations import failure
from tests.support.ids import readable
from tests.support.observability import (
    AQ,
    DAYS,
    KB,
    PATHS,
    cells,
    named,
    submitted_tables,
    table_settings,
)
from tests.support.requests import json_body, submits
from tests.support.run import run_tap, select

FEEDBACK = "Copilot/FeedbackTable"


def run_entries(sim, clock, entries, *streams, **family):
    """Run streams with entries of `table_streams`."""
    config = table_settings(sim, table_streams=entries, **family)
    return run_tap(config, clock=clock, catalog=select(config, *streams))


def rows_where(sim, path, **wanted):
    """Return the records of a table whose columns have these values."""
    rows = map(named, sim.expected_rows(path, *DAYS))
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def test_entry_of_a_built_in_stream_changes_it(simulate, clock):
    """Its filters replace those of the family for this stream."""
    sim = simulate(rows_per_day=40)
    entries = [{"name": KB, "filters": {"AgentNumber": ["1"]}, "primary_keys": ["Suggestion ID"]}]
    family = {"filters": {"Team": ["A"]}, "channels": ["voice"]}

    out = run_entries(sim, clock, entries, KB, **family)

    (post,) = submits(sim)
    assert out.error is None
    assert json_body(post)["filters"] == {
        "Team": [],
        "Skill": [],
        "CopilotProfileId": [],
        "AgentNumber": ["1"],
    }
    assert json_body(post)["channels"] == ["voice"]
    assert out.of("SCHEMA", KB)[0]["key_properties"] == ["suggestion_id"]


def test_table_is_exported_several_times_with_different_filters(simulate, clock):
    """Each entry is a stream with a bookmark of its own."""
    sim = simulate(rows_per_day=40)
    entries = [
        {"name": f"{channel}_suggestions", "path": PATHS[KB], "channels": [channel]}
        for channel in ("voice", "digital")
    ]

    out = run_entries(sim, clock, entries, "voice_suggestions", "digital_suggestions")

    assert out.error is None
    for channel in ("voice", "digital"):
        stream = f"{channel}_suggestions"
        assert cells(out.records(stream)) == rows_where(sim, PATHS[KB], channel=channel)
        assert out.bookmark(stream) == "2026-03-18T00:00:00+00:00"


def test_own_table_is_exported(simulate, clock):
    """A table that is not built in has a path, and the filters that it accepts."""
    sim = simulate(rows_per_day=40)
    team = "Billing, Night"
    entry = {"name": "copilot_feedback", "path": FEEDBACK, "accepts_filters": ["Team", "Skill"]}

    out = run_entries(sim, clock, [{**entry, "filters": {"Team": [team]}}], "copilot_feedback")

    (post,) = submits(sim)
    assert out.error is None
    assert submitted_tables(sim) == [FEEDBACK]
    assert json_body(post)["filters"] == {"Team": [team], "Skill": []}
    assert cells(out.records("copilot_feedback")) == rows_where(sim, FEEDBACK, team=team) != []


def test_entries_are_selected_by_default(sim):
    """A stream of an entry is selected, whatever `tables` names."""
    entries = [{"name": "copilot_feedback", "path": FEEDBACK}]
    config = table_settings(sim, table_streams=entries, tables=[PATHS[AQ]])

    streams = TapCXone(config=config).streams

    assert streams["copilot_feedback"].selected
    assert not streams[KB].selected


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "own"}, ["'own' has no path", KB]),
        ({"name": "own", "path": "a b"}, ["path"]),
        ({"name": "own", "path": FEEDBACK, "channels": ["voice"]}, ["accepts_channels"]),
        ({"name": "own", "path": FEEDBACK, "filters": {"Team": ["A"]}}, ["accepts_filters"]),
        ({"name": AQ, "filters": {"Team": ["A"]}}, ["filters.Team", "CopilotProfileId"]),
    ],
    ids=readable,
)
def test_entry_that_fits_no_table_is_refused(sim, entry, words):
    """A missing path, or a filter that the table does not accept, is an error before any call."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config=table_settings(sim, table_streams=[entry]))

    (problem,) = raised.value.problems
    assert "observability.table_streams" in problem
    assert all(word in problem for word in words)
    assert sim.requests == []


def test_keys_of_an_entry_are_named_in_its_messages(sim, clock):
    """A missing key column names the setting of the entry."""
    entries: list[dict[str, Any]] = [
        {"name": "copilot_feedback", "path": FEEDBACK, "primary_keys": ["Feedback ID"]}
    ]

    out = run_entries(sim, clock, entries, "copilot_feedback")

    setting = "observability.table_streams, entry 'copilot_feedback', primary_keys"
    assert setting in str(failure(out))


def test_table_that_the_tenant_lacks_is_named_with_its_setting(sim, clock):
    """The error for an unknown table names the entry, and the way without it."""
    entry = {"name": "feedback", "path": "Copilot/NoTable"}
    config = table_settings(sim, table_streams=[entry])

    error = failure(run_tap(config, clock=clock, catalog=select(config, "feedback")))

    assert "Unknown table Copilot/NoTable" in str(error)
    assert "deselect the stream, or correct path in observability.table_streams" in str(error)

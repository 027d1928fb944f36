"""Analytics exports: settings, their mistakes, and discovery."""

from __future__ import annotations

from typing import Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.tap import TapCXone
from tests.support.analytics_exports import (
    OFFLINE,
    STREAM,
    changed_export_settings,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
    serve_export,
)
from tests.support.expectations import row_meaning_warnings, without_metadata
from tests.support.ids import readable
from tests.support.requests import submit_bodies


def export_problems(own: dict[str, Any], **config: Any) -> tuple[str, ...]:
    """Return the problems of some settings."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config={**OFFLINE, "analytics_exports": own, **config})
    return caught.value.problems


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"exports": [{"name": "voice"}]}, ["'voice' has no filter"]),
        ({"exports": [{"name": "voice", "filter": " "}]}, ["'voice' has no filter"]),
        ({"exports": [{"name": STREAM, "filter": ""}]}, [f"'{STREAM}' has no filter"]),
        (
            {"exports": [{"name": "Voice Calls", "filter": "x"}]},
            ["exports.0.name", "small letters"],
        ),
        (
            {"exports": [{"name": "v", "filter": "x"}, {"name": "v", "filter": "y"}]},
            ["exports.1.name", "twice"],
        ),
        ({"exports": [{"filter": "x"}]}, ["exports.0", "name"]),
        ({"exports": [{"name": "v", "filter": "x", "formt": "csv"}]}, ["formt", "'format'"]),
        ({"export": []}, ["analytics_exports.export", "'exports'"]),
        ({"exports": [{"name": "v", "filter": "x", "format": "xml"}]}, ["json, csv"]),
        ({"exports": [{"name": "v", "filter": "x", "compression": "zip"}]}, ["gzip, none"]),
        ({"exports": [{"name": "v", "filter": "x", "columns": {"a": "text"}}]}, ["columns.a"]),
        ({"window_days": 31}, ["window_days", "at most 30"]),
        ({"window_days": 0}, ["window_days", "at least 1"]),
        ({"max_concurrent": 4}, ["max_concurrent", "at most 3"]),
        ({"max_concurrent": 0}, ["max_concurrent", "at least 1"]),
        ({"scopes": "analytics:export:read"}, ["scopes", "a list"]),
    ],
    ids=readable,
)
def test_export_setting_wrong_is_one_problem(own, words):
    """Every mistake is one problem that names the setting."""
    (problem,) = export_problems(own)

    assert all(word in problem for word in words)


@pytest.mark.parametrize("name", ["qm_workflows", "copilot_auto_summaries", "quarantine"])
def test_export_name_of_another_stream_is_refused(name):
    """An export must not have the name of another family's stream."""
    (problem,) = export_problems({"exports": [{"name": name, "filter": "x eq 'y'"}]})

    assert f"'{name}'" in problem
    assert "rename the one" in problem


def test_export_with_a_new_name_is_a_separate_stream(simulate, clock):
    """An entry with a new name is a separate stream beside the built-in one."""
    sim = simulate(rows_per_day=48)
    own = {"window_days": 1, "exports": [{"name": "voice_calls", "filter": "type eq 'voice'"}]}

    out = run_exports(export_settings(sim, 2, own=own), clock, STREAM, "voice_calls")

    assert out.error is None
    assert {r["type"] for r in out.records("voice_calls")} == {"voice"}
    assert conversation_ids(out) == [r["id"] for r in expected_conversations(sim, 2)]
    assert sim.conflicts == 0


def test_export_of_another_type_requires_its_key_alone(sim, clock):
    """An export of another type requires its key alone, and declares nothing."""
    own = {"exports": [{"name": "intents", "export_type": "intent", "filter": "type eq 'bot'"}]}
    serve_export(sim, {"id": "a", "x": 1}, {"id": "b"})

    out = run_exports(export_settings(sim, own=own), clock, "intents", "quarantine")

    assert out.error is None
    assert submit_bodies(sim)[0]["exportType"] == "intent"
    assert without_metadata(out.records("intents")) == [
        {"id": "a", "x": "1"},
        {"id": "b", "x": None},
    ]


def test_built_in_export_keeps_what_its_entry_does_not_change(sim, clock):
    """An entry with its name changes what it gives, and keeps the rest."""
    config = changed_export_settings(
        sim, filter="type eq 'bot' and channel eq 'sms'", columns={"turns": "integer"}
    )

    out = run_exports(config, clock)

    wanted = [r for r in expected_conversations(sim) if r["channel"] == "sms"]
    assert out.error is None
    assert conversation_ids(out) == [r["id"] for r in wanted]
    assert [r["turns"] for r in out.records(STREAM)] == [r["turns"] for r in wanted]
    assert submit_bodies(sim)[0]["compression"] == "gzip"


def test_export_with_another_filter_is_reported(sim, clock, caplog):
    """An export whose filter changed after the bookmark has rows of two meanings."""
    first = run_exports(changed_export_settings(sim), clock)

    config = changed_export_settings(sim, 2, filter="type eq 'voice'")
    run_exports(config, clock, state=first.state)

    (warning,) = row_meaning_warnings(caplog)
    assert f"{STREAM}: filter changed after the bookmark" in warning

"""Analytics exports: values, columns and keys of records."""

from __future__ import annotations

import contextlib
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import DriftError
from tap_cxone.tap import TapCXone
from tests.support.analytics_exports import (
    STREAM,
    changed_export_settings,
    conversation,
    expected_conversations,
    export_settings,
    run_exports,
    serve_export,
    typed_conversations,
)
from tests.support.expectations import failure, without_metadata
from tests.support.run import offline_catalog

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock


def test_export_records_equal_the_truth(sim, clock):
    """Every value is the truth's, by type; undeclared columns are text."""
    out = run_exports(export_settings(sim, 3), clock)

    assert out.error is None
    assert without_metadata(out.records(STREAM)) == typed_conversations(
        expected_conversations(sim, 3)
    )
    assert any(r["agent_id"] == "004210" for r in out.records(STREAM))


def values(sim: Simulator, clock: FakeClock, text: str, **columns: str) -> Any:
    """Return what a JSON text becomes in the column `v`."""
    serve_export(sim, json.dumps(conversation())[:-1] + f', "v": {text}}}')
    out = run_exports(
        changed_export_settings(sim, columns=columns) if columns else export_settings(sim), clock
    )
    assert out.error is None
    (record,) = out.records(STREAM)
    return record["v"]


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"004210"', "004210"),
        ("4210", "4210"),
        ("3.10", "3.10"),
        ("12345678901234567890123456789.50", "12345678901234567890123456789.50"),
        ("true", "true"),
        ("null", None),
        ('""', None),
        ('" "', None),
        ('" a "', " a "),
        ('"Zoë \\ud83d\\ude00\\n"', "Zoë 😀\n"),
        ("[]", "[]"),
        ('["a", "b"]', '["a","b"]'),
        ('{"b": 3.10, "a": {"c": [null, true]}}', '{"b":3.10,"a":{"c":[null,true]}}'),
        (
            '{"n": 123456789012345678901234567890, "x": 0.10000000000000000000001}',
            '{"n":123456789012345678901234567890,"x":0.10000000000000000000001}',
        ),
        ('{"quote\\"": "ü"}', '{"quote\\"":"ü"}'),
    ],
)
def test_undeclared_values(sim, clock, text, value):
    """Undeclared columns are text: numbers digit by digit, nested values as JSON."""
    assert values(sim, clock, text) == value


@pytest.mark.ci
@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "12345678901234567890123", 12345678901234567890123),
        ("integer", "7.0", 7),
        ("integer", '"0042"', 42),
        ("number", '"1.25"', 1.25),
        ("boolean", "false", False),
        ("boolean", "1", True),
        ("boolean", '"no"', False),
        ("date", '"2026-03-01"', "2026-03-01"),
        ("date-time", '"2026-03-01T10:00:00+02:00"', "2026-03-01T08:00:00+00:00"),
        ("string", "42", "42"),
    ],
)
def test_declared_values(sim, clock, kind, text, value):
    """A declared column has its type, whether a number stands in quotes or not."""
    assert values(sim, clock, text, v=kind) == value


@pytest.mark.parametrize("text", ["0.1", "3.141592653589793238462643", "1e21", "100", "-0.5"])
def test_export_numbers_keep_every_digit(sim, clock, text):
    """A number is emitted with the value that stands in the file, to the last digit."""
    serve_export(sim, json.dumps(conversation()).replace('"duration": 60', f'"duration": {text}'))
    written = io.BytesIO()

    with contextlib.redirect_stdout(io.TextIOWrapper(written)) as out:
        TapCXone(
            config=export_settings(sim), clock=clock, catalog=offline_catalog(STREAM)
        ).sync_all()
        out.flush()

    lines = [json.loads(line, parse_float=Decimal) for line in written.getvalue().splitlines()]
    (record,) = (line["record"] for line in lines if line["type"] == "RECORD")
    assert Decimal(record["duration"]) == Decimal(text)


def test_undeclared_keys_make_columns(sim, clock):
    """Undeclared keys become nullable texts, in a SCHEMA before their rows."""
    out = run_exports(export_settings(sim), clock)

    first, second = out.of("SCHEMA", STREAM)
    new = second["schema"]["properties"].keys() - first["schema"]["properties"].keys()
    assert new == {"channel", "escalated", "turns", "intents", "sentiment", "summary"}
    assert all(second["schema"]["properties"][n]["type"] == ["string", "null"] for n in new)
    kinds = [m["type"] for m in out.messages if m.get("stream") == STREAM]
    assert kinds[:3] == ["SCHEMA", "SCHEMA", "RECORD"]


def test_late_keys(sim, clock):
    """A key that only the last row shows is a column of all of them."""
    serve_export(sim, conversation(1), conversation(2), conversation(3, lateKey="x"))

    out = run_exports(export_settings(sim), clock)

    assert "late_key" in out.of("SCHEMA", STREAM)[-1]["schema"]["properties"]
    assert [r["late_key"] for r in out.records(STREAM)] == [None, None, "x"]


@pytest.mark.ci
def test_columns_stay_known(sim, clock):
    """A column that one window showed is in the rows of the next, and in the next run's SCHEMA."""
    serve_export(sim, conversation(1, extra="x"))
    serve_export(sim, conversation(2))

    out = run_exports(export_settings(sim, 2), clock)
    sim.faults.clear()
    serve_export(sim, conversation(3))
    later = run_exports(export_settings(sim, 2), clock, state=out.state, catalog=None)

    assert [r["extra"] for r in out.records(STREAM)] == ["x", None]
    assert "extra" in later.of("SCHEMA", STREAM)[0]["schema"]["properties"]


@pytest.mark.parametrize("drift", ["ignore", "fail"])
def test_export_schema_drift_is_ignored_or_fails(sim, clock, drift):
    """`ignore` omits undeclared keys, `fail` fails the window before a record of it is emitted."""
    out = run_exports(export_settings(sim, schema_drift=drift), clock)

    if drift == "fail":
        assert isinstance(failure(out), DriftError)
        assert "channel" in str(failure(out))
        assert out.records(STREAM) == []
        assert out.bookmark(STREAM) is None
    else:
        assert out.error is None
        assert len(out.of("SCHEMA", STREAM)) == 1
        assert {key for r in without_metadata(out.records(STREAM)) for key in r} == {
            *("id", "type", "date_from", "date_to", "bot_id", "agent_id", "duration")
        }


def test_two_keys_of_one_name(sim, clock):
    """Keys that would be one column are two."""
    serve_export(sim, conversation(1, extraField="a", extra_field="b"))

    out = run_exports(export_settings(sim), clock)

    (record,) = without_metadata(out.records(STREAM))
    assert (record["extra_field"], record["extra_field_2"]) == ("a", "b")


def test_export_key_is_the_conversation_id(sim):
    """A conversation is known by its id; the bookmark is the end of its window."""
    (entry,) = (e for e in offline_catalog(STREAM)["streams"] if e["tap_stream_id"] == STREAM)
    (table,) = (m["metadata"] for m in entry["metadata"] if not m["breadcrumb"])

    assert list(entry["key_properties"]) == ["id"]
    assert entry["replication_key"] == "_window_end"
    assert table["selected"] is True

"""Kinds of files that have broken exports: each value in PostgreSQL and DuckDB is the right one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.rows.titles import default_name
from tap_cxone.simulator import Fault
from tap_cxone.simulator.metrics import PUBLISHED
from tests.conftest import settings_for
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.examples import csv_jobs, json_jobs, paged_rows
from tests.support.run import Output, run_tap, select

if TYPE_CHECKING:
    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock

HINDI_KEY, HINDI_NOTE = "कुंजी", "टिप्पणी"
FILES: dict[str, tuple[str | bytes, dict[str, Any]]] = {
    "a_utf_16": (
        f"{HINDI_KEY}\t{HINDI_NOTE}\n1\té, नोट\n".encode("utf-16-le"),
        {"primary_keys": [HINDI_KEY]},
    ),
    "b_tabs": ('Record ID\tHours, paid\tNote\n1\t7.50\t"a\tb"\n', {}),
    "c_dates": (
        "Record ID,Undecided,Decided,Near\n"
        "1,01/02/2020,01/02/2020,04/03/2026 09:23\n2,03/04/2020,13/02/2020,05/03/2026 09:23\n"
        "3,,,05/06/2027\n4,,,06/07/2027\n",
        {"columns": dict.fromkeys(("Undecided", "Decided", "Near"), "date-time")},
    ),
    "d_excel": (
        "sep=;\nRecord ID;Hours\n1;1.234,5\nsep=;\nRECORD ID; hours\n2;1e400\n;;\n",
        {"columns": {"Hours": "number"}, "csv": {"number_format": "1.234,5"}},
    ),
    "e_order": (
        "Record ID,Upd,Upd %,Line\n1,9,9,older\n1,0,10,newest\n1,99,1,oldest\n",
        {"order_by": "Upd %"},
    ),
    "f_extremes": (
        "Record ID,When\n1,9999-12-31T23:59:59-05:00\n2,0001-01-01T00:00:00+05:00\n"
        "3,9999-12-31T23:59:59Z\n",
        {"columns": {"When": "date-time"}},
    ),
    "g_order_of_dates": (
        "Record ID,Upd,Line\n1,01/03/2025,newest\n1,13/02/2025,oldest\n1,01/01/2025,older\n",
        {"order_by": "Upd"},
    ),
    "h_declared": ("Record ID,skill,Skill\n1,text,5\n", {"columns": {"Skill": "number"}}),
    "i_named": ("Record ID,Skill,Skill\n1,text,5\n", {"columns": {"skill_2": "number"}}),
    "j_parts": ("Record ID,A,B\n1,a,b\nB,Record ID,A\nb,2,a\n", {}),
    "qm_workflows": ("Workflow ID,Score (%)\nw1,50.5\n", {}),
}
JSON_ROWS = """[
{"id": "1", "small": 0.00000010, "large": 123456789012345678901234567890, "typed": 0.50},
{"id": "2", "small": NaN}, {"id": "3", "typed": 1.5e400}, {"id": "4", "small": 1.50, "typed": 2},
{"id": "5", "small": -0, "large": -0.0, "typed": -0.0}
]"""
KEY, NOTE = map(default_name, (HINDI_KEY, HINDI_NOTE))
SCORE = paged_rows.SCORE


def as_instant(text: str) -> datetime:
    """Return an instant as both targets return it: in UTC, without an offset."""
    return datetime.fromisoformat(text)


QUERIES: dict[str, list[tuple[Any, ...]]] = {
    f'select "{KEY}", "{NOTE}" from cxone.a_utf_16': [("1", "é, नोट")],  # noqa: S608
    "select hours_paid, note from cxone.b_tabs": [("7.50", "a\tb")],
    "select undecided, decided, near from cxone.c_dates order by record_id": [
        (as_instant("2020-01-02"), as_instant("2020-02-01"), as_instant("2026-03-04 09:23")),
        (as_instant("2020-03-04"), as_instant("2020-02-13"), as_instant("2026-03-05 09:23")),
        (None, None, as_instant("2027-06-05")),
        (None, None, as_instant("2027-07-06")),
    ],
    "select record_id, hours from cxone.d_excel": [("1", Decimal("1234.5"))],
    "select line from cxone.e_order": [("newest",)],
    "select line from cxone.g_order_of_dates": [("newest",)],
    "select skill, skill_2 from cxone.h_declared": [(5, "text")],
    "select skill, skill_2 from cxone.i_named": [("text", 5)],
    "select record_id, a, b from cxone.j_parts order by 1": [("1", "a", "b"), ("2", "a", "b")],
    'select record_id, "when" from cxone.f_extremes': [("3", as_instant("9999-12-31 23:59:59"))],
    "select workflow_id, score, score_2 from cxone.qm_workflows order by 1": [
        ("w1", None, "50.5"),
        ("w2", 7, "51"),
    ],
    "select id, small, large, typed from cxone.bot_conversations order by 1": [
        ("1", "0.00000010", "123456789012345678901234567890", Decimal("0.5")),
        ("4", "1.50", None, 2),
        ("5", "-0", "-0.0", 0),
    ],
    f"select {SCORE}, {SCORE}_string from cxone.custom_metrics_by_interaction order by 1": [  # noqa: S608
        (Decimal("0.5"), None),
        (None, "high"),
    ],
    "select stream, reason from cxone.quarantine order by 1, 2": [
        ("bot_conversations", "column typed has a value that is not of type number"),
        ("bot_conversations", "holds NaN, infinity or a number out of range"),
        ("d_excel", "column hours has a value that is not of type number"),
        *[("f_extremes", "column when has a value that is not of type date-time")] * 2,
    ],
}


def run_files(sim: Simulator, clock: FakeClock) -> Output:
    """Run each entity over its file, all in one run."""
    bodies = (body for body, _ in FILES.values())
    sim.faults.add(
        *(Fault("download", "bytes", body=body, family=csv_jobs.FAMILY) for body in bodies)
    )
    base = {"entity_name": "wfm-payroll", "version": "1", "primary_keys": ["Record ID"]}
    entities = [
        {**base, "name": name, **entry}
        for name, (_, entry) in FILES.items()
        if name != "qm_workflows"
    ]
    days = {"start_date": "2026-03-04T00:00:00Z", "end_date": "2026-03-05T00:00:00Z"}
    config = settings_for(sim, **days, own={"mode": "async", "entities": entities})
    return run_tap(config, clock=clock, catalog=select(config, *FILES, "quarantine"))


def run_workflows_again(sim: Simulator, clock: FakeClock, first: Output) -> Output:
    """Run the next day of a built-in entity, whose file has the title of the vendor now."""
    body = "Workflow ID,Score (%),Score\nw2,51,7\n"
    sim.faults.add(Fault("download", "bytes", body=body, family=csv_jobs.FAMILY))
    days = {"start_date": "2026-03-04T00:00:00Z", "end_date": "2026-03-06T00:00:00Z"}
    config = settings_for(sim, **days, own={"mode": "async", "overlap_days": 0})
    return run_tap(config, clock=clock, only="qm_workflows", state=first.state)


def run_objects_with_numbers(sim: Simulator, clock: FakeClock) -> Output:
    """Run an export whose objects have all kinds of numbers."""
    sim.faults.add(Fault("download", "bytes", body=JSON_ROWS, family=json_jobs.FAMILY))
    entry: dict[str, Any] = {"required_fields": ["id"], "columns": {"typed": "number"}}
    return json_jobs.run_exports(json_jobs.changed_export_settings(sim, **entry), clock)


def run_metric_that_becomes_a_text(sim: Simulator, clock: FakeClock) -> list[Output]:
    """Run two days; the tenant changes the type of a metric in between."""
    how: dict[str, Any] = {"on_type_change": "new_column"}
    paged_rows.serve_pages(
        sim, paged_rows.page(paged_rows.interaction(0, customMetrics={paged_rows.SCORE: 0.5}))
    )
    first = paged_rows.run_downloads(paged_rows.download_settings(sim, **how), clock)
    text = replace(paged_rows.BY[paged_rows.SCORE], type="string", minimum=None, maximum=None)
    sim.publish_metrics(
        tuple(text if metric.id == paged_rows.SCORE else metric for metric in PUBLISHED)
    )
    paged_rows.serve_pages(
        sim, paged_rows.page(paged_rows.interaction(1, customMetrics={paged_rows.SCORE: "high"}))
    )
    return [first, paged_rows.run_next_day(sim, clock, first, **how)]


@pytest.fixture
def kinds(simulate, clock) -> Output:
    """Return the messages of all runs."""
    sim = simulate(job_seconds=0, spacing_seconds=0)
    files = run_files(sim, clock)
    outputs = [
        files,
        run_workflows_again(sim, clock, files),
        run_objects_with_numbers(sim, clock),
        *run_metric_that_becomes_a_text(sim, clock),
    ]
    assert [out.error for out in outputs] == [None] * len(outputs)
    return Output([message for out in outputs for message in out.messages], None)


@pytest.mark.ci
def test_kinds_of_files_are_right_in_postgres(kinds, server, tmp_path):
    """PostgreSQL has each value as its file means it, and nothing of an invalid row."""
    load_messages(kinds, POSTGRES, server.settings, tmp_path)

    assert {query: server.ask(query) for query in QUERIES} == QUERIES


def test_kinds_of_files_are_right_in_duckdb(duckdb, kinds, tmp_path):
    """DuckDB has the same."""
    path = tmp_path / "kinds.duckdb"
    load_messages(kinds, DUCKDB, {"path": str(path)}, tmp_path)

    with duckdb.connect(str(path), read_only=True) as warehouse:
        found = {query: warehouse.execute(query).fetchall() for query in QUERIES}
    assert found == QUERIES

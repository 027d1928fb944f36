"""Rows that a file holds twice are emitted once, in every family."""

from __future__ import annotations

import csv
import io
import logging

from tap_cxone.simulator import Fault
from tests.support.audit_log import audit_lines
from tests.support.examples import csv_jobs
from tests.support.expectations import warnings_logged
from tests.support.room import QUARANTINE
from tests.support.rooms import EVERYWHERE, NINE, NINE_LEFT, room_of


@EVERYWHERE
def test_key_that_repeats_is_emitted_once(sim, clock, caplog, room):
    """Of two rows of one key the first is emitted; what was dropped is counted in a warning."""
    room.serve(sim, *NINE, ("k1", "100"), ("k2", "2"))

    out = room.run(room.settings(sim), clock)

    (warning,) = (w for w in warnings_logged(caplog) if "were dropped" in w)
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert "2 rows with the key of an earlier row" in warning
    assert "primary_keys" in warning


@EVERYWHERE
def test_equal_rows_without_a_key(sim, clock, caplog, room):
    """Rows known by their hash leave once if they are equal; that is no warning."""
    room.serve(sim, *NINE, ("k1", "100"), ("k2", "2"))

    out = room.run(room.settings(sim, **room.keys), clock)

    hashes = [record["_row_hash"] for record in out.records(room.stream)]
    assert out.error is None
    assert room.values(out) == [*NINE_LEFT, ("k1", 100)]
    assert len(set(hashes)) == 10
    assert [w for w in warnings_logged(caplog) if "were dropped" in w] == []


@EVERYWHERE
def test_invalid_row_does_not_hide_a_valid_one_of_its_key(sim, clock, room):
    """A misfit has no key: a valid row of the same key is emitted, whichever comes first."""
    room.serve(sim, ("k0", "abc"), *NINE, ("k1", "abc"), *[(f"n{n}", "1") for n in range(20)])

    out = room.run(room.settings(sim), clock)

    assert out.error is None
    assert room.values(out)[:9] == NINE_LEFT
    assert len(out.records(QUARANTINE)) == 2


@EVERYWHERE
def test_equal_rows_without_a_key_are_counted(sim, clock, caplog, audit_log, room):
    """How many equal rows were left out stands in the log, the audit log and the summary."""
    caplog.set_level(logging.INFO)
    room.serve(sim, *NINE, *[("k1", "1")] * 2, ("k2", "2"))

    out = room.run(room.settings(sim, audit_log_path=str(audit_log), **room.keys), clock)

    lines = [line for line in audit_lines(audit_log) if line["stream"] == room.stream]
    (validated,) = (line for line in lines if line["event"] == "window_validated")
    (ended,) = (line for line in lines if line["event"] == "stream_ended")
    (text,) = (r.getMessage() for r in caplog.records if "rows equal" in r.getMessage())
    assert room.values(out) == NINE_LEFT
    assert "3 rows equal an earlier row" in text
    assert "count_identical_rows" in text
    assert validated["repeated"] == 3
    assert ended["dropped"] == 3


@EVERYWHERE
def test_equal_rows_leave_each_if_they_are_numbered(sim, clock, room):
    """With count_identical_rows equal rows have hashes of their own, the same in every run."""
    room.serve(sim, *NINE, *[("k1", "1")] * 2, ("k2", "2"), times=2)
    config = room.settings(sim, count_identical_rows=True, **room.keys)

    outs = [room.run(config, clock) for _ in range(2)]
    room.serve(sim, *NINE)
    (plain,) = [room.run(room.settings(sim, **room.keys), clock)]

    first, second, without = (
        [record["_row_hash"] for record in out.records(room.stream)] for out in (*outs, plain)
    )
    assert room.values(outs[0]) == [*NINE_LEFT, ("k1", 1), ("k1", 1), ("k2", 2)]
    assert len(set(first)) == 12
    assert first == second
    assert first[:9] == without


@EVERYWHERE
def test_newest_row_of_a_key_leaves(sim, clock, caplog, room):
    """With order_by the greatest value counts, compared as what its column holds."""
    caplog.set_level(logging.INFO)
    room.serve(sim, ("k1", "10"), *NINE[:1], ("k1", "9"), ("k2", ""), *NINE[2:], ("k8", "8"))

    out = room.run(room.settings(sim, **room.ordered), clock)

    (text,) = (r.getMessage() for r in caplog.records if "were dropped" in r.getMessage())
    assert out.error is None
    assert sorted(room.values(out)) == [("k0", 0), ("k1", 10), *NINE_LEFT[2:]]
    assert f"3 rows with the key of a row with a later {room.columns[1]}" in text
    assert not [w for w in warnings_logged(caplog) if "dropped" in w]


ROWS = {
    "later last": ("2026-03-15T09:00:00Z", "2026-03-15T10:00:00Z", 1),
    "later first": ("2026-03-15T10:00:00Z", "2026-03-15T09:00:00Z", 0),
    "other zone": ("2026-03-15T10:00:00+00:00", "2026-03-15T09:30:00-05:00", 1),
    "fraction": ("2026-03-15T10:00:00.5Z", "2026-03-15T10:00:00Z", 0),
    "equal": ("2026-03-15T10:00:00Z", "2026-03-15T10:00:00Z", 0),
    "blank first": ("", "2026-03-15T10:00:00Z", 1),
    "blank last": ("2026-03-15T10:00:00Z", "", 0),
}


def test_workflow_updated_last_leaves(sim, clock):
    """Of the rows of a workflow the one with the latest 'Last Updated' leaves."""
    room = room_of("qm_workflows")
    body = io.StringIO(newline="")
    lines = csv.writer(body)
    lines.writerow(["Workflow ID", "Last Updated", "Rank"])
    for row in (0, 1):
        lines.writerows([label, case[row], row] for label, case in ROWS.items())
    fault = Fault("download", "bytes", body=body.getvalue(), family=csv_jobs.FAMILY)
    sim.faults.add(fault)

    out = room.run(room.settings(sim), clock)

    found = {r["workflow_id"]: int(r["rank"]) for r in out.records(room.stream)}
    assert len(out.records(room.stream)) == len(ROWS)
    assert found == {label: newest for label, (_, _, newest) in ROWS.items()}

"""A title of the vendor has its built-in column, whatever titles came before it."""

from __future__ import annotations

import pytest

from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.run import run_tap
from tests.support.titles import title_values

WORKFLOWS = "qm_workflows"


@pytest.fixture
def sim(simulate):
    return simulate(job_seconds=0)


def run_workflows(sim, clock, *files, runs=1):
    """Return the values of each record; a file is a header and a row, in windows of one day."""
    found, state = [], None
    for run in range(runs):
        part = files[run::runs] if runs > 1 else files
        for header, cells in part:
            body = f"Workflow ID,{header}\r\nw,{cells}\r\n"
            sim.faults.add(Fault("download", "bytes", body=body))
        days = (run, run + 1) if runs > 1 else (0, len(files))
        start, end = (f"2026-03-{10 + day}T00:00:00Z" for day in days)
        config = settings_for(
            sim,
            start_date=start,
            end_date=end,
            own={"window_days": 1, "mode": "async", "overlap_days": 0},
        )
        out = run_tap(config, clock=clock, only=WORKFLOWS, state=state)
        state = out.state
        found += title_values(out, WORKFLOWS)
    return [{n: v for n, v in record.items() if n != "workflow_id"} for record in found]


@pytest.mark.parametrize("runs", [1, 2])
def test_vendor_title_after_a_resembling_one_has_its_column(sim, clock, runs):
    """`Score (%)` never has the column of `Score`, so no value changes its column."""
    files = [("Score (%)", "50.5"), ("Score,Score (%)", "7,51")]

    found = run_workflows(sim, clock, *files, runs=runs)

    assert found == [{"score_2": "50.5"}, {"score": 7, "score_2": "51"}]


def test_vendor_title_has_its_column_back_from_another_spelling(sim, clock):
    """Another spelling has the column until the vendor's one comes."""
    files = [("last_updated", "2026-03-10"), ("last_updated,Last Updated", "x,2026-03-11")]

    found = run_workflows(sim, clock, *files)

    assert found == [
        {"last_updated": "2026-03-10T00:00:00+00:00"},
        {"last_updated": "2026-03-11T00:00:00+00:00", "last_updated_2": "x"},
    ]


@pytest.mark.parametrize(
    "title", ["Firstname (Eva)", "Firstname Eva", "Firstname: Eva", "FIRSTNAME (EVA)"]
)
def test_punctuation_makes_no_other_built_in_column(sim, clock, title):
    """The vendor's titles are known but for their punctuation."""
    assert run_workflows(sim, clock, (title, "Ann")) == [{"firstname_eva": "Ann"}]

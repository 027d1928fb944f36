"""Undocumented entities with invented columns, for tests of user-configured entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator import fake_values as values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random


def make_payroll_rows(rng: Random, worked: datetime) -> list[dict[str, str]]:
    """Return the row of a shift."""
    return [
        {
            "Payroll Entry ID": values.unique_id(rng),
            "Employee Number": values.digits(rng, 8),
            "Employee Name": values.person(rng).name,
            "Work Date": f"{worked:%Y-%m-%d}",
            "Paid Hours": f"{rng.randrange(900) / 100:.2f}",
            "Overtime": values.boolean(rng),
        }
    ]


def make_note_rows(rng: Random, written: datetime) -> list[dict[str, str]]:
    """Return the row of a note."""
    return [
        {
            "Note ID": values.digits(rng, 20),
            "Workflow ID": values.unique_id(rng),
            "Evaluator": values.person(rng).name,
            "Written At": values.instant(written),
            "Note": values.remark(rng),
        }
    ]

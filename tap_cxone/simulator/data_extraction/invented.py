"""Entities whose columns nobody has published: made up, to try entities that users configure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator import values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random


def write_payroll(dice: Random, worked: datetime) -> list[dict[str, str]]:
    """Return the row of a shift."""
    return [
        {
            "Payroll Entry ID": values.identity(dice),
            "Employee Number": values.digits(dice, 8),
            "Employee Name": values.person(dice).name,
            "Work Date": f"{worked:%Y-%m-%d}",
            "Paid Hours": f"{dice.randrange(900) / 100:.2f}",
            "Overtime": values.truth(dice),
        }
    ]


def write_notes(dice: Random, written: datetime) -> list[dict[str, str]]:
    """Return the row of a note."""
    return [
        {
            "Note ID": values.digits(dice, 20),
            "Workflow ID": values.identity(dice),
            "Evaluator": values.person(dice).name,
            "Written At": values.instant(written),
            "Note": values.remark(dice),
        }
    ]

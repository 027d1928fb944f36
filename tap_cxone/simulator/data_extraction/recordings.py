"""Rows of `recording-interaction-metadata`: one per recorded segment, filtered by its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator import values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random


def write(dice: Random, started: datetime) -> list[dict[str, str]]:
    """Return the row of a segment that started at an instant."""
    order = f"{dice.randrange(10**6):08d}"
    row = {
        "Segment ID": values.identity(dice),
        "ACD Call ID": values.digits(dice, 20),
        "Agent 1 Contact Number": values.digits(dice, 12),
        "Start Date": values.instant(started),
        "Voice Recording Status": dice.choice(["Success", "Failed", ""]),
        "Agent 1 Name": values.person(dice).name,
        "Agent 1 Team": values.team(dice)[1],
        "Agent 1 ACD ID": values.digits(dice, 7),
        "Agent 1 Skills": dice.choice(["Sales; Support", "Čeština", "", "Billing, VIP"]),
        "ANI": values.phone(dice),
        "DNIS": values.phone(dice),
        "Disposition": values.remark(dice),
        # No document names these; tenants have them all the same.
        "Agent 2 Name": values.maybe(dice, values.person(dice).name, 0.2),
        "Business Data: Order Number": values.maybe(dice, order, 0.6),
        "Business Data: Region": dice.choice(["EMEA", "日本", "Île-de-France", ""]),
    }
    return [row]

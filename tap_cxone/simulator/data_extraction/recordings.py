"""Rows of `recording-interaction-metadata`: one per recorded segment, filtered by start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator import fake_values as values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random


def make_rows(rng: Random, started: datetime) -> list[dict[str, str]]:
    """Return the row of a segment started at this instant."""
    order_number = f"{rng.randrange(10**6):08d}"
    row = {
        "Segment ID": values.unique_id(rng),
        "ACD Call ID": values.digits(rng, 20),
        "Agent 1 Contact Number": values.digits(rng, 12),
        "Start Date": values.instant(started),
        "Voice Recording Status": rng.choice(["Success", "Failed", ""]),
        "Agent 1 Name": values.person(rng).name,
        "Agent 1 Team": values.team(rng)[1],
        "Agent 1 ACD ID": values.digits(rng, 7),
        "Agent 1 Skills": rng.choice(["Sales; Support", "Čeština", "", "Billing, VIP"]),
        "ANI": values.phone(rng),
        "DNIS": values.phone(rng),
        "Disposition": values.remark(rng),
        # These columns are undocumented, but tenants have them.
        "Agent 2 Name": values.maybe(rng, values.person(rng).name, 0.2),
        "Business Data: Order Number": values.maybe(rng, order_number, 0.6),
        "Business Data: Region": rng.choice(["EMEA", "日本", "Île-de-France", ""]),
    }
    return [row]

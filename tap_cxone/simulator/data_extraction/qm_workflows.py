"""Rows of `qm-workflows`: one per evaluation, filtered by submission date."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator import fake_values as values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random


def make_rows(rng: Random, submitted: datetime) -> list[dict[str, str]]:
    """Return the row of an evaluation submitted at this instant."""
    agent, evaluator = values.person(rng), values.person(rng)
    assigner, resolver = values.person(rng), values.person(rng)
    team_id, team_name = values.team(rng)
    started = values.before(rng, submitted, timedelta(days=3))
    call_end = values.before(rng, started, timedelta(days=2))
    call_start = values.before(rng, call_end, timedelta(minutes=40))
    points = rng.randrange(401)
    disputed = rng.random() < 1 / 8
    row = {
        "Tenant Name": "Simulated Tenant, Inc.",
        "Agent ID": values.digits(rng, 6),
        "Type": rng.choice(["Evaluation", "Self Assessment", "Calibration"]),
        "Evaluation Flow Trigger": rng.choice(["Plan", "Ad hoc", ""]),
        "Workflow Status": rng.choice(["Completed", "In Progress", "Disputed"]),
        "Auto Acknowledged": values.boolean(rng),
        "Workflow State": rng.choice(["Closed", "Open"]),
        "Workflow ID": values.unique_id(rng),
        "Plan Name": rng.choice(["Monthly Plan", "Onboarding, first 90 days", ""]),
        "Form Name": rng.choice(["Courtesy", 'The "Big" Form', "Formulář č. 3"]),
        "Form Version": str(1 + rng.randrange(12)),
        "Start Date": values.instant(started),
        "Submission Date": values.maybe(rng, values.instant(submitted), 0.9),
        "Last Updated": values.instant(submitted),
        "Score (Percentage)": f"{points / 4:.2f}",
        "Score": f"{points / 10:.1f}",
        "Maximum Possible Score": "40",
        "Rank": rng.choice(["A", "B", "C", ""]),
        "Failed Critical Question": values.boolean(rng),
        "User Review Comments": values.remark(rng),
        "Dispute Resolver Comments": values.remark(rng) if disputed else "",
        "Segment ID": values.unique_id(rng),
        "ACD ID": values.digits(rng, 20),
        "Interaction Type": rng.choice(["Voice", "Chat", "Email"]),
        "Interaction Start Date": values.instant(call_start),
        "Interaction End Date": values.instant(call_end),
        "Interaction Direction": rng.choice(["Inbound", "Outbound", ""]),
        "Team ID": team_id,
        "Team Name": team_name,
        "Phone Number": values.phone(rng),
        "Firstname (Eva)": evaluator.first,
        "Lastname (Eva)": evaluator.last,
        "Firstname (Agent)": agent.first,
        "Lastname (Agent)": agent.last,
        "Firstname (Disp)": resolver.first if disputed else "",
        "Lastname (Disp)": resolver.last if disputed else "",
        "Firstname (Assigner)": assigner.first,
        "Lastname (Assigner)": assigner.last,
    }
    return [row]

"""Rows of `qm-workflows`: one per evaluation, filtered by its submission."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator import values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random


def write(dice: Random, submitted: datetime) -> list[dict[str, str]]:
    """Return the row of an evaluation submitted at an instant."""
    agent, evaluator = values.person(dice), values.person(dice)
    assigner, resolver = values.person(dice), values.person(dice)
    team_id, team_name = values.team(dice)
    started = values.before(dice, submitted, timedelta(days=3))
    call_end = values.before(dice, started, timedelta(days=2))
    call_start = values.before(dice, call_end, timedelta(minutes=40))
    points = dice.randrange(401)
    disputed = dice.random() < 1 / 8
    row = {
        "Tenant Name": "Simulated Tenant, Inc.",
        "Agent ID": values.digits(dice, 6),
        "Type": dice.choice(["Evaluation", "Self Assessment", "Calibration"]),
        "Evaluation Flow Trigger": dice.choice(["Plan", "Ad hoc", ""]),
        "Workflow Status": dice.choice(["Completed", "In Progress", "Disputed"]),
        "Auto Acknowledged": values.truth(dice),
        "Workflow State": dice.choice(["Closed", "Open"]),
        "Workflow ID": values.identity(dice),
        "Plan Name": dice.choice(["Monthly Plan", "Onboarding, first 90 days", ""]),
        "Form Name": dice.choice(["Courtesy", 'The "Big" Form', "Formulář č. 3"]),
        "Form Version": str(1 + dice.randrange(12)),
        "Start Date": values.instant(started),
        "Submission Date": values.maybe(dice, values.instant(submitted), 0.9),
        "Last Updated": values.instant(submitted),
        "Score (Percentage)": f"{points / 4:.2f}",
        "Score": f"{points / 10:.1f}",
        "Maximum Possible Score": "40",
        "Rank": dice.choice(["A", "B", "C", ""]),
        "Failed Critical Question": values.truth(dice),
        "User Review Comments": values.remark(dice),
        "Dispute Resolver Comments": values.remark(dice) if disputed else "",
        "Segment ID": values.identity(dice),
        "ACD ID": values.digits(dice, 20),
        "Interaction Type": dice.choice(["Voice", "Chat", "Email"]),
        "Interaction Start Date": values.instant(call_start),
        "Interaction End Date": values.instant(call_end),
        "Interaction Direction": dice.choice(["Inbound", "Outbound", ""]),
        "Team ID": team_id,
        "Team Name": team_name,
        "Phone Number": values.phone(dice),
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

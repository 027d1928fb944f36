"""Rows of `qm-questions`: one per question of an evaluation, filtered by its submission."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator import values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

_QUESTIONS = {
    "q-0001": "Did the agent greet the caller?",
    "q-0002": 'Was the phrase "thank you" used, and when?',
    "q-0003": "Fraglos: wurde\ndie Nummer geprüft?",
    "q-0004": "Was the case closed?",
}


def write(dice: Random, submitted: datetime) -> list[dict[str, str]]:
    """Return a row for each question of an evaluation submitted at an instant."""
    common = _evaluation(dice, submitted)
    return [
        common | _question(dice, number, question_id, title)
        for number, (question_id, title) in enumerate(_QUESTIONS.items(), start=1)
    ]


def _evaluation(dice: Random, submitted: datetime) -> dict[str, str]:
    """Return what all questions of an evaluation share."""
    agent, evaluator = values.person(dice), values.person(dice)
    team_id, team_name = values.team(dice)
    started = values.before(dice, submitted, timedelta(hours=5))
    call_end = values.before(dice, started, timedelta(days=2))
    call_start = values.before(dice, call_end, timedelta(minutes=40))
    return {
        "WorkflowInstance ID": values.identity(dice),
        "Form ID": values.digits(dice, 9),
        "Form Name": dice.choice(["Courtesy", 'The "Big" Form', "Formulář č. 3"]),
        "Form Version": str(1 + dice.randrange(12)),
        "Evaluation Score%": f"{dice.randrange(10001) / 100:.2f}",
        "Evaluation Start Date": values.instant(started),
        "Evaluation Submission Date": values.instant(submitted),
        "Workflow Type": dice.choice(["Evaluation", "Calibration"]),
        "Agent ID": values.digits(dice, 6),
        "Firstname (Agent)": agent.first,
        "Lastname (Agent)": agent.last,
        "Team ID": team_id,
        "Team Name": team_name,
        "Firstname (Eva)": evaluator.first,
        "Lastname (Eva)": evaluator.last,
        "Segment ID": values.identity(dice),
        "Interaction Start Date": values.instant(call_start),
        "Interaction End Date": values.instant(call_end),
    }


def _question(dice: Random, number: int, question_id: str, title: str) -> dict[str, str]:
    """Return what one question and its answer add."""
    score = dice.randrange(6)
    return {
        "Question ID": question_id,
        "Actual Score": str(score),
        "Max Score": "5.0",
        "Answer": dice.choice(["Yes", "No", "N/A", ""]),
        "Question Title": title,
        "Question Number": f"{number}.1",
        "Options": "Yes,No,N/A",
        "Section ID": "s-01",
        "Section Title": "Opening, closing",
        "Section Score%": f"{score * 20}",
        "Critical": values.truth(dice),
        "Failed Critical Question": values.truth(dice),
        "Mandatory": values.truth(dice),
        "Scorable": values.truth(dice),
        "Question Type": dice.choice(["Radio", "Free Text"]),
        "Bank ID": values.maybe(dice, values.digits(dice, 4), 0.5),
    }

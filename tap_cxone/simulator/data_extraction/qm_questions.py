"""Rows of `qm-questions`: one per question of an evaluation, filtered by submission date."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tap_cxone.simulator import fake_values as values

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

_QUESTIONS = {
    "q-0001": "Did the agent greet the caller?",
    "q-0002": 'Was the phrase "thank you" used, and when?',
    "q-0003": "Fraglos: wurde\ndie Nummer geprüft?",
    "q-0004": "Was the case closed?",
}


def make_rows(rng: Random, submitted: datetime) -> list[dict[str, str]]:
    """Return one row per question of an evaluation submitted at this instant."""
    common = _evaluation(rng, submitted)
    return [
        common | _question(rng, number, question_id, title)
        for number, (question_id, title) in enumerate(_QUESTIONS.items(), start=1)
    ]


def _evaluation(rng: Random, submitted: datetime) -> dict[str, str]:
    """Return the columns that all questions of an evaluation share."""
    agent, evaluator = values.person(rng), values.person(rng)
    team_id, team_name = values.team(rng)
    started = values.before(rng, submitted, timedelta(hours=5))
    call_end = values.before(rng, started, timedelta(days=2))
    call_start = values.before(rng, call_end, timedelta(minutes=40))
    return {
        "WorkflowInstance ID": values.unique_id(rng),
        "Form ID": values.digits(rng, 9),
        "Form Name": rng.choice(["Courtesy", 'The "Big" Form', "Formulář č. 3"]),
        "Form Version": str(1 + rng.randrange(12)),
        "Evaluation Score%": f"{rng.randrange(10001) / 100:.2f}",
        "Evaluation Start Date": values.instant(started),
        "Evaluation Submission Date": values.instant(submitted),
        "Workflow Type": rng.choice(["Evaluation", "Calibration"]),
        "Agent ID": values.digits(rng, 6),
        "Firstname (Agent)": agent.first,
        "Lastname (Agent)": agent.last,
        "Team ID": team_id,
        "Team Name": team_name,
        "Firstname (Eva)": evaluator.first,
        "Lastname (Eva)": evaluator.last,
        "Segment ID": values.unique_id(rng),
        "Interaction Start Date": values.instant(call_start),
        "Interaction End Date": values.instant(call_end),
    }


def _question(rng: Random, number: int, question_id: str, title: str) -> dict[str, str]:
    """Return the columns of one question and its answer."""
    score = rng.randrange(6)
    return {
        "Question ID": question_id,
        "Actual Score": str(score),
        "Max Score": "5.0",
        "Answer": rng.choice(["Yes", "No", "N/A", ""]),
        "Question Title": title,
        "Question Number": f"{number}.1",
        "Options": "Yes,No,N/A",
        "Section ID": "s-01",
        "Section Title": "Opening, closing",
        "Section Score%": f"{score * 20}",
        "Critical": values.boolean(rng),
        "Failed Critical Question": values.boolean(rng),
        "Mandatory": values.boolean(rng),
        "Scorable": values.boolean(rng),
        "Question Type": rng.choice(["Radio", "Free Text"]),
        "Bank ID": values.maybe(rng, values.digits(rng, 4), 0.5),
    }

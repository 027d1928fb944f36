"""The dashboard's tables; nobody publishes their columns, so these are made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tap_cxone.simulator import values
from tap_cxone.simulator.rows import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from random import Random

    from tap_cxone.simulator.rows import Row, Write


class _Profile(NamedTuple):
    """A Copilot profile."""

    id: str
    name: str


_AGENTS = {f"{137 * place + 12:06d}": person.name for place, person in enumerate(values.PEOPLE)}
_PROFILES = (
    _Profile("profile-0a17", "Service, standard"),
    _Profile("profile-0b42", 'Profile "Night"'),
    _Profile("profile-0c99", "サポート"),
)
_SKILLS = ("Technical Support", "Billing, VIP", "Čeština", "")
_QUESTIONS = (
    "How do I reset the router?",
    'What does "past due" mean, and since when?',
    "Wie lange läuft\nmein Vertrag noch?",
    "請求書はどこですか",
)
_ANSWERS = (
    "Hold the button for ten seconds.",
    'Choose "Billing", then "Invoices"\nand look at the last line',
    "Отправьте письмо, пожалуйста",
    "",
)
_STATUSES = ("Used", "Modified", "Ignored", "No response")
_RATINGS = ("", "", "Helpful", "Not helpful")


def _interaction(dice: Random, instant: datetime) -> Row:
    """Return what every table tells of an interaction."""
    agent_number, agent_name = dice.choice(list(_AGENTS.items()))
    profile = dice.choice(_PROFILES)
    return {
        "Date": f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d}",
        "Interaction ID": values.identity(dice),
        "Contact ID": values.digits(dice, 20),
        "Channel": dice.choice(["voice", "digital"]),
        "Agent Number": agent_number,
        "Agent Name": agent_name,
        "Team": values.team(dice)[1],
        "Skill": dice.choice(_SKILLS),
        "Copilot Profile ID": profile.id,
        "Copilot Profile": profile.name,
    }


def _suggestion(dice: Random, instant: datetime) -> list[Row]:
    """Return the row of a suggestion from the knowledge base."""
    return [
        _interaction(dice, instant)
        | {
            "Suggestion ID": values.digits(dice, 20),
            "Question": dice.choice(_QUESTIONS),
            "Suggestion": dice.choice(_ANSWERS),
            "Status": dice.choice(_STATUSES),
            "Rating": dice.choice(_RATINGS),
            "Confidence": f"{dice.randrange(1001) / 1000:.3f}",
        }
    ]


def _summary(dice: Random, instant: datetime) -> list[Row]:
    """Return the row of a summary."""
    return [
        _interaction(dice, instant)
        | {
            "Summary": values.remark(dice),
            "Edited": values.truth(dice),
            "Status": dice.choice(_STATUSES),
            "Rating": dice.choice(_RATINGS),
            "Words": str(dice.randrange(200)),
        }
    ]


def _questions(dice: Random, instant: datetime) -> list[Row]:
    """Return the rows of an agent's two questions: no one of their columns tells them apart."""
    interaction = _interaction(dice, instant)
    return [
        interaction
        | {
            "Question Number": number,
            "Question": dice.choice(_QUESTIONS),
            "Answer": dice.choice(_ANSWERS),
            "Status": dice.choice(_STATUSES),
            "Rating": dice.choice(_RATINGS),
        }
        for number in ("1", "2")
    ]


def _responses(dice: Random, instant: datetime) -> list[Row]:
    """Return the rows of Autopilot's two responses: no one of their columns is a key either."""
    interaction = _interaction(dice, instant)
    return [
        interaction
        | {
            "Turn": turn,
            "Question": dice.choice(_QUESTIONS),
            "Generated Response": dice.choice(_ANSWERS),
            "Response Status": dice.choice(_STATUSES),
            "Response Time (ms)": str(dice.randrange(9000)),
        }
        for turn in ("1", "2")
    ]


@dataclass(frozen=True, slots=True)
class Table:
    """What may be exported.

    Attributes:
        source: Its rows; of two paths to the same table, both have the same.
        by_channel: Whether an export may be narrowed to channels.
        filters: The columns by which an export may be narrowed, by their name in a request.
    """

    source: Source
    by_channel: bool
    filters: Mapping[str, str]


_WHO = {"CopilotProfileId": "Copilot Profile ID", "AgentNumber": "Agent Number"}
_WHERE = {"Team": "Team", "Skill": "Skill"}


def _table(
    name: str, write: Write, filters: Mapping[str, str], *, by_channel: bool = False
) -> Table:
    """Return a table."""
    return Table(Source.of(name, write), by_channel, filters)


_RESPONSES = _table("AutopilotKnowledge/GRTable", _responses, {})

TABLES = {
    "Copilot/KBTable": _table("Copilot/KBTable", _suggestion, _WHERE | _WHO, by_channel=True),
    "Copilot/ASTable": _table("Copilot/ASTable", _summary, _WHERE | _WHO, by_channel=True),
    "Copilot/AQTable": _table("Copilot/AQTable", _questions, _WHO),
    "AutopilotKnowledge/GRTable": _RESPONSES,
    "autopilot/GRTable": _RESPONSES,
}

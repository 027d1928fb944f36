"""Tables of the dashboard; their columns are not documented, so these are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

from tap_cxone.simulator import fake_values as values
from tap_cxone.simulator.rows import RowSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from random import Random

    from tap_cxone.simulator.rows import Row, RowFactory


class _Profile(NamedTuple):
    """A Copilot profile."""

    id: str
    name: str


_AGENTS = {f"{137 * index + 12:06d}": person.name for index, person in enumerate(values.PEOPLE)}
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
_ACCEPTED = ("Used", "Modified")
_NOT_ACCEPTED = ("Ignored", "No response")
_STATUSES = _ACCEPTED + _NOT_ACCEPTED
_CYCLE_WEEKS = 16
_RATINGS = ("", "", "Helpful", "Not helpful")


def _interaction(rng: Random, instant: datetime) -> Row:
    """Return the columns of an interaction that all tables share."""
    agent_number, agent_name = rng.choice(list(_AGENTS.items()))
    profile = rng.choice(_PROFILES)
    return {
        "Date": f"{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03d}",
        "Interaction ID": values.unique_id(rng),
        "Contact ID": values.digits(rng, 20),
        "Channel": rng.choice(["voice", "digital"]),
        "Agent Number": agent_number,
        "Agent Name": agent_name,
        "Team": values.team(rng)[1],
        "Skill": rng.choice(_SKILLS),
        "Copilot Profile ID": profile.id,
        "Copilot Profile": profile.name,
    }


def _suggestion(rng: Random, instant: datetime) -> list[Row]:
    """Return the row of a suggestion from the knowledge base."""
    return [
        _interaction(rng, instant)
        | {
            "Suggestion ID": values.digits(rng, 20),
            "Question": rng.choice(_QUESTIONS),
            "Suggestion": rng.choice(_ANSWERS),
            "Status": _suggestion_status(rng, instant),
            "Rating": rng.choice(_RATINGS),
            "Confidence": f"{rng.randrange(1001) / 1000:.3f}",
        }
    ]


def _suggestion_status(rng: Random, instant: datetime) -> str:
    """Return the status of a suggestion; agents accept 46 to 62 %, by week."""
    week = (instant.astimezone(UTC).toordinal() - 1) // 7  # from Monday to Sunday
    percent = 46 + 2 * abs(week % _CYCLE_WEEKS - _CYCLE_WEEKS // 2)
    return rng.choice(_ACCEPTED if rng.random() < percent / 100 else _NOT_ACCEPTED)


def _summary(rng: Random, instant: datetime) -> list[Row]:
    """Return the row of a summary."""
    return [
        _interaction(rng, instant)
        | {
            "Summary": values.remark(rng),
            "Edited": values.boolean(rng),
            "Status": rng.choice(_STATUSES),
            "Rating": rng.choice(_RATINGS),
            "Words": str(rng.randrange(200)),
        }
    ]


def _feedback(rng: Random, instant: datetime) -> list[Row]:
    """Return the row of an agent's feedback, in a table that the tap does not know."""
    return [_interaction(rng, instant) | {"Rating": rng.choice(_RATINGS)}]


def _questions(rng: Random, instant: datetime) -> list[Row]:
    """Return the rows of an agent's two questions; no single column is a key."""
    interaction = _interaction(rng, instant)
    return [
        interaction
        | {
            "Question Number": number,
            "Question": rng.choice(_QUESTIONS),
            "Answer": rng.choice(_ANSWERS),
            "Status": rng.choice(_STATUSES),
            "Rating": rng.choice(_RATINGS),
        }
        for number in ("1", "2")
    ]


def _responses(rng: Random, instant: datetime) -> list[Row]:
    """Return the rows of Autopilot's two responses; no single column is a key."""
    interaction = _interaction(rng, instant)
    return [
        interaction
        | {
            "Turn": turn,
            "Question": rng.choice(_QUESTIONS),
            "Generated Response": rng.choice(_ANSWERS),
            "Response Status": rng.choice(_STATUSES),
            "Response Time (ms)": str(rng.randrange(9000)),
        }
        for turn in ("1", "2")
    ]


@dataclass(frozen=True, slots=True)
class Table:
    """Table that can be exported.

    Attributes:
        source: The source of its rows; two paths to the same table share it.
        by_channel: True if an export may be filtered by channel.
        filters: The columns of the supported filters, by the name of the filter.
    """

    source: RowSource
    by_channel: bool
    filters: Mapping[str, str]


_AGENT_FILTERS = {"CopilotProfileId": "Copilot Profile ID", "AgentNumber": "Agent Number"}
_TEAM_FILTERS = {"Team": "Team", "Skill": "Skill"}


def _table(
    name: str, make_rows: RowFactory, filters: Mapping[str, str], *, by_channel: bool = False
) -> Table:
    """Return a table."""
    return Table(RowSource.from_factory(name, make_rows), by_channel, filters)


_RESPONSES = _table("AutopilotKnowledge/GRTable", _responses, {})

TABLES = {
    "Copilot/KBTable": _table(
        "Copilot/KBTable", _suggestion, _TEAM_FILTERS | _AGENT_FILTERS, by_channel=True
    ),
    "Copilot/ASTable": _table(
        "Copilot/ASTable", _summary, _TEAM_FILTERS | _AGENT_FILTERS, by_channel=True
    ),
    "Copilot/AQTable": _table("Copilot/AQTable", _questions, _AGENT_FILTERS),
    "Copilot/FeedbackTable": _table("Copilot/FeedbackTable", _feedback, _TEAM_FILTERS),
    "AutopilotKnowledge/GRTable": _RESPONSES,
    "autopilot/GRTable": _RESPONSES,
}

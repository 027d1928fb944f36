"""The tables of the dashboard: their streams, and what each takes."""

from __future__ import annotations

from dataclasses import dataclass

FILTERS = ("Team", "Skill", "CopilotProfileId", "AgentNumber")


@dataclass(frozen=True, slots=True)
class DashboardTable:
    """One table that can be exported.

    Attributes:
        stream: The stream's name.
        paths: The table's names in the API; the first that the tenant has is used.
        filters: The filters it takes.
        channels: Whether it takes channels.
        description: What a row is.
    """

    stream: str
    paths: tuple[str, ...]
    filters: tuple[str, ...]
    channels: bool
    description: str


TABLES = (
    DashboardTable(
        "copilot_knowledge_suggestions",
        ("Copilot/KBTable",),
        FILTERS,
        channels=True,
        description="What Copilot suggested from the knowledge base, and whether it was used.",
    ),
    DashboardTable(
        "copilot_auto_summaries",
        ("Copilot/ASTable",),
        FILTERS,
        channels=True,
        description="Summaries that Copilot wrote of interactions.",
    ),
    DashboardTable(
        "copilot_agent_questions",
        ("Copilot/AQTable",),
        ("CopilotProfileId", "AgentNumber"),
        channels=False,
        description="Questions that agents asked Copilot.",
    ),
    DashboardTable(
        "autopilot_knowledge_responses",
        ("AutopilotKnowledge/GRTable", "autopilot/GRTable"),
        (),
        channels=False,
        description="Responses that Autopilot generated from the knowledge base.",
    ),
)

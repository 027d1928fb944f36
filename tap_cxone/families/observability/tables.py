"""Tables of the dashboard: their streams, and the options that each accepts."""

from __future__ import annotations

from msgspec import Struct

FILTERS = ("Team", "Skill", "CopilotProfileId", "AgentNumber")


class DashboardTable(Struct, frozen=True):
    """One table that the API can export.

    Attributes:
        stream: Name of the stream.
        paths: Names of the table in the API; the first one that the tenant has is used.
        filters: Names of the filters that the table accepts.
        channels: Whether the table accepts channels.
        description: Meaning of one record.
    """

    stream: str
    paths: tuple[str, ...]
    filters: tuple[str, ...]
    channels: bool
    description: str

    def accepts(self, option: str) -> bool:
        """Return True if the table accepts `channels`, or a filter such as `filters.Team`."""
        return self.channels if option == "channels" else option[len("filters.") :] in self.filters


TABLES = (
    DashboardTable(
        "copilot_knowledge_suggestions",
        ("Copilot/KBTable",),
        FILTERS,
        channels=True,
        description="Suggestions of Copilot from the knowledge base, and whether they were used.",
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
        description="Questions of agents to Copilot.",
    ),
    DashboardTable(
        "autopilot_knowledge_responses",
        ("AutopilotKnowledge/GRTable", "autopilot/GRTable"),
        (),
        channels=False,
        description="Responses that Autopilot generated from the knowledge base.",
    ),
)

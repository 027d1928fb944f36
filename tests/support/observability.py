"""The dashboard's tables as tests name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import FamilyName

KB = "copilot_knowledge_suggestions"
AS = "copilot_auto_summaries"
AQ = "copilot_agent_questions"
GR = "autopilot_knowledge_responses"
PATHS = {
    KB: "Copilot/KBTable",
    AS: "Copilot/ASTable",
    AQ: "Copilot/AQTable",
    GR: "AutopilotKnowledge/GRTable",
}
BASE = "/observabilitydashboard/v2/tables"
FAMILY: tuple[FamilyName, ...] = ("observability",)
OFFLINE = {
    "access_key_id": "any",
    "access_key_secret": "any",
    "client_id": "any",
    "client_secret": "any",
}

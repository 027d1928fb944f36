"""WFM data: figures of contacts per half hour, and agents that changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tap_cxone.simulator import fake_values as values
from tap_cxone.simulator.reporting.aggregates import TENANT, average, grouped, total
from tap_cxone.simulator.reporting.dimensions import AGENTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from tap_cxone.simulator.rows import Row

AGENT_CHANGES: Final = "wfm-data/agents"
_HALF_HOUR = timedelta(minutes=30)


def make_agent_change(rng: Random, changed: datetime) -> list[Row]:
    """Return an agent that changed at this instant."""
    agent = rng.choice(AGENTS)
    row = TENANT | {
        "agentNo": agent["agentId"],
        "firstName": agent["firstName"],
        "middleName": "",
        "lastName": agent["lastName"],
        "ntLoginName": agent["userName"],
        "status": "Active" if agent["isActive"] else "Inactive",
        "teamNo": agent["teamId"],
        "teamName": agent["teamName"],
        "productId": 5,
        "createDate": agent["hireDate"],
        "modDateTime": values.instant(changed),
    }
    return [row]


def skill_contacts(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per skill and half hour; one of its fields has a capital."""
    return [
        TENANT
        | _interval(own[0])
        | {
            "MediaTypeName": own[0]["mediaTypeName"],
            "isOutbound": own[0]["isOutbound"],
            "totalContacts": len(own),
            "totalHandled": sum(not row["abandoned"] for row in own),
            "abandonCount": sum(row["abandoned"] for row in own),
            "totalContactTime": total(own, "totalDurationSeconds"),
            "averageHandleTime": average(own, "agentSeconds", "acwSeconds"),
            "averageSpeedOfAnswer": average(own, "inQueueSeconds"),
            "serviceLevel": 80.5,
        }
        for own in grouped(contacts, _by_skill).values()
    ]


def dialer_contacts(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per outbound skill and half hour."""
    outbound = (row for row in contacts if row["isOutbound"])
    return [
        TENANT
        | _interval(own[0])
        | {
            "mediaTypeName": own[0]["mediaTypeName"],
            "dials": len(own) + 1000,
            "connects": len(own),
            "connectsAHT": average(own, "agentSeconds"),
            "rightPartyConnects": 0,
            "rightPartyConnectsAHT": 0,
            "abandons": sum(row["abandoned"] for row in own),
        }
        for own in grouped(outbound, _by_skill).values()
    ]


def agent_skills(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per skill, agent and half hour of the day."""
    groups = grouped(contacts, lambda row: (row["skillId"], row["agentId"], _half_hour(row)))
    return [
        TENANT
        | {
            "skillId": skill,
            "skillName": own[0]["skillName"],
            "agentId": agent,
            "firstName": own[0]["firstName"],
            "lastName": own[0]["lastName"],
            "halfHour": (half_hour - half_hour.replace(hour=0, minute=0)) // _HALF_HOUR,
            "totalHandled": len(own),
            "totalHandledTime": round(total(own, "agentSeconds", "acwSeconds")),
            "totalACWTime": total(own, "acwSeconds"),
        }
        for (skill, agent, half_hour), own in groups.items()
    ]


def _by_skill(contact: Row) -> tuple[datetime, int]:
    return _half_hour(contact), contact["skillId"]


def _half_hour(contact: Row) -> datetime:
    started = datetime.fromisoformat(contact["contactStartDate"]).astimezone(UTC)
    day = started.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + (started - day) // _HALF_HOUR * _HALF_HOUR


def _interval(contact: Row) -> Row:
    return {
        "skillId": contact["skillId"],
        "skillName": contact["skillName"],
        "mediaTypeId": contact["mediaTypeId"],
        "intervalStartDate": values.instant(_half_hour(contact)),
    }

"""Figures of the tenant's contacts over a time range, by agent, team or skill.

Durations are in seconds here; a response may spell them as ISO 8601.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tap_cxone.simulator.reporting.dimensions import BUSINESS_UNIT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from tap_cxone.simulator.rows import Row

TENANT: Final = {name: BUSINESS_UNIT[name] for name in ("businessUnitId", "businessUnitName")}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERFORMANCE_DURATIONS: Final = _names(
    "inboundTime inboundTalkTime inboundAvgTalkTime outboundTime outboundTalkTime "
    "outboundAvgTalkTime totalTalkTime totalAvgTalkTime totalAvgHandleTime consultTime "
    "availableTime unavailableTime acwTime loginTime avgAvailableTime avgUnavailableTime"
)
SUMMARY_DURATIONS: Final = _names(
    "averageHandleTime averageInqueueTime averageSpeedToAnswer averageTalkTime averageWrapTime "
    "holdTime longestQueueDur totalContactTime connectsAHT rightPartyConnectsAHT"
)


def grouped(contacts: Iterable[Row], key: Callable[[Row], Hashable]) -> Mapping[Any, list[Row]]:
    """Return the contacts by key, in the order of the keys."""
    groups: dict[Any, list[Row]] = {}
    for contact in contacts:
        groups.setdefault(key(contact), []).append(contact)
    return dict(sorted(groups.items()))


def total(contacts: Iterable[Row], *fields: str) -> float:
    """Return the sum of some fields over the contacts."""
    seconds: float = sum(contact[name] for contact in contacts for name in fields)
    return round(seconds, 3)


def average(contacts: Sequence[Row], *fields: str) -> float:
    """Return the average of the sum of some fields, 0 without contacts."""
    return round(total(contacts, *fields) / len(contacts), 3) if contacts else 0


def agent_performance(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per agent with contacts."""
    return [
        {"agentId": agent, "teamId": own[0]["teamId"], **_performance(own)}
        for agent, own in grouped(contacts, lambda row: row["agentId"]).items()
    ]


def team_performance(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per team with contacts."""
    return [
        {
            "teamId": team,
            **_performance(own),
            "avgAvailableTime": 600,
            "avgUnavailableTime": 60.25,
            "totalAvgHandled": len(own) // len({row["agentId"] for row in own}),
        }
        for team, own in grouped(contacts, lambda row: row["teamId"]).items()
    ]


def _performance(contacts: Sequence[Row]) -> Row:
    inbound = [row for row in contacts if not row["isOutbound"]]
    outbound = [row for row in contacts if row["isOutbound"]]
    return {
        "agentOffered": len(contacts),
        **_direction("inbound", inbound),
        **_direction("outbound", outbound),
        "totalHandled": len(contacts),
        "totalTalkTime": total(contacts, "agentSeconds"),
        "totalAvgTalkTime": average(contacts, "agentSeconds"),
        "totalAvgHandleTime": average(contacts, "agentSeconds", "acwSeconds"),
        "consultTime": total(contacts, "conferenceSeconds"),
        "availableTime": 1800,
        "unavailableTime": 300.5,
        "acwTime": total(contacts, "acwSeconds"),
        "refused": 0,
        "percentRefused": 0.0,
        "loginTime": 90_000.25,
        "workingRate": 62.5,
        "occupancy": 71.25,
    }


def _direction(name: str, contacts: Sequence[Row]) -> Row:
    return {
        f"{name}Handled": len(contacts),
        f"{name}Time": total(contacts, "totalDurationSeconds"),
        f"{name}TalkTime": total(contacts, "agentSeconds"),
        f"{name}AvgTalkTime": average(contacts, "agentSeconds"),
    }


def skill_summary(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per skill with contacts."""
    groups = grouped(contacts, lambda row: row["skillId"])
    return [TENANT | _skill(own[0]) | _figures(own) for own in groups.values()]


def _skill(contact: Row) -> Row:
    names = "skillId,skillName,campaignId,campaignName,mediaTypeId,mediaTypeName,isOutbound"
    return {name: contact[name] for name in names.split(",")}


def _figures(contacts: Sequence[Row]) -> Row:
    handled = [row for row in contacts if not row["abandoned"]]
    return {
        "abandonCount": len(contacts) - len(handled),
        "abandonRate": 100 * (len(contacts) - len(handled)) // len(contacts),
        "agentsLoggedIn": 4,
        "averageHandleTime": average(handled, "agentSeconds", "acwSeconds"),
        "averageInqueueTime": average(contacts, "inQueueSeconds"),
        "averageSpeedToAnswer": average(handled, "inQueueSeconds"),
        "averageTalkTime": average(handled, "agentSeconds"),
        "averageWrapTime": average(handled, "acwSeconds"),
        "contactsActive": 0,
        "contactsHandled": len(handled),
        "contactsOffered": len(contacts),
        **_service_level(contacts, "contactsWithinSLA", "contactsOutOfSLA", "serviceLevel"),
        "holdTime": 0,
        "totalContactTime": total(contacts, "totalDurationSeconds"),
    }


def service_levels(contacts: Iterable[Row]) -> list[Row]:
    """Return one row per skill with contacts; the documents capitalise its fields."""
    groups = grouped(contacts, lambda row: row["skillId"])
    return [
        {
            "BusinessUnitId": TENANT["businessUnitId"],
            "SkillId": skill,
            "SkillName": own[0]["skillName"],
            **_service_level(own, "ContactsWithinSLA", "ContactsOutOfSLA", "ServiceLevel"),
            "TotalContacts": len(own),
        }
        for skill, own in groups.items()
    ]


def _service_level(contacts: Sequence[Row], within: str, out_of: str, level: str) -> Row:
    in_time = sum(row["serviceLevelFlag"] == 0 for row in contacts)
    return {
        within: in_time,
        out_of: len(contacts) - in_time,
        level: 100 * in_time // len(contacts),
    }

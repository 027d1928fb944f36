"""Rows of the dimension tables; contacts refer to the same agents, teams, skills and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_cxone.simulator.fake_values import PEOPLE, TEAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.simulator.options import CommonOptions
    from tap_cxone.simulator.rows import Row


class Dimension(NamedTuple):
    """One dimension table.

    Attributes:
        data_key: Key of the list in a response.
        rows: Its rows.
        paged: Whether it accepts `top` and `skip`.
        required: Query parameters that the API requires.
    """

    data_key: str
    rows: Sequence[Row]
    paged: bool = True
    required: tuple[str, ...] = ()


BUSINESS_UNIT: Final = {
    "businessUnitId": 4597,
    "businessUnitName": "Simulated Tenant, Inc.",
    "defaultTimeZone": "(GMT-05:00) Eastern Time",
    "tenantId": "11eb0000-0000-0000-0000-000000000001",
    "isActive": True,
    "features": [{"productId": 5, "productDescription": "ACD", "isEnabled": True}],
}
_SINCE = "2025-11-03T09:00:00.000Z"
_MEDIA = {1: "E-Mail", 3: "Chat", 4: "Phone Call", 5: "Voice Mail"}
_INACTIVE = 2  # index of an agent who has left
_OUTBOUND = 32  # campaign
_CAMPAIGNS = {31: "Service", 32: "Sales, outbound", 33: 'The "Big" Campaign'}
_DISPOSITIONS = ("Resolved", "Callback, promised", "Wrong number", "Escalated", "No answer")
CONTACT_STATES: Final = ("Undefined", "InQueue", "Routing", "Active", "Hold", "End Contact")


def _teams() -> list[Row]:
    return [
        {
            "teamId": int(number),
            "teamName": name,
            "isActive": True,
            "agentCount": 1200 + index,
            "unavailableCodes": [[{"outStateId": 7, "outstateName": "Lunch", "isActive": True}]],
            "lastUpdateTime": _SINCE,
        }
        for index, (number, name) in enumerate(TEAMS.items())
    ]


def _agents() -> list[Row]:
    teams = list(TEAMS.items())
    return [
        {
            "agentId": 1001 + index,
            "userName": f"agent{index}@cxone.simulator",
            "firstName": person.first,
            "lastName": person.last,
            "emailAddress": f"agent{index}@cxone.simulator",
            "userID": f"11eb-{index:04d}",
            "teamId": int(teams[index % len(teams)][0]),
            "teamName": teams[index % len(teams)][1],
            "isActive": index != _INACTIVE,
            "isSupervisor": index == 0,
            "hourlyCost": 21.5,
            "agentTotalContactCount": 1234 * index,
            "hireDate": "2024-02-01T00:00:00.000Z",
            "terminationDate": None,
            "apiKey": f"SIM-AGENT-API-KEY-{index}",
            "recordingNumbers": [{"number": "+442079460001"}],
            "lastUpdated": _SINCE,
        }
        for index, person in enumerate(PEOPLE)
    ]


def _skills() -> list[Row]:
    return [
        {
            "skillId": 501 + index,
            "skillName": f"{campaign}: {media}",
            "mediaTypeId": media_id,
            "mediaTypeName": media,
            "isActive": True,
            "campaignId": campaign_id,
            "campaignName": campaign,
            "isOutbound": campaign_id == _OUTBOUND,
            "maxSecondsACW": 1800,
            "serviceLevelThreshold": 30,
            "dispositions": [{"dispositionId": 71, "dispositionName": "Resolved", "priority": 1}],
        }
        for index, ((campaign_id, campaign), (media_id, media)) in enumerate(
            (c, m) for c in _CAMPAIGNS.items() for m in list(_MEDIA.items())[:2]
        )
    ]


def _assignments() -> list[Row]:
    return [
        {
            "agentId": agent["agentId"],
            "agentName": f"{agent['firstName']} {agent['lastName']}",
            "skillId": skill["skillId"],
            "skillName": skill["skillName"],
            "mediaType": skill["mediaTypeId"],
            "mediaTypeName": skill["mediaTypeName"],
            "teamId": agent["teamId"],
            "agentProficiencyValue": 3,
            "agentProficiencyName": "Medium (3)",
            "isActive": True,
            "isAgentActive": True,
            "lastUpdateTime": _SINCE,
        }
        for agent in AGENTS
        if agent["isActive"]
        for skill in SKILLS[:2]
    ]


AGENTS: Final = _agents()
SKILLS: Final = _skills()
DISPOSITIONS: Final[list[dict[str, Any]]] = [
    {
        "dispositionId": 71 + index,
        "dispositionName": name,
        "isActive": True,
        "isPreviewDisposition": False,
        "notes": "",
        "lastUpdated": _SINCE,
    }
    for index, name in enumerate(_DISPOSITIONS)
]
DIMENSIONS: Final = {
    "agents": Dimension("agents", AGENTS),
    "teams": Dimension("teams", _teams()),
    "skills": Dimension("skills", SKILLS),
    "campaigns": Dimension(
        "campaigns",
        [
            {"id": key, "name": name, "isActive": True, "notes": None, "lastUpdateTime": _SINCE}
            for key, name in _CAMPAIGNS.items()
        ],
    ),
    "dispositions": Dimension("dispositions", DISPOSITIONS),
    "unavailable-codes": Dimension(
        "unavailableCodes",
        [
            {"id": 7, "name": "Lunch", "isActive": True, "isACW": False, "agentTimeout": 0},
            {"id": 8, "name": "After work", "isActive": True, "isACW": True, "agentTimeout": 90},
        ],
    ),
    "points-of-contact": Dimension(
        "pointsOfContact",
        [
            {
                "contactCode": 8001 + index,
                "contactAddress": address,
                "contactDescription": f"Line {index}",
                "defaultSkillId": 501,
                "isActive": True,
                "mediaTypeId": 4,
                "mediaTypeName": _MEDIA[4],
                "outboundSkill": False,
            }
            for index, address in enumerate(("+12125550100", "+442079460100", "help@simulator"))
        ],
    ),
    "agents/skills": Dimension(
        "agentSkillAssignments", _assignments(), required=("isAgentActive", "isActive")
    ),
    "hiring-sources": Dimension(
        "sources", [{"sourceId": 1, "sourceName": "Newspaper, local"}], paged=False
    ),
    "tags": Dimension(
        "tags",
        [{"tagId": 11, "tagName": "complaint", "isActive": True, "notes": ""}],
        paged=False,
    ),
    "media-types": Dimension(
        "mediaTypes",
        [
            {
                "mediaTypeId": key,
                "mediaTypeName": name,
                "subTypes": [{"subTypeId": 1, "subTypeName": "any"}],
            }
            for key, name in _MEDIA.items()
        ],
        paged=False,
    ),
    "contact-state-descriptions": Dimension(
        "contactStateDescriptions",
        [
            {
                "ContactStateId": index,
                "ContactStateDescription": name,
                "ContactStateCategory": "Contact",
            }
            for index, name in enumerate(CONTACT_STATES)
        ],
        paged=False,
    ),
    "reports": Dimension(
        "reports",
        [
            {
                "businessUnitId": 4597,
                "reportId": 2075,
                "reportName": "Contacts of yesterday",
                "reportType": "Custom",
                "reportSubType": "Contact",
                "reportDescription": "",
                "url": "",
            }
        ],
        paged=False,
    ),
}


def dimension_rows(name: str, options: CommonOptions) -> list[Row]:
    """Return the rows that a table has under these options."""
    extra = dict.fromkeys(options.extra_columns.get(name, ()), "new")
    return [row | extra for row in DIMENSIONS[name].rows[: options.rows_of.get(name)]]

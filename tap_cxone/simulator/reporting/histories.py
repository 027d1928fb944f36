"""State histories of contacts and agents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tap_cxone.simulator import fake_values as values
from tap_cxone.simulator.reporting.aggregates import TENANT
from tap_cxone.simulator.reporting.dimensions import AGENTS, CONTACT_STATES, SKILLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from tap_cxone.simulator.rows import Row

AGENT_STATES: Final = "agents/state-history"
LONGEST_CONTACT: Final = timedelta(hours=2)
_STATE_NAMES = (
    "LoggedOut",
    "Available",
    "Unavailable",
    "InboundContact",
    "OutboundContact",
    "InboundConsult",
    "OutboundConsult",
    "Dialer",
    "LoggedIn",
)
_UNAVAILABLE = 2
_IN_QUEUE, _ACTIVE, _ENDED = 1, 3, 5


def make_agent_state(rng: Random, since: datetime) -> list[Row]:
    """Return a state of an agent that began at this instant."""
    agent, skill, state = rng.choice(AGENTS), rng.choice(SKILLS), rng.randrange(len(_STATE_NAMES))
    row: dict[str, Any] = {
        "agentId": agent["agentId"],
        "agentSessionId": 10**11 + rng.getrandbits(38),
        "stateIndex": rng.randrange(20),
        "agentStateId": state,
        "agentStateName": _STATE_NAMES[state],
        "startDate": values.instant(since),
        "duration": f"{rng.randrange(1, 5_000_000) / 1000:.3f}",
        "contactId": 10**11 + rng.getrandbits(38),
        "skillId": skill["skillId"],
        "skillName": skill["skillName"],
        "mediaTypeId": skill["mediaTypeId"],
        "mediaTypeName": skill["mediaTypeName"],
        "fromAddress": values.phone(rng),
        "toAddress": values.phone(rng),
        "outStateId": 7 if state == _UNAVAILABLE else 0,
        "outStateDescription": "Lunch, late" if state == _UNAVAILABLE else "",
        "isOutbound": skill["isOutbound"],
        "isNaturalCalling": False,
        "stationId": 0,
        "stationName": "",
        "teamId": agent["teamId"],
    }
    return [row]


def adherence(states: Iterable[Row]) -> list[Row]:
    """Return states of agents as WFM lists them, with whole seconds."""
    names = "agentId agentSessionId stateIndex agentStateId startDate skillId outStateId "
    names += "outStateDescription"
    return [
        TENANT
        | {name: state[name] for name in names.split()}
        | {"duration": int(float(state["duration"]))}
        for state in states
    ]


def contact_states(contacts: Iterable[Row], start: datetime, end: datetime) -> list[Row]:
    """Return the states of contacts that began in `[start, end)`, in order."""
    states = (state for contact in contacts for state in _states(contact))
    rows = [row for began_at, row in states if start <= began_at < end]
    return sorted(rows, key=lambda row: (row["startDate"], row["contactId"], row["stateIndex"]))


def _states(contact: Row) -> Iterator[tuple[datetime, Row]]:
    began_at = datetime.fromisoformat(contact["contactStartDate"])
    spans = (
        (_IN_QUEUE, contact["inQueueSeconds"]),
        (_ACTIVE, contact["agentSeconds"]),
        (_ENDED, 0),
    )
    for index, (state, seconds) in enumerate(spans):
        yield (
            began_at,
            {
                "contactId": str(contact["contactId"]),
                "stateIndex": index,
                "contactStateId": state,
                "contactStateName": CONTACT_STATES[state],
                "digitalContactStateId": "",
                "digitalContactStateName": "",
                "startDate": values.instant(began_at),
                "isWarehoused": True,
                "agentId": contact["agentId"],
                "skillId": contact["skillId"],
                "skillName": contact["skillName"],
                "duration": f"{seconds:.3f}",
            },
        )
        began_at += timedelta(seconds=seconds)

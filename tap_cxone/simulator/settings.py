"""Settings of the tap for a simulator."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, get_args

from tap_cxone.simulator.credentials import Credentials
from tap_cxone.simulator.faults import FamilyName

if TYPE_CHECKING:
    from collections.abc import Collection

ALL_FAMILIES: tuple[FamilyName, ...] = get_args(FamilyName)
_DEFAULT_FAMILIES: tuple[FamilyName, ...] = ("data_extraction",)
_OAUTH_FAMILIES: frozenset[FamilyName] = frozenset(get_args(FamilyName)) - frozenset(
    _DEFAULT_FAMILIES
)

_DOWNLOAD = {
    "name": "custom_metrics_by_interaction",
    "report": "Interaction/Call",
    "metrics": ["duration", "talkTime"],
    "custom_metrics": ["*"],
    "group_by": ["interactionId", "agentId"],
}
_REPORT = {
    "name": "agent_performance_daily",
    "type": "agent",
    "metrics": ["handleTime", "talkTime", "callsHandled"],
    "dimensions": ["agentId", "agentName", "queueId"],
    "grouping": ["agentId", "queueId"],
}


def tap_settings(
    url: str, speed: float = 1, *, families: Collection[FamilyName] = _DEFAULT_FAMILIES
) -> dict[str, Any]:
    """Return the settings of a tap that respects the limits of the simulator at `url`.

    Args:
        url: The base URL of the simulator.
        speed: The speed of the simulator.
        families: The families to configure; settings common to all are always included.
    """
    settings: dict[str, Any] = {
        "base_url": url,
        "access_key_id": Credentials.ACCESS_KEY_ID,
        "access_key_secret": Credentials.ACCESS_KEY_SECRET,
        "poll_interval_seconds": _divide_rounding_up(5, speed),
    }
    if "data_extraction" in families:
        settings["data_extraction"] = {
            "request_spacing_seconds": _divide_rounding_up(30, speed),
            "settle_minutes": _divide_rounding_up(30, speed),
        }
    if not _OAUTH_FAMILIES.isdisjoint(families):
        settings["client_id"] = Credentials.CLIENT_ID
        settings["client_secret"] = Credentials.CLIENT_SECRET
    if "analytics_exports" in families:
        settings["analytics_exports"] = {}
    if "data_download" in families:
        settings["data_download"] = {"downloads": [_DOWNLOAD]}
    if "scheduled_reports" in families:
        settings["scheduled_reports"] = {
            "reports": [_REPORT],
            "poll_interval_seconds": _divide_rounding_up(15, speed),
            "settle_hour_utc": 5,
        }
    return settings


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Return settings as the environment variables that the tap reads."""
    return {
        f"TAP_CXONE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


def _divide_rounding_up(number: float, speed: float) -> float:
    """Return the quotient rounded up; a spacing rounded down would break the limit."""
    quotient = number / speed
    if quotient.is_integer():
        return int(quotient)
    return math.ceil(quotient * 1e6) / 1e6

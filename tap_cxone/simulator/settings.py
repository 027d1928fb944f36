"""Settings of the tap for a simulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.credentials import Credentials
from tap_cxone.simulator.registry import FAMILIES
from tap_cxone.simulator.scaling import divide_rounding_up

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cxone.simulator.faults import FamilyName

ALL_FAMILIES: tuple[FamilyName, ...] = tuple(family.name for family in FAMILIES)
_DEFAULT_FAMILIES: tuple[FamilyName, ...] = (FAMILIES[0].name,)


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
        "poll_interval_seconds": divide_rounding_up(5, speed),
    }
    for family in FAMILIES:
        if family.name not in families:
            continue
        if family.uses_application:
            settings["client_id"] = Credentials.CLIENT_ID
            settings["client_secret"] = Credentials.CLIENT_SECRET
        if (section := family.tap_settings(speed)) is not None:
            settings[family.name] = section
    return settings


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Return settings as the environment variables that the tap reads."""
    return {
        f"TAP_CXONE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }

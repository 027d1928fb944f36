"""Settings as the tap reads them."""

from __future__ import annotations

from typing import Any

from tap_cxone.config.model import Settings
from tap_cxone.families.registry import FAMILIES


def read_settings(config: dict[str, Any]) -> Settings:
    """Return the settings of all families as the tap reads them."""
    return Settings.from_config(config, [family.settings for family in FAMILIES])

"""Nested settings that may be left out, and their defaults in the schema."""

from __future__ import annotations

from tap_cxone.config.definition import nested_settings
from tap_cxone.families.registry import settings_schema
from tests.support.facts import FACTS

SCHEMA = settings_schema()
COMMON = ("].timezone", "].date_order")
NO_DEFAULT = {
    *(f"{name}.{path}" for name, facts in FACTS.items() for path in facts.without_default),
    *(
        path
        for path, _ in nested_settings(SCHEMA)
        if path.startswith("endpoints.") or "csv." in path or path.endswith(COMMON)
    ),
}
"""Nested settings that may be left out and have no default, or a computed one."""
NESTED = {path: found for path, found in nested_settings(SCHEMA) if "." in path}


def test_every_nested_setting_shows_its_default():
    """A nested setting that may be left out shows its default, unless it has none."""
    leaves = {path: found for path, found in NESTED.items() if "properties" not in found}
    optional = {path for path, found in leaves.items() if "null" in found["type"]}

    assert {path for path in optional if "default" not in NESTED[path]} == NO_DEFAULT
    assert len(optional - NO_DEFAULT) > 40

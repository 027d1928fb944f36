"""Nested settings that may be left out, and their defaults in the schema."""

from __future__ import annotations

from tap_cxone.config.definition import nested_settings
from tap_cxone.families.registry import settings_schema

SCHEMA = settings_schema()
WITHOUT_DEFAULT = (
    "].timezone",
    "].date_order",
    "].schedule_name",
    "dateRange.start",
    "dateRange.end",
    "dateRange.startDate",
    "dateRange.endDate",
    "].date_column",
)
NO_DEFAULT = {
    *(f"data_extraction.entities[].{name}" for name in ("entity_name", "version")),
    *(f"data_extraction.entities[].{name}" for name in ("primary_keys", "order_by")),
    *(f"analytics_exports.exports[].{name}" for name in ("filter", "required_fields")),
    *(
        path
        for path, _ in nested_settings(SCHEMA)
        if path.startswith(("endpoints.", "observability.table_streams[]."))
        and path.rpartition(".")[2] not in {"name", "columns"}
    ),
    *(path for path, _ in nested_settings(SCHEMA) if "csv." in path),  # those of the family
    *(path for path, _ in nested_settings(SCHEMA) if path.endswith(WITHOUT_DEFAULT)),
    "data_download.null_characters",
    *(f"reporting.data_downloads[].{n}" for n in ("lookback_days", "primary_keys", "report_id")),
}
"""Nested settings that may be left out and have no default, or a computed one."""
NESTED = {path: found for path, found in nested_settings(SCHEMA) if "." in path}


def test_every_nested_setting_shows_its_default():
    """A nested setting that may be left out shows its default, unless it has none."""
    leaves = {path: found for path, found in NESTED.items() if "properties" not in found}
    optional = {path for path, found in leaves.items() if "null" in found["type"]}

    assert {path for path in optional if "default" not in NESTED[path]} == NO_DEFAULT
    assert len(optional - NO_DEFAULT) > 40

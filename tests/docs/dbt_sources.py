"""The sources of the dbt project, as the schemas of the streams have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tap_cxone.tap import TapCXone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk import Stream

_HEAD = """\
# The tables of the loader, by the schemas of the streams; written by `make docs`.
# A stream whose columns come from its files has more columns than these.
"""
_FRESHNESS = {
    "warn_after": {"count": 36, "period": "hour"},
    "error_after": {"count": 72, "period": "hour"},
}


def dbt_sources(rows: Mapping[str, str]) -> str:
    """Return the file of the sources.

    Args:
        rows: What a row of each stream is.
    """
    streams = TapCXone(validate_config=False).streams
    source = {
        "name": "cxone",
        "description": "Records of NICE CXone that tap-cxone extracted.",
        "schema": "{{ var('cxone_schema') }}",
        "tables": [_table(stream, rows[name]) for name, stream in streams.items()],
    }
    text = yaml.safe_dump(
        {"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=100
    )
    return f"{_HEAD}{text}"


def _table(stream: Stream, row: str) -> dict[str, Any]:
    properties = stream.schema["properties"].items()
    fresh = {"freshness": _FRESHNESS, "loaded_at_field": stream.replication_key}
    return {
        "name": stream.name,
        "description": row,
        **({"config": fresh} if stream.replication_key else {}),
        "columns": [{"name": name, "description": one["description"]} for name, one in properties],
    }

"""What tests of the core expect of the observability dashboard."""

from __future__ import annotations

from typing import Any, cast

from tap_cxone.config.evidence import Evidence
from tap_cxone.families.observability.api import ObservabilityApi, TableRequest
from tap_cxone.families.observability.tables import TABLES
from tests.support.family_facts import FailingStreams, FamilyFacts, NarrowWindows
from tests.support.observability import AQ, AS, FAMILY, GR, KB
from tests.support.room import Room

_NO_CLIENT = cast("Any", None)  # a fingerprint needs no request
_FILTERS = {"Team": ("a",), "Skill": (), "CopilotProfileId": (), "AgentNumber": ("7",)}


def table_api(index: int) -> ObservabilityApi:
    """Return the requests of a built-in table."""
    request = TableRequest(TABLES[index], ("voice",), _FILTERS, "UTC")
    tenant = "https://api-na1.niceincontact.com CLIENT KEY"
    return ObservabilityApi(_NO_CLIENT, tenant, request, {})


FACTS = FamilyFacts(
    evidence=Evidence.NICE_ONLY,
    streams=(KB, AS, AQ, GR),
    submit_path="/export-data",
    quota="3 of 3 exports left now",
    failing=FailingStreams(point="submit", own={"exports_per_day": None}, repeated=(403, 404)),
    fingerprints={
        "a29bb3eb1f42f0cf": table_api(0),
        "7eae8fbbfc4a5c3a": table_api(2),
        "bc52f6e9fea26d40": table_api(3),
    },
    narrow=NarrowWindows(
        stream=GR, own={"window_days": 7}, advice="31 would need 2 exports, not 6"
    ),
    without_default=(
        "table_streams[].path",
        "table_streams[].channels",
        "table_streams[].filters",
        "table_streams[].accepts_channels",
        "table_streams[].accepts_filters",
        "table_streams[].primary_keys",
    ),
    room=Room(
        FAMILY,
        KB,
        ("Suggestion ID", "Confidence", "Status"),
        {
            FAMILY: {
                "columns": {KB: {"Confidence": "number"}},
                "primary_keys": {KB: ["Suggestion ID"]},
            }
        },
        {FAMILY: {"columns": {KB: {"Confidence": "number"}}}},
        {
            FAMILY: {
                "columns": {KB: {"Confidence": "number"}},
                "primary_keys": {KB: ["Suggestion ID"]},
                "order_by": {KB: "Confidence"},
            }
        },
    ),
)

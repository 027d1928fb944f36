"""What tests of the core expect of the analytics exports."""

from __future__ import annotations

from typing import Any, cast

from tap_cxone.config.evidence import Evidence
from tap_cxone.families.analytics_exports.api import AnalyticsApi, ExportRequest
from tests.support.analytics_exports import EXPORTS, FAMILY, STREAM
from tests.support.family_facts import FailingStreams, FamilyFacts, NarrowWindows
from tests.support.room import Room

_NO_CLIENT = cast("Any", None)  # a fingerprint needs no request

FACTS = FamilyFacts(
    evidence=Evidence.TUTORIAL_ONLY,
    streams=(STREAM,),
    built_in=STREAM,
    token_store="client_tokens",
    submit_path="/analytics/exports",
    probes=(EXPORTS,),
    quota="0 active now",
    forbidden_probe=("list", "scopes analytics:export:read"),
    failing=FailingStreams(
        point="list",
        own={"exports": [{"name": f"e{n}", "filter": f"botId eq '{n}'"} for n in range(5)]},
    ),
    fingerprints={
        "7b23b9c4c4cffa33": AnalyticsApi(
            _NO_CLIENT,
            "https://api.nicecxone.com CLIENT",
            ExportRequest("conversation", "type eq 'bot'", "json", "gzip"),
            3,
        ),
    },
    narrow=NarrowWindows(
        stream=STREAM, own={"window_days": 2}, advice="30 would need 2 exports, not 20"
    ),
    without_default=("exports[].filter", "exports[].required_fields"),
    room=Room(
        FAMILY,
        STREAM,
        ("id", "duration", "type", "dateFrom", "dateTo", "botId", "agentId"),
        {FAMILY: {"exports": [{"name": STREAM, "format": "csv"}]}},
        {FAMILY: {"exports": [{"name": STREAM, "format": "csv", "primary_keys": []}]}},
        {FAMILY: {"exports": [{"name": STREAM, "order_by": "duration"}]}},
    ),
)

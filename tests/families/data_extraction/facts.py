"""What tests of the core expect of Data Extraction."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, cast

from tap_cxone.config.evidence import Evidence
from tap_cxone.families.data_extraction.api import DataExtractionApi, EntityRequest
from tap_cxone.families.data_extraction.job_list import JobList
from tests.support.data_extraction import ASYNC, FAMILY, STREAM
from tests.support.family_facts import FailingStreams, FamilyFacts, NarrowWindows
from tests.support.room import Room

_ENTITIES = [{"name": f"own_{n}", "entity_name": f"own-{n}", "version": "1"} for n in range(2)]
_NO_CLIENT = cast("Any", None)  # a fingerprint needs no request

FACTS = FamilyFacts(
    evidence=Evidence.NICE_AND_CLIENTS,
    streams=("qm_workflows", "qm_questions", "recording_interaction_metadata"),
    submit_path=r"/v1/jobs(/sync)?",
    probes=(ASYNC,),
    quota="no job is running now",
    forbidden_probe=("list", "grant the access key's user a permission"),
    failing=FailingStreams(point="async", own={"mode": "async", "entities": _ENTITIES}),
    fingerprints={
        "9de330d10488c81f": DataExtractionApi(
            _NO_CLIENT,
            "https://api-na1.niceincontact.com CLIENT KEY",
            EntityRequest("qm-workflows", "4", "any"),
            "auto",
            {},
            timedelta(minutes=30),
            JobList(logging.getLogger()),
        ),
    },
    narrow=NarrowWindows(
        stream=STREAM, own={"window_days": 1}, advice="14 would need 3 exports, not 40"
    ),
    without_default=(
        "entities[].entity_name",
        "entities[].version",
        "entities[].primary_keys",
        "entities[].order_by",
    ),
    room=Room(
        FAMILY,
        STREAM,
        ("Workflow ID", "Score", "Rank"),
        {FAMILY: {"mode": "async"}},
        {FAMILY: {"entities": [{"name": STREAM, "primary_keys": []}]}},
        {FAMILY: {"entities": [{"name": STREAM, "order_by": "Score"}]}},
    ),
)

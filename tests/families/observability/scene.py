"""The scene of the observability dashboard: one table, without a quota."""

from __future__ import annotations

from tap_cxone.config.validation import ACCESS_KEY, CLIENT_CREDENTIALS
from tests.support.observability import BASE, FAMILY, KB, PATHS, TOKEN
from tests.support.scene import Ability, RequestPatterns, Scene

SCENES = (
    Scene(
        name="observability",
        family=FAMILY,
        stream=KB,
        key=("Suggestion ID",),
        own={
            "window_days": 1,
            "exports_per_day": 50,
            "primary_keys": {KB: ["Suggestion ID"]},
            "columns": {KB: {"Confidence": "number"}},
        },
        entity=PATHS[KB],
        credentials=(*CLIENT_CREDENTIALS, *ACCESS_KEY),
        options={"exports_per_day": 50},
        patterns=RequestPatterns(
            login=f"POST {TOKEN}",
            submit=f"POST {BASE}/.+/export-data",
            poll=f"GET {BASE}/export-data/.+/status",
            file="GET /files/.+",
        ),
        reads=("token", "poll", "download"),
        submits=("submit",),
        first_request="submit",
        text_title="Team",
        job_in_header=True,
        permissions={"submit": ("permission to see the Observability Dashboard",)},
        cannot={
            Ability.JOB_LIST: "the documents name no request for the exports of a tenant",
            Ability.CANCEL: "the documents name no request that ends an export",
        },
        other_request={"tables": [PATHS[KB]], "channels": ["voice"]},
        unknown_status={"status": "hibernating"},
    ),
)

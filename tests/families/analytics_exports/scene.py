"""The scene of the analytics exports."""

from __future__ import annotations

from tap_cxone.config.validation import CLIENT_CREDENTIALS
from tests.support.analytics_exports import EXPORTS, FAMILY, STREAM, TOKEN, typed_conversations
from tests.support.scene import Ability, RequestPatterns, Scene

SCENES = (
    Scene(
        name="analytics",
        family=FAMILY,
        stream=STREAM,
        key=("id",),
        own={"window_days": 1},
        entity=STREAM,
        credentials=CLIENT_CREDENTIALS,
        fields=("id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration"),
        typed=typed_conversations,
        patterns=RequestPatterns(
            login=f"POST {TOKEN}",
            submit=f"POST {EXPORTS}",
            poll=f"GET {EXPORTS}/[^/]+",
            listing=f"GET {EXPORTS}",
            file=f"GET {EXPORTS}/[^/]+/download",
        ),
        reads=("token", "list", "poll", "download"),
        submits=("submit",),
        first_request="list",
        json_file=True,
        permission=("analytics:export:read and analytics:export:write",),
        permissions={
            "list": ("analytics:export:read",),
            "submit": ("analytics:export:write",),
        },
        cannot={
            Ability.CANCEL: "the tutorial names no request that ends an export",
            Ability.PRESIGNED_LINKS: "the API itself serves the file, and wants the token",
        },
        other_request={"exports": [{"name": STREAM, "filter": "type eq 'voice'"}]},
        unknown_status={"id": "any", "status": "hibernating"},
        token_option="client_token_seconds",
    ),
)

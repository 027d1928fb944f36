"""The scene of the scheduled reports, whose result is read page by page."""

from __future__ import annotations

from tap_cxone.config.validation import CLIENT_CREDENTIALS
from tests.support.scene import Ability, RequestPatterns, Scene
from tests.support.scheduled_reports import FAMILY, METRICS, RESULTS, SCHEDULES, STREAM, TOKEN

SCENES = (
    Scene(
        name="reports",
        family=FAMILY,
        stream=STREAM,
        key=("agentId", "queueId"),
        own={"window_days": 1},
        entity="report:agent",
        credentials=CLIENT_CREDENTIALS,
        options={"page_size_reports": 3},
        fields=METRICS,
        windowed=True,
        patterns=RequestPatterns(
            login=f"POST {TOKEN}",
            submit=f"POST {SCHEDULES}/[^/]+/runs",
            poll=f"GET {RESULTS}/[^/]+",
            cancel=f"DELETE {RESULTS}/[^/]+",
            file=f"GET {RESULTS}/[^/]+",
        ),
        reads=("token", "list", "poll", "page"),
        submits=("submit", "run"),
        first_request="list",
        permission=("analytics:reports:read and analytics:reports:write",),
        permissions={
            "list": ("analytics:reports:read",),
            "submit": ("analytics:reports:write",),
            "update": ("analytics:reports:write",),
        },
        refusals={
            ("submit", 500): (
                ("may have been registered", "500"),
                ("tried 9 times (max_retries)", "no run was spent"),
            ),
            ("run", 500): (("500",), ("tried 9 times (max_retries)", "run again")),
        },
        cannot={
            Ability.JOB_LIST: "the tutorial names no request for the runs of a report",
            Ability.PRESIGNED_LINKS: "the rows are in the responses to polls, which want the token",
        },
        other_request={
            "reports": [
                {
                    "name": STREAM,
                    "type": "agent",
                    "metrics": [*METRICS, "wrapUpTime"],
                    "dimensions": ["agentId", "agentName", "queueId"],
                    "grouping": ["agentId", "queueId"],
                }
            ]
        },
        unknown_status={"state": "hibernating"},
        token_option="report_token_seconds",
        own_timing=True,
        # After a 404 or 410 the schedule, which was deleted meanwhile, is registered once more.
        repeatable=(404, 410, 500, 502, 504),
        poll_growth=8,
        file_point="page",
    ),
)

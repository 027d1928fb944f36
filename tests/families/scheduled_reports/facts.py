"""What tests of the core expect of the scheduled reports."""

from __future__ import annotations

from typing import Any, cast

from tap_cxone.config.evidence import Evidence
from tap_cxone.families.scheduled_reports.api import ReportsApi
from tap_cxone.families.scheduled_reports.report_definition import schedule_definition
from tap_cxone.families.scheduled_reports.schedules import ScheduleRequest
from tap_cxone.families.scheduled_reports.settings import ReportSettings
from tap_cxone.simulator.scheduled_reports.family import REPORT
from tests.support.family_facts import FailingStreams, FamilyFacts
from tests.support.scheduled_reports import LISTED, SCHEDULES, STREAM

_NO_CLIENT = cast("Any", None)  # a fingerprint needs no request
_REPORT = ReportSettings(
    "agent_daily", "agent", ("handleTime",), ("agentId", "queueId"), ("agentId",)
)

FACTS = FamilyFacts(
    evidence=Evidence.TUTORIAL_ONLY,
    streams=(LISTED,),
    full_tables=(LISTED,),
    built_in=LISTED,
    token_store="client_tokens",
    submit_path="/runs",
    probes=(SCHEDULES,),
    forbidden_probe=("list", "scopes analytics:reports:read"),
    failing=FailingStreams(
        point="run",
        own={"reports": [{**REPORT, "name": f"r{n}"} for n in range(5)]},
        repeated=(404,),
    ),
    fingerprints={
        "723b8510b4be5cfc": ReportsApi(
            _NO_CLIENT,
            "https://api.nicecxone.com CLIENT",
            _NO_CLIENT,
            ScheduleRequest(schedule_definition(_REPORT), ""),
        ),
    },
    aggregates=STREAM,
    without_default=(
        "reports[].schedule_name",
        "reports[].dateRange.start",
        "reports[].dateRange.end",
        "reports[].dateRange.startDate",
        "reports[].dateRange.endDate",
    ),
)

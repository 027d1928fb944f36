"""The fingerprints of requests: users have them in their state, so they never change."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from tap_cxone.families.analytics_exports.api import AnalyticsApi, ExportRequest
from tap_cxone.families.data_extraction.api import DataExtractionApi, EntityRequest
from tap_cxone.families.data_extraction.job_list import JobList
from tap_cxone.families.observability.api import ObservabilityApi, TableRequest
from tap_cxone.families.observability.tables import TABLES
from tap_cxone.families.scheduled_reports.api import ReportsApi
from tap_cxone.families.scheduled_reports.report_definition import schedule_definition
from tap_cxone.families.scheduled_reports.settings import ReportSettings
from tap_cxone.windows import Window

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC))
TENANT = "https://api.nicecxone.com CLIENT"
KEY_TENANT = "https://api-na1.niceincontact.com CLIENT KEY"
NO_CLIENT = cast("Any", None)  # a fingerprint needs no request
FILTERS = {"Team": ("a",), "Skill": (), "CopilotProfileId": (), "AgentNumber": ("7",)}
REPORT = ReportSettings(
    "agent_daily", "agent", ("handleTime",), ("agentId", "queueId"), ("agentId",)
)


def table_api(index: int) -> ObservabilityApi:
    request = TableRequest(TABLES[index], ("voice",), FILTERS, "UTC")
    return ObservabilityApi(NO_CLIENT, KEY_TENANT, request, {})


APIS = {
    "9de330d10488c81f": DataExtractionApi(
        NO_CLIENT,
        KEY_TENANT,
        EntityRequest("qm-workflows", "4", "any"),
        "auto",
        {},
        timedelta(minutes=30),
        JobList(logging.getLogger()),
    ),
    "a29bb3eb1f42f0cf": table_api(0),
    "7eae8fbbfc4a5c3a": table_api(2),
    "bc52f6e9fea26d40": table_api(3),
    "7b23b9c4c4cffa33": AnalyticsApi(
        NO_CLIENT, TENANT, ExportRequest("conversation", "type eq 'bot'", "json", "gzip"), 3
    ),
    "be2d706996c0f6fe": ReportsApi(NO_CLIENT, TENANT, NO_CLIENT, schedule_definition(REPORT)),
}


@pytest.mark.parametrize("fingerprint", APIS)
def test_fingerprint_is_that_of_earlier_versions(fingerprint):
    """A job of an earlier version is resumed, so its fingerprint stays."""
    assert APIS[fingerprint].fingerprint(WINDOW) == fingerprint


def test_file_name_of_a_table_is_that_of_earlier_versions():
    """A table's export is polled by its file name, so the name stays."""
    expected = "tap-cxone-copilot_knowledge_suggestions-20260101T000000-a29bb3eb1f42f0cf"

    assert table_api(0).file_name(WINDOW) == expected

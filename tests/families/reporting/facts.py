"""What tests of the core expect of the reporting API."""

from __future__ import annotations

from tap_cxone.config.evidence import Evidence
from tests.support.family_facts import FamilyFacts
from tests.support.reporting import BASE, LISTS, TABLES

FACTS = FamilyFacts(
    evidence=Evidence.NICE_AND_CLIENTS,
    streams=tuple(LISTS),
    full_tables=tuple(TABLES),
    login_with="observability",
    submit_path=r"/report-jobs/\d+",
    probes=(f"{BASE}/business-unit",),
    without_default=(
        "data_downloads[].lookback_days",
        "data_downloads[].primary_keys",
        "data_downloads[].report_id",
        "report_jobs[].date_column",
    ),
)

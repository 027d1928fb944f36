"""The list of all simulated families."""

from __future__ import annotations

from tap_cxone.simulator.analytics_exports.family import AnalyticsExports
from tap_cxone.simulator.data_download.family import DataDownload
from tap_cxone.simulator.data_extraction.family import DataExtraction
from tap_cxone.simulator.observability.family import Observability
from tap_cxone.simulator.reporting.family import Reporting
from tap_cxone.simulator.scheduled_reports.family import ScheduledReports

FAMILIES = (
    DataExtraction,
    Reporting,
    Observability,
    AnalyticsExports,
    DataDownload,
    ScheduledReports,
)

"""The list of all simulated families, and their options."""

from __future__ import annotations

from dataclasses import dataclass

from tap_cxone.simulator.analytics_exports.family import AnalyticsExports
from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
from tap_cxone.simulator.data_download.family import DataDownload
from tap_cxone.simulator.data_download.options import DataDownloadOptions
from tap_cxone.simulator.data_extraction.family import DataExtraction
from tap_cxone.simulator.data_extraction.options import DataExtractionOptions
from tap_cxone.simulator.observability.family import Observability
from tap_cxone.simulator.observability.options import ObservabilityOptions
from tap_cxone.simulator.reporting.family import Reporting
from tap_cxone.simulator.reporting.options import ReportingOptions
from tap_cxone.simulator.scheduled_reports.family import ScheduledReports
from tap_cxone.simulator.scheduled_reports.options import ScheduledReportsOptions

FAMILIES = (
    DataExtraction,
    Reporting,
    Observability,
    AnalyticsExports,
    DataDownload,
    ScheduledReports,
)


@dataclass(frozen=True, kw_only=True)
class Options(
    DataExtractionOptions,
    ReportingOptions,
    ObservabilityOptions,
    AnalyticsExportsOptions,
    DataDownloadOptions,
    ScheduledReportsOptions,
):
    """The options of all families. Each base class says what its options are."""

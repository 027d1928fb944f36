"""The data download API: `/api/v2/reporting/…`, the custom metrics and what they were."""

from __future__ import annotations

from tap_cxone.simulator.data_download.routes import routes

__all__ = ["routes"]

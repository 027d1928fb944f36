"""The data download API: `/api/v2/reporting/…` and `/api/v2/users/me`."""

from __future__ import annotations

from tap_cxone.simulator.data_download.routes import routes

__all__ = ["routes"]

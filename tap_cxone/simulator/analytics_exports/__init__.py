"""The Analytics Exports API: `…/analytics/exports`, its jobs and its files."""

from __future__ import annotations

from tap_cxone.simulator.analytics_exports.routes import routes

__all__ = ["routes"]

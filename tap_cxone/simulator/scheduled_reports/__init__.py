"""The scheduled reports API: `…/analytics/reports` with schedules, runs and results."""

from __future__ import annotations

from tap_cxone.simulator.scheduled_reports.routes import routes

__all__ = ["routes"]

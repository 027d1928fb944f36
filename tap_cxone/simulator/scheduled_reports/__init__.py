"""The scheduled reports API: `…/analytics/reports` with schedules, runs and results."""

from __future__ import annotations

"""The Analytics Exports API: `…/analytics/exports`, its jobs and its files."""

from __future__ import annotations

"""The Data Extraction API: `POST jobs[/sync]`, `GET jobs`, `GET jobs/{id}`."""

from __future__ import annotations

from tap_cxone.simulator.data_extraction.routes import routes

__all__ = ["routes"]

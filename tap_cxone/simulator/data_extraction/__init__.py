"""The Data Extraction API: `POST jobs[/sync]`, `GET jobs`, `GET jobs/{id}`."""

from __future__ import annotations

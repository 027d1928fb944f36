"""Rows of the table of faults that concern the reporting API alone: none."""

from __future__ import annotations

from tests.resilience.faults.play import FaultRows

FAULTS = FaultRows()

"""The simulated reporting API."""

from __future__ import annotations

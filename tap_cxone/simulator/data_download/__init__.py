"""The data download API: `/api/v2/reporting/…` and `/api/v2/users/me`."""

from __future__ import annotations

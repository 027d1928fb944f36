"""Families that tests of the core use as examples, each for what its API is like.

A test of the core imports its example from here, so that it names no family. A further family
needs no line.
"""

from __future__ import annotations

from tests.support import analytics_exports as json_jobs
from tests.support import data_download as paged_rows
from tests.support import data_extraction as csv_jobs
from tests.support import observability as quota_jobs
from tests.support import reporting as full_lists
from tests.support import scheduled_reports as report_runs

__all__ = ["csv_jobs", "full_lists", "json_jobs", "paged_rows", "quota_jobs", "report_runs"]

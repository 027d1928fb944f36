"""What README, docs/streams.md and docs/columns.md contain on the streams of this family."""

from __future__ import annotations

STREAMS = [
    (
        "any `reports` entry",
        "scheduled report",
        "`grouping` and `_window_start`",
        "configured",
        "A group of one window.",
    ),
    ("`report_schedules`", "the schedules of reports", "`schedule_id`", 5, "A schedule."),
]
DECLARED = {"report_schedules": "the schedules of scheduled reports"}

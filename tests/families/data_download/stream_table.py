"""What README, docs/streams.md and docs/columns.md contain on the streams of this family."""

from __future__ import annotations

STREAMS = [
    (
        "any `downloads` entry",
        "data download",
        "`group_by` and `_window_start`",
        "configured, and the custom metrics'",
        "A group of one window.",
    ),
    (
        "`custom_metric_versions`",
        "the catalogue of data download",
        "`version`, `metric_id`, `change`",
        5,
        "A change of a custom metric.",
    ),
    ("`custom_metrics`", "the catalogue of data download", "`id`", 7, "A custom metric."),
]
DECLARED = {
    "custom_metric_versions": "the catalogue of data download",
    "custom_metrics": "the catalogue of data download",
}

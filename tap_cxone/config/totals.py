"""The settings of the comparison of rows with totals."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from tap_cxone.config.definition import BaseSettings


class TotalsSettings(BaseSettings, frozen=True):
    """The settings of the comparison of rows with totals."""

    metrics: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="Additive metrics to compare, by their names or IDs, such as `duration`.",
        ),
    ]
    tolerance: Annotated[
        float,
        Meta(ge=0, le=1, description="Accepted difference, as a share of the total (0 to 1)."),
    ] = 0
    baseline: Annotated[
        str,
        Meta(
            description="JSON file with totals by the day on which a window starts, such as "
            '`{"2026-01-31": {"duration": 7}}`. The API is asked for days that it lacks.'
        ),
    ] = ""

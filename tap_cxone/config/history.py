"""The settings of the order in which history is read, and of what is read again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from tap_cxone.config.definition import BaseSettings
from tap_cxone.config.rows import RowSettings

_MAX_DAYS = 36500


class ReloadedRange(BaseSettings, frozen=True):
    """A time range that streams read once more."""

    id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=100,
            description="Name of this request. The state remembers it: the range is read once, "
            "and again only under another `id`.",
        ),
    ]
    streams: Annotated[
        tuple[str, ...],
        Meta(description="Names of the streams.", extra_json_schema={"minItems": 1}),
    ]
    from_: Annotated[
        datetime,
        Meta(
            description="Begin of the range, ISO 8601 (UTC if it has no offset). A plain date is a "
            "local day of the zone, as in `start_date`. Each window that the range touches is read "
            "whole."
        ),
    ]
    to: Annotated[
        datetime, Meta(description="End of the range, exclusive, ISO 8601 (UTC without an offset).")
    ]


class DeepLookback(BaseSettings, frozen=True):
    """A longer lookback that is not needed each night."""

    days: Annotated[
        int,
        Meta(ge=1, le=_MAX_DAYS, description="Number of days before the bookmark to read again."),
    ]
    every_days: Annotated[
        int,
        Meta(
            ge=1,
            le=_MAX_DAYS,
            description="Calendar days (UTC) from one deep lookback to the next one.",
        ),
    ]

    @property
    def length(self) -> timedelta:
        """Return how far before the bookmark to read again."""
        return timedelta(days=self.days)


class HistorySettings(RowSettings, frozen=True, kw_only=True):
    """The settings of the order in which history is read, and of what is read again."""

    backfill_order: Annotated[
        Literal["oldest_first", "newest_first"],
        Meta(
            title="Order of the history",
            description="`newest_first` reads what is new since the last run, and then the history "
            "backwards. `oldest_first` reads all windows in the order of time.",
        ),
    ] = "oldest_first"
    reload: Annotated[
        tuple[ReloadedRange, ...],
        Meta(
            title="Reload",
            max_length=40,
            description="Time ranges to read again once, such as days that were corrected in "
            "CXone. An interrupted reload goes on with the next run, unless its entry is removed.",
        ),
    ] = ()
    deep_lookback: Annotated[
        DeepLookback | None,
        Meta(
            title="Deep lookback",
            description="Read the last `days` days again every `every_days` days, for rows that "
            "change weeks later. Default: none.",
        ),
    ] = None

    @property
    def newest_first(self) -> bool:
        """Return True if the history is read backwards, after what is new."""
        return self.backfill_order == "newest_first"

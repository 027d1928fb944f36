"""Summary of all streams: whether they are up to date, and their totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.report.coverage import count_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_cxone.report.coverage import DayState
    from tap_cxone.report.streams import Stream


class Summary(Struct, frozen=True):
    """Summary of the streams of a log."""

    streams: Sequence[Stream]

    @property
    def behind(self) -> Sequence[Stream]:
        """Return the streams that are not up to date."""
        return [stream for stream in self.streams if not stream.is_up_to_date]

    @property
    def data_until(self) -> datetime | None:
        """Return the instant that the data of each windowed stream reaches at least."""
        windowed = [stream for stream in self.streams if stream.window_commits]
        return min((stream.newest_data for stream in windowed if stream.newest_data), default=None)

    @property
    def days(self) -> Mapping[DayState, int]:
        """Return the number of requested days of all streams in each state."""
        return count_states(state for stream in self.streams for state in stream.days.values())

    @property
    def rows(self) -> int:
        """Return the number of emitted rows."""
        return sum(stream.rows for stream in self.streams)

    @property
    def quarantined(self) -> int:
        """Return the number of quarantined rows."""
        return sum(stream.quarantined for stream in self.streams)

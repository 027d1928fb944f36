"""Summary of all streams: whether they are up to date, and their totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.report.coverage import count_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from tap_cxone.report.coverage import DayState
    from tap_cxone.report.stream_end import StreamEnd
    from tap_cxone.report.streams import Stream


class Cause(Struct, frozen=True):
    """Why streams are not up to date.

    Attributes:
        end: The end of the first of them in its last run.
        streams: The streams.
    """

    end: StreamEnd
    streams: Sequence[Stream]

    @property
    def failed_days(self) -> Sequence[date]:
        """Return the failed days, which all of the streams have."""
        return self.streams[0].failed_days


class Summary(Struct, frozen=True):
    """Summary of the streams of a log."""

    streams: Sequence[Stream]

    @property
    def behind(self) -> Sequence[Stream]:
        """Return the streams that are not up to date."""
        return [stream for stream in self.streams if not stream.is_up_to_date]

    @property
    def causes(self) -> Sequence[Cause]:
        """Return the causes, each once, in the order of the first stream of each."""
        by_cause: dict[tuple[object, ...], list[Stream]] = {}
        for stream in self.behind:
            end = stream.end
            cause = (end.outcome, end.reason, end.until, *stream.failed_days)
            by_cause.setdefault(cause, []).append(stream)
        return [Cause(group[0].end, group) for group in by_cause.values()]

    @property
    def without_data(self) -> int:
        """Return the number of streams that are not up to date and have no data at all."""
        return sum(stream.newest_data is None for stream in self.behind)

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

"""From where to where a stream is read, as things stand now; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_cxone.config.model import Settings
    from tap_cxone.windows import Window

_DEFAULT_HISTORY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a stream has to read.

    Attributes:
        wanted: Where to go on, or to begin: the bookmark less the lookback, or `start_date`.
        start: The same, no earlier than the API's memory.
        horizon: The newest instant for which every row can be seen.
    """

    requested_start: datetime
    start: datetime
    requested_end: datetime

    @classmethod
    def compute(
        cls,
        settings: Settings,
        *,
        now: datetime,
        bookmark: datetime | None,
        availability_delay: timedelta,
        history_limit: datetime | None,
    ) -> Span:
        """Return the span of a stream.

        Args:
            settings: `start_date`, `end_date` and `lookback` count.
            now: The present instant.
            bookmark: The end of the last committed window; None to begin.
            settle: How old a row must be for the API to show it for certain.
            earliest: The oldest instant the API still gives; None if there is no such limit.
        """
        requested_start = settings.start_date or now - _DEFAULT_HISTORY
        if bookmark is not None:
            start = bookmark - settings.lookback
            requested_start = max(start, settings.start_date or start)
        available_until = (now - availability_delay).replace(microsecond=0)
        return cls(
            requested_start=requested_start,
            start=max(requested_start, history_limit or requested_start),
            requested_end=min(available_until, settings.end_date or available_until),
        )


def with_lookahead(
    windows: Iterable[Window], count: int
) -> Iterator[tuple[Window, tuple[Window, ...]]]:
    """Yield each window with the next `number` after it; look no further ahead than that."""
    iterator = iter(windows)
    buffer: deque[Window] = deque()
    while True:
        buffer.extend(islice(iterator, count + 1 - len(buffer)))
        if not buffer:
            return
        window = buffer.popleft()
        yield window, tuple(buffer)

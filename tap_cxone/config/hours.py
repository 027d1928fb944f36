"""Hours of the day in which a family may be read."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from msgspec import Struct

TIME_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9](?!\n)$"
_DAY = timedelta(days=1)


class DailyHours(Struct, frozen=True):
    """Hours of each day, in UTC, which may pass midnight.

    Attributes:
        start: First instant of the hours.
        end: End of the hours; equal to `start` for the whole day.
    """

    start: time
    end: time

    @classmethod
    def parse(cls, not_before: str, not_after: str) -> DailyHours:
        """Return the hours between two times such as `22:30`."""
        return cls(time.fromisoformat(not_before), time.fromisoformat(not_after))

    def contains(self, now: datetime) -> bool:
        """Return True if an instant is within the hours."""
        at = now.astimezone(UTC).time()
        if self.start < self.end:
            return self.start <= at < self.end
        return self.start == self.end or at >= self.start or at < self.end

    def next_start(self, now: datetime) -> datetime:
        """Return the next instant at which the hours begin, after an instant outside of them."""
        now = now.astimezone(UTC)
        start = datetime.combine(now.date(), self.start, UTC)
        return start if start > now else start + _DAY

    def __str__(self) -> str:
        """Return the hours as text."""
        return f"{self.start:%H:%M} to {self.end:%H:%M} UTC"

"""How far back an export may start: the setting, and what the API refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.families.observability.refusals import stated_ages
from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.errors import HistoryRefused


class HistoryLimit(Struct):
    """Oldest start of an export, for all streams of a run.

    Attributes:
        months: Calendar months that the API serves, from the settings; None for no limit.
        oldest_start: Oldest start that the API has not refused in this run; None before it
            refused one.
    """

    months: int | None
    oldest_start: datetime | None = None

    def start(self, now: datetime) -> datetime | None:
        """Return the oldest midnight at which an export may start; None without a limit."""
        by_setting = _midnight_before(now, months=self.months) if self.months else None
        return max(filter(None, (by_setting, self.oldest_start)), default=None)

    def move_start(self, refused_start: datetime, error: HistoryRefused, now: datetime) -> None:
        """Move the oldest start to the age that the error states, else to the next day.

        The API may count months or days otherwise than the calendar, so it may refuse that too.
        """
        next_day = midnight(refused_start, days=1)
        stated = (_midnight_before(now, **age) for age in stated_ages(error.message))
        self.oldest_start = min((start for start in stated if start > next_day), default=next_day)


def _midnight_before(now: datetime, **age: Any) -> datetime:
    """Return the first midnight that is at most an age of the calendar before `now`."""
    from dateutil.relativedelta import relativedelta  # not needed by discovery

    limit = now - relativedelta(**age)
    return limit if midnight(limit) == limit else midnight(limit, days=1)

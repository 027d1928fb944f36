"""How far back an export may start: the setting, and what the API refuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.windows import midnight

if TYPE_CHECKING:
    from datetime import datetime

    from tap_cxone.errors import HistoryRefused

_MONTHS = re.compile(r"(\d{1,3}) months?", re.IGNORECASE)


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
        by_setting = _months_ago(now, self.months) if self.months else None
        return max(filter(None, (by_setting, self.oldest_start)), default=None)

    def move_start(self, refused_start: datetime, error: HistoryRefused, now: datetime) -> None:
        """Move the oldest start to the next day, or to the months in the error if that is later.

        The API may count months or days otherwise than the calendar, so it may refuse that too.
        """
        next_day = midnight(refused_start, days=1)
        months = _MONTHS.search(error.message)
        self.oldest_start = max(next_day, _months_ago(now, int(months[1])) if months else next_day)


def _months_ago(now: datetime, months: int) -> datetime:
    """Return the first midnight that is at most `months` calendar months before `now`."""
    from dateutil.relativedelta import relativedelta  # not needed by discovery

    limit = now - relativedelta(months=months)
    return limit if midnight(limit) == limit else midnight(limit, days=1)

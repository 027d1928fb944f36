"""Compare the date range that a response shows with the requested window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.http.json_body import find_object, find_value, json_object, letters

if TYPE_CHECKING:
    from tap_cxone.windows import Window

_START_KEYS = ("start", "from", "startDate", "dateFrom")
_END_KEYS = ("end", "to", "endDate", "dateTo")
_TOP_PAIRS = ({"startdate", "enddate"}, {"datefrom", "dateto"})  # others may be times of the job
_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
_MAX_SHOWN = 60  # characters of a wrong date range in a message


def shown_range(body: Any, key: str) -> dict[str, Any]:
    """Return the date range under a key of a response, in any spelling, or that at its top."""
    top = {letters(name): value for name, value in json_object(body).items()}
    pairs = ({name: top[name] for name in names} for names in _TOP_PAIRS if names <= top.keys())
    return find_object(body, key) or next(pairs, {})


def other_range(shown: Any, window: Window) -> str:
    """Return how a date range of a response differs from a window; empty if it does not.

    The last day of a range may be written as its last instant, as the next midnight, or as a date.
    A part that is not shown is no difference.

    Args:
        shown: The range as JSON, with its ends under any of the names that the APIs use.
        window: The requested window.
    """
    date_range = {"range": json_object(shown)}
    start, end = (find_value(date_range, keys) or "" for keys in (_START_KEYS, _END_KEYS))
    relative = find_value(date_range, ("value",)) or ""
    shown_text = f"{start} to {end}" if start or end else relative
    is_same_start = not start or _is_instant(start, window.start)
    is_same_end = not end or _is_end(end, window.end)
    if not shown_text or ((start or end) and is_same_start and is_same_end):
        return ""
    return f"the result is of {shown_text[:_MAX_SHOWN]}, not of the requested {window}"


def _is_end(text: str, end: datetime) -> bool:
    is_last_day = text == iso_z(end - _MILLISECOND).partition("T")[0]
    return is_last_day or _is_instant(text, end)


def _is_instant(text: str, instant: datetime) -> bool:
    try:
        return abs(parse_instant(text) - instant) <= _SECOND
    except ValueError:
        return False

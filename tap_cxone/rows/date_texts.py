"""Parse the texts of dates, in each order of day and month that a text may have."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache

# `31.12.2026`, `12/31/26`, `12-31-2026`: two numbers and a year, with one separator.
_NUMERIC_DATE = re.compile(
    r"(?<![0-9./-])(?P<first>[0-9]{1,2})(?P<separator>[./-])(?P<second>[0-9]{1,2})(?P=separator)"
    r"(?P<year>[0-9]{4}|(?<!-)[0-9]{2})(?![0-9./-])"
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# A month by its name, or a year before two numbers.
_CERTAIN_ORDER = re.compile(
    rf"{_MONTHS}"
    r"|(?<![0-9])[0-9]{4}([./-])[0-9]{1,2}\1[0-9]{1,2}(?![0-9])",
    re.IGNORECASE,
)
# The name in front of an offset: `GMT` in `10:00 GMT-0500`.
_OFFSET_NAME = re.compile(
    rf"(?<![a-z])(?!am|pm|{_MONTHS})([a-z]+)\s*(?=[+-]\s*[0-9])", re.IGNORECASE
)
# The time `10.30` behind a date.
_DOTTED_TIME = re.compile(
    r"(?<=[0-9])(,?\s+|T)([01]?[0-9]|2[0-3])\.([0-5][0-9])(?:\.([0-5][0-9]))?(?![0-9.,:])"
)
# A fraction of an hour or a minute, which may also be a minute or a second: `10,5`, `10:30.5`.
_OTHER_FRACTION = re.compile(r"[0-9](?:,?\s+|T)[0-9]{1,2}(?::[0-9]{2})?[.,][0-9]")
_ISO_DATE = r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}-?[0-9])"
# A date and an offset without a time, of which parsers make a time: `2026-11-20-05:00`.
_OFFSET_OF_A_DATE = re.compile(
    rf"{_ISO_DATE}\s*[+-][0-9]"
    rf"|(?!{_ISO_DATE}[T ])[^:]*(?:[0-9]\s*[+-][0-9]{{1,2}}:|[0-9]{{4}}\s*[+-][0-9]{{4}}$)"
)
_USUAL_TIME = re.compile(rf"{_ISO_DATE}[T ][0-9]{{2}}:[0-9]{{2}}(?![.,])")
_UTC_NAMES = ("GMT", "UTC", "UT")
_LAST_TWO_DIGIT_YEAR = 2068  # POSIX: 00 to 68 are years after 2000


@lru_cache(maxsize=4096)
def parse_both(text: str) -> tuple[datetime | None, datetime | None]:
    """Return a text as a date with the month first, and with the day first.

    A date of a certain order is returned twice. A date that does not exist is None.

    Raises:
        ValueError: The text is no complete date, or its time zone is only a name.
    """
    match = _NUMERIC_DATE.search(text)
    if match is None:
        if not _CERTAIN_ORDER.search(text):
            raise ValueError(text)
        instant = _parse_informal(text)
        return instant, instant
    first, second = int(match["first"]), int(match["second"])
    day_first = _replace_date(text, match, second, first)
    if match["separator"] == ".":
        return day_first, day_first
    return _replace_date(text, match, first, second), day_first


def _replace_date(text: str, match: re.Match[str], month: int, day: int) -> datetime | None:
    """Return a text as an instant, with the matched date read so; None if there is no such date."""
    year = int(match["year"])
    if len(match["year"]) == 2:  # noqa: PLR2004 (digits)
        year += 2000 if year + 2000 <= _LAST_TWO_DIGIT_YEAR else 1900
    iso_text = f"{text[: match.start()]}{year:04}-{month:02}-{day:02}{text[match.end() :]}"
    try:
        date(year, month, day)
        return parse_iso(iso_text) or _parse_informal(iso_text)
    except ValueError:
        return None


def parse_iso(text: str) -> datetime | None:
    """Return a date or an instant of ISO 8601, also one such as `2026-01-31 17.04`.

    Returns None for any other text.

    Raises:
        ValueError: The time of day is ambiguous, or there is an offset without a time.
    """
    text = _with_colons(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _with_colons(text: str) -> str:
    """Return a text with colons in its time of day: `10:30` for `10.30`.

    Raises:
        ValueError: The time has a fraction of an hour or of a minute, or an offset has no time.
    """
    if _USUAL_TIME.match(text):
        return text
    text = _DOTTED_TIME.sub(_join_with_colons, text)
    if _OTHER_FRACTION.search(text) or _OFFSET_OF_A_DATE.match(text):
        raise ValueError(text)
    return text


def _join_with_colons(match: re.Match[str]) -> str:
    separator, *numbers = match.groups()
    return separator + ":".join(filter(None, numbers))


def _parse_informal(text: str) -> datetime:
    """Parse a format other than ISO 8601, such as `2026-01-31 5:04 PM` or `31 Jan 2026`.

    dateutil fills missing components from a default. The text is parsed with two defaults;
    different results show that it is not a complete date.

    Raises:
        ValueError: The text is not a complete date, or its time zone is only a name.
    """
    from dateutil import parser  # imported late: few files need it

    text = _OFFSET_NAME.sub(_drop_utc_name, _with_colons(text))
    try:
        candidates = {
            parser.parse(text, default=default, tzinfos=_require_offset)
            for default in (datetime(2000, 1, 1), datetime(2003, 12, 31))  # noqa: DTZ001
        }
    except OverflowError as error:
        raise ValueError from error
    (instant,) = candidates
    return instant


def _drop_utc_name(match: re.Match[str]) -> str:
    """Return an empty text for UTC in front of an offset: dateutil reverses a sign behind a name.

    Raises:
        ValueError: The name is that of another zone, so the offset has no certain meaning.
    """
    if match[1].upper() not in _UTC_NAMES:
        raise ValueError(match[1])
    return ""


def _require_offset(name: str | None, offset: int | None) -> int | None:
    """Raise ValueError for a zone without an offset: `EST` and `CST` are ambiguous."""
    if name is not None and offset is None:
        raise ValueError(name)
    return offset

"""Formatting of instants, durations and numbers for the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from markupsafe import Markup, escape

_SIZES = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_BRIEF = timedelta(seconds=10)


def instant(moment: datetime) -> str:
    """Return an instant as text, in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def clock(moment: timedelta) -> str:
    """Return a time of day as text; `moment` counts from midnight, zero seconds are omitted."""
    minutes, seconds = divmod(round(moment.total_seconds()), 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def duration(length: timedelta) -> str:
    """Return a duration in its two largest units; below 10 s in tenths of a second."""
    if length < _BRIEF:
        return f"{length.total_seconds():.1f} s"
    remaining, parts = round(length.total_seconds()), list[str]()
    for name, size in _SIZES:
        number, remaining = divmod(remaining, size)
        if number or parts:
            parts.append(f"{number} {name}" if number else "")
    return " ".join(filter(None, parts[:2]))


def seconds(number: float | None) -> str:
    """Return a duration given in seconds as text; empty for None and on overflow."""
    try:
        return "" if number is None else duration(timedelta(seconds=number))
    except OverflowError:
        return ""


def number(value: float) -> str:
    """Return a number with thousands separators; fractions below 100 have one decimal."""
    no_decimal = isinstance(value, int) or value.is_integer() or value >= 100  # noqa: PLR2004 - limit
    return f"{value:,.0f}" if no_decimal else f"{value:,.1f}"


def plural(count: int, singular: str, plural_form: str = "") -> str:
    """Return a count with its noun in singular or plural."""
    return f"{count:,} {singular if count == 1 else plural_form or singular + 's'}"


def name(text: str) -> Markup:
    """Return a name as HTML that may break after each underscore."""
    return Markup("_<wbr>").join(escape(part) for part in text.split("_"))

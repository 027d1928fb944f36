"""What the dashboard means by the text of a refusal; its documents leave the words open."""

from __future__ import annotations

import re
from http import HTTPStatus

from tap_cxone.errors import ApiError, HistoryRefused, NotFound, QuotaRefused

_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_NUMBER = rf"(?:\d{{1,4}}|{'|'.join(_NUMBERS)})"
_UNIT = r"(?:day|week|month|year)"
_AGE = rf"\b{_NUMBER}[ -](?:calendar\ )?{_UNIT}s?\b"
_STATED_AGE = rf"(?i)\b({_NUMBER})[ -](?:calendar )?({_UNIT})s?\b"
_HISTORY_TEXT = rf"""(?ix) \b{_UNIT}s?\ (?:ago|old|back|in\ the\ past)\b
    | \b(?:older|earlier|(?:further|farther)\ back)\ than\ .{{0,20}}{_AGE}
    | \b(?:last|past|previous|recent)\ {_AGE}
    | \btoo\ (?:old|long\ ago|far\ (?:back|in\ the\ past))\b | \bretention\b"""
_QUOTA_TEXT = rf"""(?ix) \bquota\b | \btoo\ many\ export
    | \bexports?\ per\ (?:24|day) | \bexports\b.{{0,40}}\b(?:24|a\ day|each\ day|daily)\b
    | \b(?:daily|24.?hours?)\b.{{0,30}}\bexports?\b | \bexports?\ (?:count\ )?limit\b
    | \b(?:limit|maximum|more\ than|only)\b.{{0,30}}\b{_NUMBER}\ (?:\w+\ )?exports?\b"""
_UNKNOWN = r"(?:un(?:known|recogni[sz]ed|supported|available|defined)|invalid|non-?exist\w+)"
_TABLE = r"(?:tables?|table\ ?names?|dashboards?|namespaces?|resources?)"
_ABSENT = r"(?:found|supported|exists?|recogni[sz]ed|available|valid|known)"
_UNKNOWN_TABLE_TEXT = rf"""(?ix) \b{_UNKNOWN}\ (?:\w+\ )?{_TABLE}\b | \bno\ (?:such\ )?{_TABLE}\b
    | \b{_TABLE}\b.{{0,80}}
    (?: \b{_UNKNOWN} | \bmissing | (?:\bnot|n't|\bno\ longer)\ (?:be\ )?{_ABSENT} )\b"""
_TEXTS: dict[type[ApiError], str] = {
    QuotaRefused: _QUOTA_TEXT,
    HistoryRefused: _HISTORY_TEXT,
    NotFound: _UNKNOWN_TABLE_TEXT,
}
_UNKNOWN_TABLE_STATUSES = {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}


def classify_error(status: int, error_text: str) -> type[ApiError] | None:
    """Return the error class of a 400 whose text names quota, history or table, else None."""
    if status != HTTPStatus.BAD_REQUEST:
        return None
    return next((error for error, text in _TEXTS.items() if re.search(text, error_text)), None)


def names_no_table(error: ApiError) -> bool:
    """Return True if a refusal may mean that the tenant has the table under another name."""
    return isinstance(error, NotFound) or error.status in _UNKNOWN_TABLE_STATUSES


def stated_ages(error_text: str) -> list[dict[str, int]]:
    """Return each age that a text names, as unit → number.

    The units are those of `relativedelta`: `days`, `weeks`, `months`, `years`.
    """
    ages = re.findall(_STATED_AGE, error_text.lower())
    return [{f"{unit}s": _NUMBERS.get(number) or int(number)} for number, unit in ages]

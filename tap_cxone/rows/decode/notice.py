"""Recognise what stands in place of a table or of its header, as CSV cells."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_DATA = r"""(?ix) \W* (?: there\ (?:is|are|was|were)\ | [a-z ]{0,20}\b(?:query|search|export)
        \ (?:has\ )?(?:returned|found|contains)\ )?
    (?:no|0|zero)\ (?:matching\ )?(?:data|records?|rows?|results?|entries|items|interactions)
    (?:\ (?:is|are|was|were))?
    (?:\ (?:found|available|returned|exists?|to\ export))?
    (?P<scope>\ (?:for|in|within|between|during|from|match(?:es|ed|ing)?)\b .*)? \W*"""
_SCOPE = (
    r"(?i)\b(?:range|period|dates?|days?|time|window|interval|filters?|criteria|selection|query)\b"
    r"|\d[-/.]\d"
)
_FAILURE = r"(?i)\b(?:fail|error|expired|denied|unavailable|time(?:d )?out|try again)"
_SENTENCE = r"\b[a-z]+ [a-z]+\b|\b(?:failed|failure|error|denied|expired)\b"
# A phrase of one word, such as `Conflict`, may be the title of a column.
_HTTP_ERRORS = {
    status.phrase.casefold()
    for status in HTTPStatus
    if status >= HTTPStatus.BAD_REQUEST and " " in status.phrase
}

_WORD = r"[^\W\d_]{2}"


def is_no_data(cells: Sequence[str]) -> bool:
    """Return True if the only text says that there are no rows, at all or in the date range."""
    texts = [cell for cell in cells if cell.strip()]
    if not texts or not has_blanks_after_delimiters(texts):
        return False
    match = re.fullmatch(_NO_DATA, text := ",".join(texts))
    if match is None:
        return False
    scope = match["scope"]
    return not scope or (re.search(_SCOPE, scope) is not None and not re.search(_FAILURE, text))


def is_prose(header: Sequence[str]) -> bool:
    """Return True if a header is rather a sentence with commas, such as an error message.

    In a sentence a blank follows each comma. Words in lower case follow one another, or one part is
    the phrase of an HTTP error.
    """
    return has_blanks_after_delimiters(header) and any(
        re.search(_SENTENCE, cell) or cell.strip().casefold() in _HTTP_ERRORS for cell in header
    )


def has_blanks_after_delimiters(cells: Sequence[str]) -> bool:
    """Return True if each cell but the first begins with a blank, as in a sentence."""
    return all(cell.startswith(" ") for cell in cells[1:])


def differs_from_rows(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return True if a header of words has a column of numbers or dates, so that it is no row.

    Args:
        header: The cells of the first line.
        columns: The cells of lines below it, by columns.
    """
    return all(any(map(str.isalpha, cell)) for cell in header) and any(
        re.search(_WORD, title) and _is_of_numbers(cells)
        for title, cells in zip(header, columns, strict=False)
    )


def _is_of_numbers(cells: Sequence[str]) -> bool:
    texts = list(filter(str.strip, cells))
    return bool(texts) and all(
        any(map(str.isdigit, text)) and not re.search(_WORD, text) for text in texts
    )

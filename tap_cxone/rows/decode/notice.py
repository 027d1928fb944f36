"""Recognise a notice that an API sends in place of a table, as CSV cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_DATA = re.compile(
    r"(?i)\W*no (?:data|records?|rows?|results?)"
    r"(?: (?:is|are|was|were))?(?: (?:found|available|returned))?\W*"
)
_SENTENCE = re.compile(r"\b[a-z]+ [a-z]+\b|\b(?:failed|failure|error|denied|expired)\b")


def is_no_data(cells: Sequence[str]) -> bool:
    """Return True if the only cell with a text says that there are no rows."""
    texts = [cell for cell in cells if cell.strip()]
    return len(texts) == 1 and _NO_DATA.fullmatch(texts[0]) is not None


def is_prose(header: Sequence[str]) -> bool:
    """Return True if a header is rather a sentence with commas, such as an error message.

    In a sentence a blank follows each comma, and words in lower case follow one another.
    """
    has_blanks = all(cell.startswith(" ") for cell in header[1:])
    return has_blanks and any(map(_SENTENCE.search, header))

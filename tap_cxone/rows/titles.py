"""Titles of a file's columns, and the column names derived from them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

MAX_NAME_BYTES = 63
"""Longest column name of PostgreSQL, which truncates longer ones; other warehouses take more."""

# In PostgreSQL a keyword that SQLAlchemy does not quote, and the system columns of each table.
_RESERVED_NAMES = frozenset(
    ("system_user", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"),
)

_MAX_TITLE_CHARACTERS = 500  # a longer title is identified by its beginning and a digest
_DIGEST_CHARACTERS = 8
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME = re.compile(r"[\W_]+")
_SIGNS = frozenset("%#&@*")  # beside the symbols of Unicode
_SPACING = re.compile(r"[\s_-]+")


class Title(Struct, frozen=True):
    """Identity of a column in the files of a stream.

    Attributes:
        text: A cell of a CSV header or a key of a JSON object, normalised.
        ordinal: 1-based number among equal texts of one header.
    """

    text: str
    ordinal: int = 1


def number_titles(header: Iterable[str]) -> list[Title]:
    """Return the titles of a header, in order; equal texts are numbered."""
    counts: Counter[str] = Counter()
    titles = []
    for text in map(normalise, header):
        counts[text] += 1
        titles.append(Title(text, counts[text]))
    return titles


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """Return a title in Unicode's composed form (NFC), without surrounding blanks.

    A title of more than 500 characters is shortened, with a digest at its end.
    """
    title = unicodedata.normalize("NFC", text).strip()
    if len(title) <= _MAX_TITLE_CHARACTERS:
        return title
    return f"{title[: _MAX_TITLE_CHARACTERS - _DIGEST_CHARACTERS - 1]}…{_digest(title)}"


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Return the letters and digits of a title in lower case; equal results are a resemblance."""
    return "".join(character for character in text.casefold() if character.isalnum())


def signs(text: str) -> set[str]:
    """Return the signs of a title that give it another meaning, such as `%` and `#`."""
    return {
        character
        for character in text
        if character in _SIGNS or unicodedata.category(character)[0] == "S"
    }


@lru_cache(maxsize=8192)
def spelling(text: str) -> str:
    """Return a title in lower case without blanks, hyphens and underscores; signs stay."""
    return _SPACING.sub("", text.casefold())


def snake_case(text: str) -> str:
    """Return a title as a column name: `Segment ID` and `segmentId` become `segment_id`."""
    return _NO_NAME.sub("_", _WORD_ENDS.sub("_", text.strip())).strip("_").casefold()


@lru_cache(maxsize=8192)
def default_name(title: str) -> str:
    """Return the column name of a title: its words in snake_case, in at most 63 bytes.

    Targets drop letters of other scripts than Latin. A name that lacks letters of the title, or
    its end, has a digest of the title. So it does not depend on the other titles.
    """
    title = normalise(title)
    words = unicodedata.normalize("NFC", snake_case(title))
    latin_words = _NO_NAME.sub("_", "".join(map(_latin_or_gap, words))).strip("_")
    is_complete = bool(latin_words) and not any(map(_is_foreign, title))
    if is_complete and latin_words in _RESERVED_NAMES:
        return f"{latin_words}_value"
    if is_complete and len(latin_words.encode()) <= MAX_NAME_BYTES:
        return latin_words
    return _with_suffix(latin_words or "column", f"_{_digest(title)}")


def camel_case(name: str) -> str:
    """Return the title in camelCase that a column name may come from."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def is_main_title(title: str) -> bool:
    """Return True for the one title of its default name that has this name in any case.

    It is the metric in camelCase, and for the ID of a custom metric (`cm_…`) the name itself.
    """
    name = default_name(title)
    metric = camel_case(name)
    is_id = name.startswith("cm_") or default_name(metric) != name
    return title == (name if is_id else metric)


def name_with_digest(title: str) -> str:
    """Return the default name of a title with a digest of it, which no other title has."""
    return _with_suffix(default_name(title), f"_{_digest(title)}")


def unique_name(name: str, used_names: Container[str]) -> str:
    """Return a name, with a number as its suffix if it is used already."""
    number, candidate = 2, name
    while candidate in used_names:
        candidate, number = _with_suffix(name, f"_{number}"), number + 1
    return candidate


def _with_suffix(name: str, suffix: str) -> str:
    """Return a name with a suffix, truncated before it to at most 63 bytes in all."""
    kept_bytes = name.encode()[: MAX_NAME_BYTES - len(suffix)]
    return kept_bytes.decode(errors="ignore").rstrip("_") + suffix


def _digest(title: str) -> str:
    return hashlib.sha256(title.encode(errors="surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]


def _latin_or_gap(character: str) -> str:
    return " " if _is_foreign(character) else character


def _is_foreign(character: str) -> bool:
    """Return True for a letter, mark or digit that is neither Latin nor a decimal digit."""
    if character.isascii() or unicodedata.category(character)[0] not in "LMN":
        return False
    return not unicodedata.name(character, "").startswith("LATIN ")

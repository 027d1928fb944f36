"""Replace NUL characters, which many databases refuse in texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TextIO

from tap_cxone.errors import InvalidRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.rows.text_format import TextFormat

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_NULL = "\0"
_ESCAPE = "\\u0000"
# An escape whose backslash is not itself escaped.
_NULL_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_CUT_ESCAPE = re.compile(r"\\+(?:u0{0,3})?\Z")
_TAIL_CHARACTERS = 5  # characters of an escape that the end of a chunk may cut off, at most


class NullCharacterFilter:
    """Treats the NUL characters of one file as the setting `null_characters` says.

    Attributes:
        count: Number of replaced characters in the present pass over the file.
    """

    def __init__(self, text_format: TextFormat, name: str) -> None:
        """Store the policy of the format; `name` names the file in error messages."""
        self.count = 0
        self._policy = text_format.null_characters
        self._setting = f"{text_format.csv_setting}.null_characters"
        self._name = name

    def filter_lines(self, lines: list[str]) -> list[str]:
        """Return lines of text without NUL characters.

        Raises:
            InvalidRecords: There is one, and the policy is `fail`.
        """
        if self._policy == "keep" or _NULL not in "".join(lines):
            return lines
        self._count(sum(line.count(_NULL) for line in lines))
        return [line.replace(_NULL, REPLACEMENT) for line in lines]

    def filter_json(self, text: str) -> str:
        """Return JSON text without NUL characters, escaped or not.

        Raises:
            InvalidRecords: There is one, and the policy is `fail`.
        """
        if _NULL in text:
            self._count(text.count(_NULL))
            text = text.replace(_NULL, REPLACEMENT)
        if _ESCAPE in text:
            text, count = _NULL_ESCAPE.subn(rf"\1{REPLACEMENT}", text)
            self._count(count)
        return text

    def json_reader(self, text: TextIO) -> JsonReader | TextIO:
        """Return a reader of JSON text without NUL characters; the text itself if they are kept."""
        return text if self._policy == "keep" else JsonReader(text, self)

    def _count(self, number: int) -> None:
        self.count += number
        if number and self._policy == "fail":
            msg = (
                f"{self._name}: it has NUL characters, and {self._setting} is 'fail': nothing of "
                "it was emitted; set it to replace or keep"
            )
            raise InvalidRecords(msg)


class JsonReader:
    """Reader of JSON text that filters NUL characters; no escape is cut by the end of a chunk."""

    def __init__(self, text: TextIO, null_characters: NullCharacterFilter) -> None:
        """Store the text and the filter."""
        self._text = text
        self._null_characters = null_characters
        self._tail = ""  # an escape that the next chunk completes

    def read(self, size: int) -> str:
        """Return about `size` characters; an empty string only at the end of the text."""
        for chunk in self._chunks(size):
            if filtered := self._null_characters.filter_json(chunk):
                return filtered
        return ""

    def _chunks(self, size: int) -> Iterator[str]:
        while chunk := self._text.read(size):
            text = self._tail + chunk
            cut = None if "\\" not in text[-_TAIL_CHARACTERS:] else _CUT_ESCAPE.search(text)
            self._tail = cut[0] if cut else ""
            yield text[: len(text) - len(self._tail)]
        tail, self._tail = self._tail, ""
        yield tail

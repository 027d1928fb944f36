"""Read JSON values, with their raw text, from a text that is larger than memory."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec import Struct

from tap_cxone.errors import DecodeError
from tap_cxone.http.json_numbers import parse_fraction
from tap_cxone.rows.decode.json_values import NOT_FINITE, NOT_JSON, BrokenValue, ValueDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.rows.decode.table import Columns

ColumnReader = Callable[[str, bool], "Columns | None"]
"""Reads a text of objects to columns. The flag is True if newlines separate the objects, False for
commas. Returns None if it cannot read the text."""


class TextReader(Protocol):
    """A text that is read in parts."""

    def read(self, size: int, /) -> str:
        """Return about `size` characters; an empty string only at the end."""


_CHUNK_CHARACTERS = 1 << 18
# Longest token, other than a string, that the end of the buffer may cut: `-Infinity`, an escape,
# `e+17`.
_LONGEST_TOKEN = 16
_NO_COMMA = "no comma between two records"
_TRUNCATED = "the array ends early"
_TRAILING_DATA = "text follows the end of the array"
_COMMA_BETWEEN = re.compile(r"\}[ \t\r\n]*,[ \t\r\n]*\{")
_NEWLINE_BETWEEN = re.compile(r"\}[ \t]*\r?\n[ \t]*\{")
_MAX_CHUNK_FAILURES = 3
_BLANKS = re.compile(r"[ \t\r\n]*")
_NEXT_LINE_OF_OBJECT = re.compile(r"\n(?=[ \t\r\n]*\{)")
_NEXT_ELEMENT = re.compile(r"[ \t\r\n,]*\{")
_MAX_BROKEN_CHARACTERS = 1 << 20  # of an object that is not JSON
_NEGATIVE_ZEROS = [f"-0{character}" for character in ",}] \t\r\n"]  # as integers


class JsonChunk(Struct, frozen=True):
    """Consecutive objects that were decoded together.

    Attributes:
        values: The objects; empty if there are columns.
        text: Their raw text.
        one_per_line: Whether newlines separate the objects; otherwise commas do.
        columns: Their cells by columns, if their keys were known; otherwise None.
    """

    values: list[Any]
    text: str
    one_per_line: bool
    columns: Columns | None = None

    @property
    def count(self) -> int:
        """Return the number of objects."""
        return len(self.values if self.columns is None else self.columns[0])

    def raw_texts(self) -> list[str]:
        """Return the raw text of each object."""
        if self.one_per_line:
            return [line.strip(" \t\r") for line in self.text.split("\n")]
        scanner = _Scanner(io.StringIO(f"[{self.text}]"), "")
        scanner.peek()
        return [raw_text for raw_text, _ in scanner.single_elements()]


def decode_objects(text: str, one_per_line: bool, by_lines: Any, by_commas: Any) -> list[Any]:
    """Return the objects of a text, decoded in one call.

    Raises:
        Exception: The text cannot be decoded; the type depends on the decoder.
    """
    objects: list[Any] = (
        by_lines.decode_lines(text) if one_per_line else by_commas.decode(f"[{text}]")
    )
    if one_per_line and len(objects) != text.count("\n") + 1:
        raise ValueError  # there are blank lines
    return objects


def read_values(text: TextReader, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the same values as `read_items`, one by one, each after its raw text."""
    for item in read_items(text, name):
        if isinstance(item, JsonChunk):
            yield from zip(item.raw_texts(), item.values, strict=True)
        else:
            yield item


def read_items(
    text: TextReader, name: str, read_columns: ColumnReader | None = None
) -> Iterator[tuple[str, Any] | JsonChunk]:
    """Yield the elements of an array, or the values of a sequence such as JSON lines.

    Args:
        text: The file.
        name: Name of the file in error messages.
        read_columns: Reads objects with known keys by columns; None to read no columns.

    Yields:
        A chunk of objects, or the raw text and the value. Fractions are exact decimals.

    Raises:
        DecodeError: The text is not JSON, or ends early. Values before that have been yielded.
    """
    scanner = _Scanner(text, name, read_columns)
    if scanner.peek() == "[":
        yield from scanner.elements()
    while scanner.peek():
        yield scanner.read_chunk(_NEWLINE_BETWEEN) or scanner.read_value(_NEWLINE_BETWEEN)


_FAST_DECODER = msgspec.json.Decoder(float_hook=parse_fraction)


class _Scanner:
    """Parser with a position in a text; it buffers only the text after the position."""

    def __init__(
        self, text: TextReader, name: str, read_columns: ColumnReader | None = None
    ) -> None:
        self._text = text
        self._name = name
        self._read_columns = read_columns
        self._buffer = ""
        self._offset = 0
        self._value_count = 0
        self._decoder = ValueDecoder()
        self._chunk_failures = 0  # consecutive failures of the faster decoder
        self._single_values = 0  # values of a failed chunk that are yet to be read one by one

    def peek(self) -> str:
        """Skip whitespace; return the next character without consuming it, or "" at the end."""
        while True:
            blanks = _BLANKS.match(self._buffer, self._offset)
            self._offset = blanks.end() if blanks else self._offset
            if self._offset < len(self._buffer):
                return self._buffer[self._offset]
            if not self._read_more():
                return ""

    def elements(self) -> Iterator[tuple[str, Any] | JsonChunk]:
        """Yield the elements of the array at the position; the array must end the text."""
        return self._elements(in_chunks=True)

    def single_elements(self) -> Iterator[tuple[str, Any]]:
        """Yield the elements of the array at the position one by one."""
        return (item for item in self._elements(in_chunks=False) if not isinstance(item, JsonChunk))

    def _elements(self, *, in_chunks: bool) -> Iterator[tuple[str, Any] | JsonChunk]:
        self._offset += 1
        next_character = self.peek()
        while next_character != "]":
            if chunk := self.read_chunk(_COMMA_BETWEEN) if in_chunks else None:
                yield chunk
            else:
                yield from self._buffered_elements()
                yield self.read_value(_COMMA_BETWEEN)
            next_character = self.peek()
            if next_character not in {",", "]"}:
                raise self._decode_error(_TRUNCATED if not next_character else _NO_COMMA)
            if next_character == ",":
                self._offset += 1
                self.peek()
        self._offset += 1
        if self.peek():
            raise self._decode_error(_TRAILING_DATA)

    def read_chunk(self, separator: re.Pattern[str]) -> JsonChunk | None:
        """Return most of the buffered objects; None if the faster decoder rejects them.

        The faster decoder is stricter. The text up to the last separator consists of complete
        objects; otherwise it would not be valid JSON.
        """
        if self._single_values:
            self._single_values -= 1
            return None
        if self._chunk_failures >= _MAX_CHUNK_FAILURES:
            return None
        boundary = separator.search(self._buffer, self._offset)
        if (
            boundary is None
            and len(self._buffer) - self._offset < _CHUNK_CHARACTERS
            and self._read_more()
        ):
            boundary = separator.search(self._buffer, self._offset)
        if boundary is None:
            return None
        last_brace = self._buffer.rfind(boundary[0], self._offset)
        text = self._buffer[self._offset : last_brace + 1]
        try:
            chunk = self._decode_chunk(text, one_per_line=separator is _NEWLINE_BETWEEN)
        except Exception:  # noqa: BLE001 (the slower decoder reports the error)
            self._chunk_failures += 1
            self._single_values = text.count("\n") if separator is _NEWLINE_BETWEEN else 0
            return None
        self._chunk_failures = 0
        self._offset = last_brace + 1
        self._value_count += chunk.count
        return chunk

    def _decode_chunk(self, text: str, *, one_per_line: bool) -> JsonChunk:
        if any(map(text.__contains__, _NEGATIVE_ZEROS)):
            raise ValueError  # the faster decoder loses the sign
        if self._read_columns and (columns := self._read_columns(text, one_per_line)) is not None:
            return JsonChunk([], text, one_per_line, columns)
        return JsonChunk(
            decode_objects(text, one_per_line, _FAST_DECODER, _FAST_DECODER), text, one_per_line
        )

    def _buffered_elements(self) -> Iterator[tuple[str, Any]]:
        """Yield elements that end safely inside the buffer; at least one element remains."""
        buffer, offset, limit = self._buffer, self._offset, len(self._buffer) - _LONGEST_TOKEN
        while True:
            self._decoder.not_finite = False
            try:
                value, end = self._decoder.scan(buffer, offset)
            except Exception:  # noqa: BLE001 (`read_value` reports the error)
                return
            if end >= limit or buffer[end] != "," or self._decoder.not_finite:
                return
            yield buffer[offset:end], value
            blanks = _BLANKS.match(buffer, end + 1)
            self._offset = offset = blanks.end() if blanks else end + 1
            self._value_count += 1

    def read_value(self, separator: re.Pattern[str]) -> tuple[str, Any]:
        """Return the raw text and the value at the position, and consume them.

        An object that is not JSON becomes a `BrokenValue` if another object follows it.

        Raises:
            DecodeError: The value is not JSON, and nothing shows where the next one begins.
        """
        while True:
            self._decoder.not_finite = False
            try:
                value, end = self._decoder.decode(self._buffer, self._offset)
            except json.JSONDecodeError as error:
                if self._may_be_truncated(error) and self._read_more():
                    continue
                return self._read_broken(separator, error.pos, error, error.msg)
            except (ValueError, RecursionError) as error:
                return self._read_broken(separator, self._offset, error, str(error))
            # A number close to the end of the buffer may continue after it.
            if end < len(self._buffer) - _LONGEST_TOKEN or not self._read_more():
                return self._consume(end), NOT_FINITE if self._decoder.not_finite else value

    def _read_broken(
        self, separator: re.Pattern[str], position: int, error: Exception, reason: str
    ) -> tuple[str, BrokenValue]:
        """Consume the object at the position, which has an error at an index of the buffer."""
        from_error = position - self._offset
        is_object = self._buffer.startswith("{", self._offset)
        while is_object and len(self._buffer) - self._offset < _MAX_BROKEN_CHARACTERS:
            end = self._end_of_broken(separator, self._offset + from_error)
            if end is not None:
                return self._consume(end).rstrip(), NOT_JSON
            if not self._read_more():
                break
        raise self._decode_error(reason) from error

    def _end_of_broken(self, separator: re.Pattern[str], position: int) -> int | None:
        """Return the index behind an object with an error at an index; None if unknown.

        If the guess is wrong, because the next object was inside of this one, its brackets do not
        match: a later error reports the file as damaged.
        """
        if separator is _NEWLINE_BETWEEN:
            line_end = self._buffer.find("\n", self._offset)
            match = _NEXT_LINE_OF_OBJECT.match(self._buffer, line_end) if line_end >= 0 else None
            return match.start() if match else None
        follows_comma = self._buffer[self._offset : position].rstrip().endswith(",")
        if follows_comma and (brace := _NEXT_ELEMENT.match(self._buffer, position)):
            return self._buffer.rfind(",", self._offset, brace.end())  # the object has no end
        match = separator.search(self._buffer, position)
        return match.start() + 1 if match else None

    def _consume(self, end: int) -> str:
        """Return the text up to an index of the buffer, and move the position there."""
        raw_text = self._buffer[self._offset : end]
        self._offset, self._value_count = end, self._value_count + 1
        return raw_text

    def _may_be_truncated(self, error: json.JSONDecodeError) -> bool:
        threshold = len(self._buffer) - _LONGEST_TOKEN
        return error.pos >= threshold or error.msg.startswith("Unterminated string")

    def _read_more(self) -> bool:
        """Read more text into the buffer; return False at the end of the text.

        The buffer doubles with each call while one value does not fit.
        """
        unread = self._buffer[self._offset :]
        chunk = self._text.read(max(_CHUNK_CHARACTERS, len(unread)))
        if chunk:
            self._buffer, self._offset = unread + chunk, 0
        return bool(chunk)

    def _decode_error(self, reason: str) -> DecodeError:
        return DecodeError(
            f"{self._name}: after record {self._value_count} the text is not JSON: {reason}"
        )

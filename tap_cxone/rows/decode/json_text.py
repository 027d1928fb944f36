"""JSON values out of a text that is longer than memory, each with how it was written."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from json.scanner import make_scanner
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from tap_cxone.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.rows.decode.json_alike import Columns, Read

_CHUNK = 1 << 18
_LONGEST_TOKEN = 16  # of those that are no strings and may be cut: `-Infinity`, an escape, `e+17`
_NO_COMMA = "no comma between two records"
_EARLY = "the array ends early"
_MORE = "there is more after the array's end"
_COMMAS = re.compile(r"\}[ \t\r\n]*,[ \t\r\n]*\{")
_LINES = re.compile(r"\}[ \t]*\r?\n[ \t]*\{")
_MOST_ODD = 3
_BLANKS = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Several:
    """Objects that follow each other, read at once.

    Attributes:
        values: What they are; nothing where there are columns.
        text: How they are written.
        lines: Whether each has a line; else there are commas between them.
        columns: Their cells, where it is known beforehand which keys they may have.
    """

    values: list[Any]
    text: str
    lines: bool
    columns: Columns | None = None

    @property
    def count(self) -> int:
        """Return how many they are."""
        return len(self.values if self.columns is None else self.columns[0])

    def written(self) -> list[str]:
        """Return how each of them is written."""
        if self.lines:
            return [line.strip(" \t\r") for line in self.text.split("\n")]
        scan = _Scan(io.StringIO(f"[{self.text}]"), "")
        scan.next()
        return [written for written, _ in scan.elements_one_by_one()]


def at_once(text: str, lines: bool, by_lines: Any, by_commas: Any) -> list[Any]:
    """Return objects with one call of a decoder. Raises an error of any kind if that cannot be."""
    found: list[Any] = by_lines.decode_lines(text) if lines else by_commas.decode(f"[{text}]")
    if lines and len(found) != text.count("\n") + 1:
        raise ValueError  # blank lines are odd
    return found


def values(text: TextIO, name: str) -> Iterator[tuple[str, Any]]:
    """Yield what `pieces` does, one by one."""
    for piece in pieces(text, name):
        if isinstance(piece, Several):
            yield from zip(piece.written(), piece.values, strict=True)
        else:
            yield piece


def pieces(
    text: TextIO, name: str, known: Read | None = None
) -> Iterator[tuple[str, Any] | Several]:
    """Yield the elements of an array, or every value of a text of one after the other.

    Args:
        text: The file.
        name: What to call it in a message.
        known: Reads objects by columns, if it knows all of their keys.

    Yields:
        What stands in the file, and the value: fractions as exact decimals.

    Raises:
        DecodeError: It is no JSON, or ends early. Values before that have been yielded.
    """
    scan = _Scan(text, name, known)
    if scan.next() == "[":
        yield from scan.elements()
    while scan.next():
        yield scan.several(_LINES) or scan.value()


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# Not strict about control characters inside of strings: nothing is lost by taking them.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, strict=False)
_QUICK = msgspec.json.Decoder(float_hook=Decimal)
_SCAN = make_scanner(_DECODER)  # type: ignore[arg-type]


class _Scan:
    """A place in a text of which only what is needed is held."""

    def __init__(self, text: TextIO, name: str, known: Read | None = None) -> None:
        self._text = text
        self._name = name
        self._known = known
        self._held = ""
        self._place = 0
        self._values = 0
        self._odd = 0  # how often in a row the quicker reader could not help

    def next(self) -> str:
        """Return the next character that is not blank, without passing it; empty at the end."""
        while True:
            found = _BLANKS.match(self._held, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._held):
                return self._held[self._place]
            if not self._more():
                return ""

    def elements(self) -> Iterator[tuple[str, Any] | Several]:
        """Yield the elements of the array that begins here, up to its end and the text's."""
        return self._elements(at_once=True)

    def elements_one_by_one(self) -> Iterator[tuple[str, Any]]:
        """Yield the same, each by itself."""
        return (one for one in self._elements(at_once=False) if not isinstance(one, Several))

    def _elements(self, *, at_once: bool) -> Iterator[tuple[str, Any] | Several]:
        self._place += 1
        following = self.next()
        while following != "]":
            if several := self.several(_COMMAS) if at_once else None:
                yield several
            else:
                yield from self._held_ones()
                yield self.value()
            following = self.next()
            if following not in {",", "]"}:
                raise self._broken(_EARLY if not following else _NO_COMMA)
            if following == ",":
                self._place += 1
                self.next()
        self._place += 1
        if self.next():
            raise self._broken(_MORE)

    def several(self, between_objects: re.Pattern[str]) -> Several | None:
        """Return most of the objects that are held, if nothing is odd about them.

        They are read by a quicker reader, which is stricter. What it takes from the middle of a
        text is whole objects: a part of one would not be JSON.
        """
        if self._odd >= _MOST_ODD:
            return None
        between, lines = between_objects.search(self._held, self._place), between_objects is _LINES
        if between is None and len(self._held) - self._place < _CHUNK and self._more():
            between = between_objects.search(self._held, self._place)
        if between is None:
            return None
        cut = self._held.rfind(between[0], self._place)
        text = self._held[self._place : cut + 1]
        try:
            found = self._at_once(text, lines=lines)
        except Exception:  # noqa: BLE001 (whoever reads them one by one will say why)
            self._odd += 1
            return None
        self._odd, self._place, self._values = 0, cut + 1, self._values + found.count
        return found

    def _at_once(self, text: str, *, lines: bool) -> Several:
        if self._known and (columns := self._known(text, lines)) is not None:
            return Several([], text, lines, columns)
        return Several(at_once(text, lines, _QUICK, _QUICK), text, lines)

    def _held_ones(self) -> Iterator[tuple[str, Any]]:
        """Yield the elements of which all that matters is held; at least one is left."""
        held, place, limit = self._held, self._place, len(self._held) - _LONGEST_TOKEN
        while True:
            try:
                value, end = _SCAN(held, place)
            except Exception:  # noqa: BLE001 (whoever reads that one will say why)
                return
            if end >= limit or held[end] != ",":
                return
            yield held[place:end], value
            blanks = _BLANKS.match(held, end + 1)
            self._place = place = blanks.end() if blanks else end + 1
            self._values += 1

    def value(self) -> tuple[str, Any]:
        """Return the value that begins here, and pass it."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._place)
            except json.JSONDecodeError as error:
                if self._may_be_cut(error) and self._more():
                    continue
                raise self._broken(error.msg) from error
            except (ValueError, RecursionError, InvalidOperation) as error:
                raise self._broken(str(error)) from error
            # A number close to the end of what is held may go on after it.
            if end < len(self._held) - _LONGEST_TOKEN or not self._more():
                written = self._held[self._place : end]
                self._place, self._values = end, self._values + 1
                return written, value

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        near = len(self._held) - _LONGEST_TOKEN
        return error.pos >= near or error.msg.startswith("Unterminated string")

    def _more(self) -> bool:
        """Hold more of the text, twice as much each time for one value; False at its end."""
        rest = self._held[self._place :]
        chunk = self._text.read(max(_CHUNK, len(rest)))
        if chunk:
            self._held, self._place = rest + chunk, 0
        return bool(chunk)

    def _broken(self, why: str) -> DecodeError:
        return DecodeError(f"{self._name}: after record {self._values} the text is not JSON: {why}")

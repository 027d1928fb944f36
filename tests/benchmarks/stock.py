"""What one would write first, and what is left of it without the SDK's path per record.

All of them have their file in memory; nothing is downloaded, checked or remembered.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from singer_sdk.singerlib.encoding.simple import Message

_JSON = msgspec.json.Encoder(decimal_format="number")
_EXACT = msgspec.json.Decoder(float_hook=Decimal)


# Files to records


def csv_rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file of CSV, every value a text."""
    yield from csv.DictReader(io.StringIO(body.decode(), newline=""))


def json_rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the objects of a packed array."""
    yield from json.loads(gzip.decompress(body), parse_float=Decimal)


def page_rows(pages: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of pages, metrics among the other columns."""
    for page in pages:
        for row in json.loads(page, parse_float=Decimal)["data"]:
            yield {**{k: v for k, v in row.items() if k != "customMetrics"}, **row["customMetrics"]}


def _text(text: str) -> str | None:
    return text or None


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).isoformat()


def quick_csv_rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the typed rows of a file of CSV."""
    reader = csv.reader(io.StringIO(body.decode(), newline=""))
    names = next(reader)
    converters: list[Callable[[str], Any]] = [_text] * len(names)
    converters[1:4] = _instant, float, "true".__eq__
    for cells in reader:
        yield {n: c(cell) for n, c, cell in zip(names, converters, cells, strict=True)}


def quick_json_rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the objects of a packed array, blank texts being null."""
    for row in _EXACT.decode(gzip.decompress(body)):
        yield {name: value if value != "" else None for name, value in row.items()}


def quick_page_rows(pages: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of pages, metrics among the other columns."""
    for page in pages:
        for row in _EXACT.decode(page)["data"]:
            lifted = row | row.pop("customMetrics")
            yield {name: value if value != "" else None for name, value in lifted.items()}


# Records to lines


def bare(rows: Iterable[dict[str, Any]]) -> None:
    """Write records without the SDK."""
    write = sys.stdout.buffer.write
    for row in rows:
        message = {"type": "RECORD", "stream": "stock", "record": row, "time_extracted": "now"}
        write(_JSON.encode(message) + b"\n")


class StockStream(Stream):
    """The SDK's own path."""

    name = "stock"
    made: ClassVar[Iterable[dict[str, Any]]] = ()

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ARG002
        """Return the rows."""
        return self.made


class HookedStream(StockStream):
    """The same, where public hooks make it quicker."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE


class QuickWriter(MsgSpecWriter):
    """A writer that does not flush each record."""

    def write_message(self, message: Message) -> None:
        """Write a message."""
        data = _JSON.encode(message.to_dict()) + b"\n"
        sys.stdout.buffer.write(data)
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()


class StockTap(Tap):
    """A tap of one such stream."""

    name = "tap-stock"
    config_jsonschema = th.PropertiesList().to_dict()
    stream_class: ClassVar[type[StockStream]] = StockStream
    names: ClassVar[list[str]] = []

    def discover_streams(self) -> list[Stream]:
        """Return the stream, each of its columns a text."""
        schema = th.PropertiesList(*(th.Property(name, th.StringType) for name in self.names))
        return [self.stream_class(self, schema=schema.to_dict())]


class HookedTap(StockTap):
    """A tap of the quicker stream."""

    stream_class = HookedStream


def through(
    tap: type[StockTap], rows: Iterator[dict[str, Any]], writer: MsgSpecWriter | None = None
) -> None:
    """Run a tap over rows."""
    first = next(rows)
    StockTap.names = list(first)
    StockStream.made = _with(first, rows)
    tap(config={}, message_writer=writer).sync_all()


def _with(first: dict[str, Any], rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rows

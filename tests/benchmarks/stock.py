"""What one would write first, and what is left of it without the SDK's path per record.

Each fetches the same bytes over HTTP as this tap does, unpacks them, types every cell by its
column, makes blank texts null and adds the window, and has a primary and a replication key.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import requests
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage

from tap_cxone.rows.titles import snake_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from singer_sdk.singerlib.encoding.simple import Message

    Record = dict[str, Any]
    Read = Callable[[str, "Form"], Iterator[Record]]

_JSON = msgspec.json.Encoder(decimal_format="number")
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_FILE, _PAGES = "/files/any", "/api/v2/reporting/data-download"
PAGE = 10_000  # as many as the API gives at once, and the default of the tap
_SECONDS = 60


@dataclass(frozen=True)
class Form:
    """A form in which rows come.

    Attributes:
        title: What to call it.
        columns: The type of each column, by the source's name.
        key: The column that identifies a row.
        window: The two columns that every record carries.
        plain: Reads it as one would first.
        quick: Reads it quicker.
    """

    title: str
    columns: Mapping[str, str]
    key: str
    window: Mapping[str, str]
    plain: Read
    quick: Read


# Cells to values


def _text(cell: str | None) -> str | None:
    return cell or None


def _date_time(cell: str | None) -> str | None:
    return datetime.fromisoformat(cell).isoformat() if cell else None


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _integer(cell: str) -> int | None:
    return int(cell) if cell else None


def _boolean(cell: str) -> bool | None:
    return cell == "true" if cell else None


def _same(value: Any) -> Any:
    return value


OF_TEXTS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "date-time": _date_time,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
}
OF_JSON = {**OF_TEXTS, "number": _same, "integer": _same, "boolean": _same}
_TYPES: dict[str, type[th.JSONTypeHelper[Any]]] = {
    "string": th.StringType,
    "date-time": th.DateTimeType,
    "number": th.NumberType,
    "integer": th.IntegerType,
    "boolean": th.BooleanType,
}


def _converters(form: Form, of: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    return [(title, snake_case(title), of[kind]) for title, kind in form.columns.items()]


# Files to records


def rows_of_csv(url: str, form: Form) -> Iterator[Record]:
    """Yield the records of a file of CSV."""
    converters = _converters(form, OF_TEXTS)
    with requests.get(f"{url}{_FILE}", stream=True, timeout=_SECONDS) as response:
        text = io.TextIOWrapper(gzip.GzipFile(fileobj=response.raw), newline="")
        for row in csv.DictReader(text):
            record = {name: convert(row[title]) for title, name, convert in converters}
            yield {**record, **form.window}


def quick_csv_rows(url: str, form: Form) -> Iterator[Record]:
    """Yield the same, without a dictionary of texts a row."""
    with requests.get(f"{url}{_FILE}", stream=True, timeout=_SECONDS) as response:
        text = io.TextIOWrapper(gzip.GzipFile(fileobj=response.raw), newline="")
        reader = csv.reader(text)
        by_title = {title: (name, convert) for title, name, convert in _converters(form, OF_TEXTS)}
        converters = [by_title[title] for title in next(reader)]
        for cells in reader:
            pairs = zip(converters, cells, strict=True)
            record = {name: convert(cell) for (name, convert), cell in pairs}
            yield {**record, **form.window}


def rows_of_json(url: str, form: Form) -> Iterator[Record]:
    """Yield the records of a packed array, fractions as the SDK's REST streams read them."""
    content = requests.get(f"{url}{_FILE}", timeout=_SECONDS).content
    rows = json.loads(gzip.decompress(content), parse_float=Decimal)
    return _typed_rows(rows, form)


def quick_json_rows(url: str, form: Form) -> Iterator[Record]:
    """Yield the same, read by msgspec."""
    content = requests.get(f"{url}{_FILE}", timeout=_SECONDS).content
    return _typed_rows(_EXACT.decode(gzip.decompress(content)), form)


def rows_of_pages(url: str, form: Form) -> Iterator[Record]:
    """Yield the records of all pages."""
    return _typed_rows(_paged(url, lambda answer: answer.json(parse_float=Decimal)), form)


def quick_page_rows(url: str, form: Form) -> Iterator[Record]:
    """Yield the same, read by msgspec."""
    return _typed_rows(_paged(url, lambda answer: _EXACT.decode(answer.content)), form)


def _paged(url: str, read: Callable[[requests.Response], Any]) -> Iterator[Record]:
    """Yield the rows of all pages, metrics among the other columns."""
    offset, total = 0, 1
    with requests.Session() as session:
        while offset < total:
            wanted = {"limit": PAGE, "offset": offset}
            page = read(session.post(f"{url}{_PAGES}", json=wanted, timeout=_SECONDS))
            for row in page["data"]:
                yield row | row.pop("customMetrics")
            offset, total = offset + page["returnedRecords"], page["totalRecords"]


def _typed_rows(rows: Iterable[Record], form: Form) -> Iterator[Record]:
    converters = _converters(form, OF_JSON)
    for row in rows:
        record = {name: convert(row[title]) for title, name, convert in converters}
        yield {**record, **form.window}


# Records to lines


def write_plain(url: str, form: Form) -> None:
    """Write records without the SDK."""
    write = sys.stdout.buffer.write
    for row in form.quick(url, form):
        message = {"type": "RECORD", "stream": "stock", "record": row, "time_extracted": "now"}
        write(_JSON.encode(message) + b"\n")


class StockStream(Stream):
    """The SDK's own path."""

    name = "stock"
    replication_key = "_window_end"
    url: ClassVar[str]
    form: ClassVar[Form]

    def get_records(self, context: Any) -> Iterable[Record]:  # noqa: ARG002 (the SDK's)
        """Return the records."""
        return self.form.plain(self.url, self.form)


class HookedStream(StockStream):
    """The same, where public hooks make it quicker."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def get_records(self, context: Any) -> Iterable[Record]:  # noqa: ARG002 (the SDK's)
        """Return the records."""
        return self.form.quick(self.url, self.form)


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

    def discover_streams(self) -> list[Stream]:
        """Return the stream."""
        form = self.stream_class.form
        kinds = {snake_case(title): kind for title, kind in form.columns.items()}
        kinds |= dict.fromkeys(form.window, "date-time")
        properties = (th.Property(name, _TYPES[kind]) for name, kind in kinds.items())
        stream = self.stream_class(self, schema=th.PropertiesList(*properties).to_dict())
        stream.primary_keys = [snake_case(form.key)]
        return [stream]


class HookedTap(StockTap):
    """A tap of the quicker stream."""

    stream_class = HookedStream


def through(tap: type[StockTap], url: str, form: Form, writer: MsgSpecWriter | None = None) -> None:
    """Run a tap over the rows of a form."""
    StockStream.url, StockStream.form = url, form
    tap(config={}, message_writer=writer).sync_all()

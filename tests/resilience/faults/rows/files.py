"""Rows for the content of files."""

from __future__ import annotations

import csv
import gzip
import io
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from tap_cxone.rows.titles import default_name
from tap_cxone.simulator import Fault
from tap_cxone.simulator.jsontext import encode
from tests.resilience.faults.answers import DEEP, EXACT, HUGE, MB, ever, once
from tests.resilience.faults.outcomes import AGAIN, HTML, TWICE
from tests.resilience.faults.play import Exact, Fails, Row
from tests.support.scene import WINDOWS, Ability, snake
from tests.support.scenes import CSV_SCENES, FILE_SCENES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cxone.simulator import Simulator
    from tests.resilience.faults.play import Script
    from tests.support.scene import Scene


def served_files(change: Callable[[str], bytes], windows: int = WINDOWS) -> Script:
    """Return downloads of the true files, changed; of the first ones only if so many are named."""

    def script(sim: Simulator, scene: Scene) -> list[Fault]:
        found = []
        for number in range(windows):
            rows = scene.rows(sim, number)
            text = encode(rows).decode() if scene.json_file else csv_of(rows)
            found.append(Fault("download", "bytes", body=change(text)))
        return found

    return script


def csv_of(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows as CSV."""
    return csv_text([list(rows[0]), *(list(row.values()) for row in rows)])


def csv_text(lines: Sequence[Sequence[str]]) -> str:
    """Write lines as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(lines)
    return out.getvalue()


def with_column(title: str, cell: str) -> Callable[[str], bytes]:
    """Return a change that adds a column with the same cell in every row."""

    def change(text: str) -> bytes:
        header, *lines = csv.reader(io.StringIO(text, newline=""))
        return csv_text([[*header, title], *([*line, cell] for line in lines)]).encode()

    return change


def with_first(line: str) -> Callable[[str], bytes]:
    """Return a change that puts a line below the header."""

    def change(text: str) -> bytes:
        header, rest = text.split("\r\n", 1)
        return f"{header}\r\n{line}\r\n{rest}".encode()

    return change


def with_header_again(text: str) -> bytes:
    """Put the header, with a byte order mark, below the first row."""
    header, first, rest = text.split("\r\n", 2)
    return f"{header}\r\n{first}\r\n\ufeff{header}\r\n{rest}".encode()


def with_delimiter_behind_rows(text: str) -> bytes:
    """Add a blank cell to every row, but not to the header."""
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    return csv_text([header, *([*row, ""] for row in rows)]).encode()


def length(number: int) -> Callable[[Any], bool]:
    """Return what tells whether a value is as long."""
    return lambda value: isinstance(value, str) and len(value) == number


def packed(text: str) -> bytes:
    """Pack a file."""
    return gzip.compress(text.encode())


GOOD_FILES: dict[str, Callable[[str], bytes]] = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "BOM": lambda text: text.encode("utf-8-sig"),
    "gzip": packed,
    "gzip of gzip": lambda text: gzip.compress(packed(text)),
    "gzip members": lambda text: gzip.compress(text[:99].encode()) + packed(text[99:]),
    "gzip and zeros": lambda text: packed(text) + bytes(64),
    "blank lines": lambda text: text.encode() + b"\r\n\r\n",
}
NO_UTF_8 = Fails(("not UTF-8",), TWICE)
BAD_FILES: dict[str, tuple[str | bytes, Fails]] = {
    "no text": (bytes(range(128, 256)), NO_UTF_8),
    "a zip": (b"PK\x03\x04\xff\xfe", NO_UTF_8),
    "cut gzip": (gzip.compress(b"a,b" * 999)[:-9], Fails(("damaged or ends early",), TWICE)),
    "gzip and more": (packed("a") + b"more", Fails(("gzip data is damaged",), TWICE)),
    "gzip head only": (b"\x1f\x8b", Fails(("gzip data is damaged",), TWICE)),
    "html": (" \n<HTML>no</HTML>", Fails(("HTML",), ("proxy", *TWICE))),
    "xml error": ("<?xml version='1.0'?><Error/>", Fails(("HTML or XML",), ("proxy", *TWICE))),
}
CSV_ONLY: dict[str, tuple[str | bytes, Fails]] = {
    "JSON": ('[{"a": 1}]', Fails(("JSON instead of CSV",), ("proxy", *TWICE))),
    "other columns": ("a,b\r\n1,2\r\n", Fails(("no column", "2 cells"), ("primary_keys",))),
}
_HUGE_NUMBER = (
    '{"id":"#","type":"bot","dateFrom":null,"dateTo":null,"botId":"1","agentId":"2",'
    f'"duration":{HUGE}}}'
)
JSON_ONLY: dict[str, tuple[str | bytes, Fails]] = {
    "nested deeply": (DEEP, Fails(("not JSON",), TWICE)),
    "an object": ('{"message": "sorry"}', Fails(("lacks the required",), ("max_invalid_ratio",))),
    "null in a list": ("[null]", Fails(("is not an object",), ("max_invalid_ratio",))),
    "null keys": ('[{"id": null}]', Fails(("lacks the required",), ("required_fields",))),
    "latin-1": (b'[{"id": "\xe9"}]', NO_UTF_8),
    "huge exponent": (
        # More than the rows that never fail a window (max_invalid_rows_free).
        f"[{','.join(_HUGE_NUMBER.replace('#', key) for key in ascii_lowercase)}]",
        Fails(("a number out of range",), ("max_invalid_ratio",)),
    ),
    "cut in a string": ('[{"id": "a', Fails(("not JSON",), TWICE)),
    "more after its end": ("[] []", Fails(("not JSON", "text follows the end"), TWICE)),
}
CUT = Fails(("the connection ended",), AGAIN)
BROKEN: dict[str, Fails] = {
    "truncated": Fails(("the download was interrupted",), ("tried 9 times (max_retries)", *AGAIN)),
    "truncated-gzip": Fails(("gzip data is damaged or ends early",), TWICE),
    "corrupt-gzip": Fails(("gzip data is damaged",), TWICE),
}


def file_rows() -> Iterator[Row]:
    """Yield rows for what a file may be."""
    for about in FILE_SCENES:
        scene = about.name
        for label, change in GOOD_FILES.items():
            yield Row(f"file {label}", scene, served_files(change), EXACT)
        bad = {**BAD_FILES, **(JSON_ONLY if about.json_file else CSV_ONLY)}
        for label, (content, must) in bad.items():
            faults = ever("download", "bytes", body=content)
            yield Row(f"file {label} ever", scene, faults, must)
            damaged = once("download", "bytes", body=content)
            yield Row(f"file {label} once", scene, damaged, damaged_once(label, must))
        broken = BROKEN if about.can(Ability.PRESIGNED_LINKS) else BROKEN | {"truncated": CUT}
        for kind, must in broken.items():
            yield Row(f"file {kind}", scene, once("download", kind), EXACT)
            yield Row(f"file {kind} ever", scene, ever("download", kind), must)
        chunks = once("download", "truncated")
        unannounced = {"content_length": False}
        yield Row("file truncated chunks", scene, chunks, EXACT, options=unannounced)
        for label, number in (("too long", "99999"), ("too short", "3")):
            told = (("Content-Length", number), ("Content-Type", "text/csv"))
            faults = once("download", status=200, headers=told, body="a,b\r\n")
            yield Row(f"file announced {label}", scene, faults, EXACT)
        yield Row("file empty", scene, once("download", "empty"), EXACT)
        half = once("download", status=206, headers=(("Content-Type", "text/csv"),), body="[]")
        yield Row("file 206", scene, half, EXACT)


def damaged_once(label: str, must: Fails) -> Exact | Fails:
    """Return what comes of a file that is wrong once: it is fetched again if it is damaged."""
    whole = {"other columns", "an object", "null in a list", "null keys", "huge exponent"}
    return must if label in whole else EXACT


def lines_that_are_no_rows(scene: str) -> Iterator[Row]:
    """Yield rows for lines that are dropped."""
    none = {"commas": with_first("," * 60), "header": with_header_again}
    none["end of commas"] = lambda text: text.encode() + b",,\r\n"
    none["delimiter behind each row"] = with_delimiter_behind_rows
    for label, change in none.items():
        yield Row(f"file {label}", scene, served_files(change), EXACT)


def csv_rows() -> Iterator[Row]:
    """Yield rows for CSV."""
    polled = [scene for scene in CSV_SCENES if scene.can(Ability.PENDING_JOBS)]
    for about in polled:
        scene = about.name
        nul = Exact(more={"odd": "a\N{REPLACEMENT CHARACTER}b"})
        yield Row("file NUL", scene, served_files(with_column("Odd", "a\0b")), nul)
        twice = served_files(with_column(about.text_title, "x"))
        more = {f"{snake(about.text_title)}_2": "x"}
        yield Row("file header twice", scene, twice, Exact(more=more))
        nameless = served_files(with_column("", "x"))
        yield Row("file header blank", scene, nameless, Exact(more={default_name(""): "x"}))
        for size, slow in ((20, False), (100, True)):
            big, found = (
                served_files(with_column("Odd", "x" * size * MB)),
                {"odd": length(size * MB)},
            )
            few = {"rows_per_day": 1}
            name = f"file field of {size} MB"
            late = slow or about is not polled[-1]
            yield Row(name, scene, big, Exact(more=found), options=few, slow=late)
        yield from lines_that_are_no_rows(scene)
        for label, line in (("short", "too short"), ("long", f"x{',' * 60}")):
            many = {"rows_per_day": 40}
            amid = served_files(with_first(line))
            yield Row(f"file {label} row amid", scene, amid, Exact(aside=2), options=many)
            amid = served_files(with_first(line), 1)
            aside = Fails(
                ("rows failed validation", "cells, but the header has"), ("max_invalid_ratio",)
            )
            few, strict = {"rows_per_day": 2}, {"max_invalid_rows_free": 0}
            row = f"file {label} row of few"
            yield Row(row, scene, amid, aside, options=few, settings=strict)
            yield Row(f"{row} is free", scene, amid, Exact(aside=1), options=few)
        last = Fails(("the last line", "the file is truncated"), TWICE)
        yield Row("file ragged end", scene, once("download", "ragged-csv"), EXACT)
        yield Row("file ragged end ever", scene, ever("download", "ragged-csv"), last)
        quote = Fails(("not CSV",), TWICE)
        yield Row("file open quote", scene, once("download", "malformed-csv"), EXACT)
        yield Row("file open quote ever", scene, ever("download", "malformed-csv"), quote)
        text = once("download", status=200, body="Service unavailable", headers=HTML)
        yield Row("file line of text", scene, text, EXACT)
        sentence = "Export failed, please try again later"
        yield Row("file sentence", scene, once("download", "bytes", body=sentence), EXACT)
        prose = Fails(("the file is a sentence instead of a table", sentence), TWICE)
        yield Row("file sentence ever", scene, ever("download", "bytes", body=sentence), prose)
        yield Row("file link expired", scene, once("download", "expired-link"), EXACT)
        ended = Fails(("download link was refused", "Request has expired"), ("max_retries", *AGAIN))
        yield Row("file link expired ever", scene, ever("download", "expired-link"), ended)
        short = {"link_seconds": 1}
        yield Row("file links end at once", scene, (), EXACT, options=short)

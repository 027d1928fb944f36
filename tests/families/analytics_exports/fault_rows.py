"""Rows of the table of faults that concern the analytics exports alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import EXACT, MB, ever, once, says
from tests.resilience.faults.outcomes import (
    AGAIN,
    APPLICATION,
    NO_ACCESS,
    OTHER_DAY,
    TWICE,
    UNKNOWN_STATUS,
)
from tests.resilience.faults.play import Exact, Fails, FaultRows, Row
from tests.resilience.faults.rows.files import length, served_files
from tests.resilience.faults.rows.shapes import shape_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCENE = "analytics"


def export_fault_rows() -> Iterator[Row]:
    """Yield all rows."""
    yield from file_of_export_rows()
    yield from export_list_rows()
    login = Fails((NO_ACCESS,), (APPLICATION,))
    yield from shape_rows(SCENE, {"token": login, "list": EXACT, "poll": UNKNOWN_STATUS})


def with_field(field: str) -> Callable[[str], bytes]:
    """Return a change that adds a field to every object."""
    return lambda text: text.replace('{"id":', f'{{"odd":"{field}","id":').encode()


def file_of_export_rows() -> Iterator[Row]:
    """Yield rows for JSON files."""
    nul = Exact(more={"odd": "a\N{REPLACEMENT CHARACTER}b"})
    yield Row("file NUL", SCENE, served_files(with_field("a\0b")), nul)
    yield Row("file escaped NUL", SCENE, served_files(with_field("a\\u0000b")), nul)
    for size, slow in ((20, False), (100, True)):
        big, found = served_files(with_field("x" * size * MB)), {"odd": length(size * MB)}
        few = {"rows_per_day": 1}
        yield Row(f"file field of {size} MB", SCENE, big, Exact(more=found), options=few, slow=slow)
    yield Row("file cut", SCENE, once("download", "malformed-json"), EXACT)
    cut = Fails(("not JSON", "the array ends early"), TWICE)
    yield Row("file cut ever", SCENE, ever("download", "malformed-json"), cut)
    for status in (500, 503, 408):
        yield Row(f"file {status}", SCENE, once("download", status=status), EXACT)
    yield Row("file 404", SCENE, once("download", status=404), EXACT)


def export_list_rows() -> Iterator[Row]:
    """Yield rows for lists and polls of other words or days."""
    ignored = {"list_ignores_status": True}
    yield Row("list ignores the status", SCENE, (), EXACT, options=ignored)
    ended = [{"id": word, "status": word} for word in ("succeeded", "done", "aborted", "timed_out")]
    full = says("list", {"entities": ended}, times=9)
    yield Row("list of ended exports of other words", SCENE, full, EXACT)
    query = {"dateFrom": OTHER_DAY["start"], "dateTo": OTHER_DAY["end"]}
    other = says("poll", {"id": "x", "status": "completed", "query": query})
    yield Row("poll another day", SCENE, other, Fails(("not of the requested",), AGAIN))


FAULTS = FaultRows(export_fault_rows)

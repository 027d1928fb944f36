"""Rows that do not fit and rows that come twice: the same in every family."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import subprocess
import sys
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_cxone.errors import DecodeError, InvalidRecords, StreamsFailed
from tap_cxone.rows.columns import Column
from tap_cxone.rows.decode import FileExpectation, Format, open_table
from tap_cxone.rows.dedupe import SeenKeys
from tap_cxone.rows.layout import RecordSpec
from tap_cxone.rows.reader import InvalidRow, RowReader
from tap_cxone.simulator import Fault, Simulator
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.spool import spool_chunks
from tests.docs.document import ROOT
from tests.support.analytics_exports import STREAM as BOTS
from tests.support.analytics_exports import bare, days, export, failure, run, truth, typed
from tests.support.observability import KB
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.spool import Spool
    from tests.support.run import FakeClock, Output

QUARANTINE = "quarantine"
FIELDS = [
    *("record_id", "stream", "job_id", "window_start", "window_end"),
    *("reason", "field", "record", "quarantined_at"),
]
DAY = {"start_date": "2026-03-15T00:00:00Z", "end_date": "2026-03-16T00:00:00Z"}


@dataclass(frozen=True)
class Room:
    """A stream of one family whose file a test writes.

    Attributes:
        family: Its family.
        stream: Its name.
        header: The titles of its file: the key first, a number second.
        config: What to set beside the credentials.
        keys: What to set so that rows are known by `_row_hash`.
    """

    family: Any
    stream: str
    header: tuple[str, ...]
    config: dict[str, Any]
    keys: dict[str, Any]

    @property
    def columns(self) -> tuple[str, str]:
        """Return the columns of the key and of the number."""
        found = {
            "Workflow ID": "workflow_id",
            "Suggestion ID": "suggestion_id",
            "Confidence": "confidence",
        }
        key, number = (found.get(title, title.lower()) for title in self.header[:2])
        return key, number

    def settings(self, sim: Simulator, **changes: Any) -> dict[str, Any]:
        """Return settings for one window."""
        credentials = tap_settings(sim.url, families=(self.family,))
        return {**credentials, **DAY, **self.config, "poll_interval_seconds": 25, **changes}

    def text(self, rows: Iterable[tuple[str, ...]]) -> str:
        """Return a file of these cells, others being blank; a ragged row is left as it is."""
        lines = [",".join(self.header)]
        for row in rows:
            blank = len(self.header) - len(row) if len(row) == 2 else 0
            lines.append(",".join((*row, *[""] * blank)))
        return "\r\n".join(lines) + "\r\n"

    def serve(self, sim: Simulator, *rows: tuple[str, ...], times: int = 1) -> None:
        """Make these rows the next files."""
        body = self.text(rows)
        sim.faults.add(Fault("download", "bytes", body=body, times=times, family=self.family))

    def run(self, config: dict[str, Any], clock: FakeClock, *more: str, **how: Any) -> Output:
        """Run the stream, with the quarantine if no other is named."""
        names = (self.stream, *(more or (QUARANTINE,)))
        return run_tap(config, clock=clock, catalog=select(config, *names), **how)

    def values(self, out: Output) -> list[tuple[str, Any]]:
        """Return the key and the number of the records that left."""
        key, number = self.columns
        return [(record[key], record[number]) for record in out.records(self.stream)]


ROOMS = [
    Room(
        "analytics_exports",
        BOTS,
        ("id", "duration", "type", "dateFrom", "dateTo", "botId", "agentId"),
        {"analytics_exports": {"exports": [{"name": BOTS, "format": "csv"}]}},
        {"analytics_exports": {"exports": [{"name": BOTS, "format": "csv", "primary_keys": []}]}},
    ),
    Room(
        "data_extraction",
        "qm_workflows",
        ("Workflow ID", "Score", "Rank"),
        {"data_extraction": {"mode": "async"}},
        {"data_extraction": {"entities": [{"name": "qm_workflows", "primary_keys": []}]}},
    ),
    Room(
        "observability",
        KB,
        ("Suggestion ID", "Confidence", "Status"),
        {
            "observability": {
                "columns": {KB: {"Confidence": "number"}},
                "primary_keys": {KB: ["Suggestion ID"]},
            }
        },
        {"observability": {"columns": {KB: {"Confidence": "number"}}}},
    ),
]
EVERYWHERE = pytest.mark.parametrize("room", ROOMS, ids=[room.family for room in ROOMS])
NINE = [(f"k{number}", str(number)) for number in range(9)]
NINE_LEFT = [(f"k{number}", number) for number in range(9)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings logged."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def reason(out: Output, room: Room) -> Exception:
    """Return why a room's stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[room.stream]


# Rows that do not fit, in every family


@EVERYWHERE
def test_a_cell_that_is_no_number(sim, clock, room):
    """A row with a misfit cell goes to the quarantine, the others leave."""
    room.serve(sim, *NINE[:4], ("bad", "abc"), *NINE[4:])

    out = room.run(room.settings(sim), clock)

    (record,) = out.records(QUARANTINE)
    _, number = room.columns
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert list(record) == FIELDS
    assert record["stream"] == room.stream
    assert record["field"] == number
    assert record["reason"] == f"column {number} holds something that is no number"
    assert record["window_start"] == "2026-03-15T00:00:00+00:00"
    assert record["window_end"] == "2026-03-16T00:00:00+00:00"
    assert record["quarantined_at"] == clock.now().isoformat()
    raw = json.loads(record["record"])
    assert (raw[room.header[0]], raw[room.header[1]]) == ("bad", "abc")
    assert list(raw) == list(room.header)


@EVERYWHERE
@pytest.mark.parametrize("cells", [("short",), ("long", *"1234567", "8")])
def test_a_ragged_row_in_the_middle(sim, clock, room, cells):
    """A row of fewer or more cells goes to the quarantine, its cells as a list."""
    room.serve(sim, *NINE[:8], cells, NINE[8])

    out = room.run(room.settings(sim), clock)

    (record,) = out.records(QUARANTINE)
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert record["reason"] == f"has {len(cells)} cells where the header has {len(room.header)}"
    assert record["field"] is None
    assert json.loads(record["record"]) == list(cells)


@EVERYWHERE
def test_a_ragged_last_row(sim, clock, room):
    """A last row of too few cells is the end of a damaged file, which is fetched again."""
    room.serve(sim, *NINE, ("short",))
    room.serve(sim, *NINE)

    out = room.run(room.settings(sim), clock)

    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert out.records(QUARANTINE) == []


@EVERYWHERE
def test_always_a_ragged_last_row(sim, clock, room):
    """A file that is always damaged fails its stream; nothing of it leaves."""
    room.serve(sim, *NINE, ("short",), times=9)

    out = room.run(room.settings(sim), clock)

    assert isinstance(reason(out, room), DecodeError)
    assert "the end of the file is lost" in str(reason(out, room))
    assert room.values(out) == []
    assert out.bookmark(room.stream) is None


@EVERYWHERE
def test_schema_records_state(sim, clock, room):
    """The quarantine's SCHEMA comes before its rows, and its rows before the window's STATE."""
    room.serve(sim, *NINE, ("bad", "abc"), *[(f"n{number}", "1") for number in range(9)])

    out = room.run(room.settings(sim), clock)

    kinds = [(m["type"], m.get("stream")) for m in out.messages]
    rows = kinds.index(("RECORD", QUARANTINE))
    assert kinds.index(("SCHEMA", QUARANTINE)) < rows
    marked = [
        place
        for place, message in enumerate(out.messages)
        if message["type"] == "STATE"
        and "replication_key_value" in message["value"]["bookmarks"].get(room.stream, {})
    ]
    assert rows < marked[0]
    schema = out.of("SCHEMA", QUARANTINE)[0]
    assert schema["key_properties"] == ["record_id"]
    assert list(schema["schema"]["properties"]) == FIELDS


@EVERYWHERE
@pytest.mark.parametrize("bad", [1, 2])
def test_the_ratio(sim, clock, room, bad):
    """Exactly at max_invalid_ratio a window is fine, past it nothing of it leaves."""
    rows = NINE[: 10 - bad] + [(f"bad{number}", "xyzzy") for number in range(bad)]
    room.serve(sim, *rows)

    out = room.run(room.settings(sim, max_invalid_ratio=0.1), clock)

    if bad == 1:
        assert out.error is None
        assert room.values(out) == NINE_LEFT
    else:
        error = str(reason(out, room))
        assert isinstance(reason(out, room), InvalidRecords)
        assert "2 of 10 rows do not fit" in error
        assert "max_invalid_ratio is 0.1" in error
        assert "xyzzy" not in error
        assert out.counts() == {}
        assert out.bookmark(room.stream) is None


@EVERYWHERE
def test_the_default_ratio(sim, clock, room):
    """Unless set, a tenth of a window's rows may be misfits."""
    room.serve(sim, *NINE, ("bad", "abc"))
    room.serve(sim, *NINE[:8], ("bad", "abc"))

    good = room.run(room.settings(sim), clock)
    clock.sleep(clock.now() - clock.now().replace(hour=0))
    bad = room.run(room.settings(sim), clock)

    assert good.error is None
    assert "1 of 9" in str(reason(bad, room))


@EVERYWHERE
def test_invalid_records_fail(sim, clock, room):
    """With invalid_records 'fail' a single misfit fails its window."""
    room.serve(sim, *NINE, ("bad", "abc"))

    out = room.run(room.settings(sim, invalid_records="fail"), clock)

    assert "invalid_records is 'fail'" in str(reason(out, room))
    assert room.columns[1] in str(reason(out, room))
    assert out.counts() == {}
    assert out.bookmark(room.stream) is None


@EVERYWHERE
def test_nobody_receives_them(sim, clock, room):
    """Without the stream `quarantine` a misfit fails its window, and a later run loses nothing."""
    room.serve(sim, *NINE, ("bad", "abc"), times=2)
    config = room.settings(sim)

    first = room.run(config, clock, room.stream)
    second = room.run(config, clock, state=first.state)

    assert "'quarantine'" in str(reason(first, room))
    assert "not selected" in str(reason(first, room))
    assert first.counts() == {}
    assert second.error is None
    assert room.values(second) == NINE_LEFT
    assert len(second.records(QUARANTINE)) == 1


@EVERYWHERE
def test_nobody_need_receive_nothing(sim, clock, room):
    """Without misfits the quarantine need not be selected, and none of it leaves."""
    room.serve(sim, *NINE)

    out = room.run(room.settings(sim), clock, room.stream)

    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert out.of("SCHEMA", QUARANTINE) == []


@EVERYWHERE
def test_the_remedy(sim, clock, room):
    """What fails for misfits says where to correct the columns."""
    room.serve(sim, ("bad", "abc"), ("bad", "abc"))

    out = room.run(room.settings(sim), clock)

    assert f"{room.family}." in str(reason(out, room)).partition("correct")[2]
    assert "column" in str(reason(out, room)).partition("correct")[2]


# Rows that come twice, in every family


@EVERYWHERE
def test_a_key_that_comes_twice(sim, clock, caplog, room):
    """Of two rows of one key the first leaves; what was left out is counted in a warning."""
    room.serve(sim, *NINE, ("k1", "100"), ("k2", "2"))

    out = room.run(room.settings(sim), clock)

    (warning,) = (w for w in warnings(caplog) if "left out" in w)
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert "2 rows had the key of an earlier row" in warning
    assert "primary_keys" in warning


@EVERYWHERE
def test_equal_rows_without_a_key(sim, clock, caplog, room):
    """Rows known by their hash leave once if they are equal, and say nothing of it."""
    room.serve(sim, *NINE, ("k1", "100"), ("k2", "2"))

    out = room.run(room.settings(sim, **room.keys), clock)

    hashes = [record["_row_hash"] for record in out.records(room.stream)]
    assert out.error is None
    assert room.values(out) == [*NINE_LEFT, ("k1", 100)]
    assert len(set(hashes)) == 10
    assert [w for w in warnings(caplog) if "left out" in w] == []


@EVERYWHERE
def test_a_misfit_of_the_same_key(sim, clock, room):
    """A misfit has no key: a good row of the same key leaves, whichever comes first."""
    room.serve(sim, ("k0", "abc"), *NINE, ("k1", "abc"), *[(f"n{n}", "1") for n in range(20)])

    out = room.run(room.settings(sim), clock)

    assert out.error is None
    assert room.values(out)[:9] == NINE_LEFT
    assert len(out.records(QUARANTINE)) == 2


# JSON


def serve(sim: Simulator, *elements: Any, times: int = 1) -> None:
    """Make these elements the next file, texts to the letter."""
    written = ",".join(e if isinstance(e, str) else json.dumps(e) for e in elements)
    sim.faults.add(Fault("download", "bytes", body=f"[{written}]", times=times))


def conversation(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a conversation that is whole."""
    when = {"dateFrom": "2026-03-15T01:00:00.000Z", "dateTo": "2026-03-15T01:01:00.000Z"}
    whole = {"id": f"c{number}", "type": "bot", **when, "botId": "b", "agentId": None}
    return {**whole, "duration": number, **changes}


def without(field: str) -> dict[str, Any]:
    """Return a conversation that lacks a field."""
    return {name: value for name, value in conversation(99).items() if name != field}


def lenient(sim: Simulator, **changes: Any) -> dict[str, Any]:
    """Return settings of one day in which any number of misfits is fine."""
    return days(sim, max_invalid_ratio=1, **changes)


@pytest.mark.parametrize("layout", ["array", "lines", "pretty"])
@pytest.mark.parametrize("number", [1, 2])
def test_misfits_and_repeats(simulate, clock, layout, number):
    """Misfits of every kind and repeats in a file: the truth leaves, and every misfit is kept."""
    sim = simulate(rows_per_day=120, invalid_elements=7, duplicates=9, analytics_json=layout)

    out = run(days(sim, number), clock)

    reasons = [record["reason"] for record in out.records(QUARANTINE)]
    assert out.error is None
    assert bare(out.records(BOTS)) == typed(truth(sim, number))
    assert sorted(reasons) == sorted(
        [
            *["is not an object"] * 3,
            "lacks the required duration",
            "column duration holds something that is no number",
            "lacks the required id",
            "column date_from holds something that is no date-time",
        ]
        * number
    )


@pytest.mark.parametrize("number", [1, 2])
def test_misfits_of_csv(simulate, clock, number):
    """The same of CSV."""
    sim = simulate(rows_per_day=120, invalid_elements=6, duplicates=9)

    out = run(export(sim, number, format="csv"), clock)

    assert out.error is None
    assert bare(out.records(BOTS)) == typed(truth(sim, number))
    assert len(out.records(QUARANTINE)) == 6 * number


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("7", None),
        ("null", None),
        ('"a  text"', None),
        ("[1,  2]", None),
        ('{ "b":1.50,  "a":"\\u00e9" , "id":"x"}', "agentId"),
        (
            '{"half":"\\ud83d","id":"h","type":"bot","botId":1,"agentId":1,"duration":1,'
            '"dateFrom":"2026-03-15","dateTo":"2026-03-15"}',
            None,
        ),
        (
            '{"id":"y","duration" : "abc","type":"bot","botId":1,"agentId":1,'
            '"dateFrom":"2026-03-15","dateTo":"2026-03-15"}',
            "duration",
        ),
    ],
)
def test_to_the_letter(sim, clock, raw, field):
    """What did not fit is kept as it stood in the file, blanks, escapes and zeros included."""
    serve(sim, conversation(1), raw, conversation(2))

    out = run(lenient(sim), clock)

    (record,) = out.records(QUARANTINE)
    assert out.error is None
    assert record["record"] == raw
    assert record["field"] == field
    assert record["job_id"] == sim.analytics_exports[0].id
    assert [r["id"] for r in out.records(BOTS)] == ["c1", "c2"]


@pytest.mark.parametrize(
    "field", ["id", "type", "dateFrom", "dateTo", "botId", "agentId", "duration"]
)
def test_required_fields(sim, clock, field):
    """An object that lacks one of the seven fields of a conversation is none."""
    serve(sim, conversation(1), without(field))

    out = run(lenient(sim), clock)

    (record,) = out.records(QUARANTINE)
    assert record["reason"] == f"lacks the required {field}"
    assert record["field"] == field
    assert [r["id"] for r in out.records(BOTS)] == ["c1"]


@pytest.mark.parametrize("field", ["type", "dateFrom", "dateTo", "botId", "agentId", "duration"])
def test_null_is_not_missing(sim, clock, field):
    """A field that is null is there."""
    serve(sim, conversation(1, **{field: None}))

    out = run(days(sim), clock)

    assert out.error is None
    assert len(out.records(BOTS)) == 1
    assert out.records(QUARANTINE) == []


@pytest.mark.parametrize("spelled", ["customerRef", "customer_ref"])
def test_configured_fields(sim, clock, spelled):
    """Which fields are required can be set, by the source's names or ours."""
    serve(sim, {"id": "a", "customerRef": None}, {"id": "b"}, {"customerRef": 1})
    config = export(sim, required_fields=[spelled]) | {"max_invalid_ratio": 1}

    out = run(config, clock)

    assert [r["id"] for r in out.records(BOTS)] == ["a"]
    first, second = (r["reason"] for r in out.records(QUARANTINE))
    assert first in {"lacks the required customerRef", "lacks the required customer_ref"}
    assert second == "lacks the required id"


def test_no_required_fields(sim, clock):
    """An empty list requires the keys alone."""
    serve(sim, {"id": "a"}, conversation(1))

    out = run(export(sim, required_fields=[]), clock)

    assert [r["id"] for r in out.records(BOTS)] == ["a", "c1"]


@pytest.mark.some(4)
@pytest.mark.parametrize(
    "bad",
    [
        {"id": "z", "newKey": 1},
        conversation(9, duration="abc", newKey=1),
        '{"newKey":"\\ud800","id":"z"}',
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_keys_of_misfits_are_no_columns(sim, clock, bad, place):
    """What only a quarantined object has makes no column, wherever it stands, and is no drift."""
    rows = [conversation(1), conversation(2)]
    serve(sim, *rows[:place], bad, *rows[place:])

    out = run(lenient(sim, schema_drift="fail"), clock)

    assert out.error is None
    assert len(out.records(QUARANTINE)) == 1
    assert len(out.of("SCHEMA", BOTS)) == 1
    assert not [key for r in out.records(BOTS) for key in r if "new" in key]


def test_keys_before_a_misfit_stay(sim, clock):
    """A misfit takes away no column that good rows showed, before it, after it or as well."""
    bad = conversation(9, duration="abc", both=0, mine=0)
    rows = [conversation(1, first=1), bad, conversation(2, both=2), bad, conversation(3, late=3)]
    serve(sim, *rows, bad, conversation(9, duration="abc"))

    out = run(lenient(sim), clock)

    own = [{k: r[k] for k in r if k in {"first", "both", "late"}} for r in out.records(BOTS)]
    assert out.error is None
    assert own == [
        {"first": "1", "both": None, "late": None},
        {"first": None, "both": "2", "late": None},
        {"first": None, "both": None, "late": "3"},
    ]
    assert "mine" not in out.of("SCHEMA", BOTS)[-1]["schema"]["properties"]


def test_all_misfits(sim, clock):
    """A window of misfits alone is committed if the ratio allows it."""
    serve(sim, 1, 2, 3)

    out = run(lenient(sim), clock)

    assert out.error is None
    kinds = [message["type"] for message in out.messages if message.get("stream") == QUARANTINE]
    assert kinds[:4] == ["SCHEMA", "RECORD", "RECORD", "RECORD"]
    assert out.bookmark(BOTS) == "2026-03-16T00:00:00+00:00"


def test_no_misfit_at_all(sim, clock):
    """A ratio of 0 allows none."""
    serve(sim, *[conversation(number) for number in range(200)], 7)

    out = run(days(sim, max_invalid_ratio=0), clock)

    assert isinstance(failure(out), InvalidRecords)
    assert "1 of 201" in str(failure(out))


def test_an_error_in_place_of_rows(sim, clock):
    """An object that is an error of some server is no row, and fails the window."""
    sim.faults.add(Fault("download", "bytes", body='{"message":"Something went wrong"}'))

    out = run(days(sim), clock)

    assert isinstance(failure(out), InvalidRecords)
    assert "Something went wrong" not in str(failure(out))
    assert out.records(BOTS) == []


def test_the_record_id(sim, clock):
    """The same row has the same id whenever it comes, another stream's or row's another."""
    serve(sim, conversation(1), 7, 8)
    first = run(lenient(sim), clock)
    serve(sim, conversation(2), 7)
    second = run(lenient(sim), clock)

    seven, eight = (record["record_id"] for record in first.records(QUARANTINE))
    assert seven == hashlib.sha256(f"{BOTS}\n7".encode()).hexdigest()
    assert seven != eight
    assert [record["record_id"] for record in second.records(QUARANTINE)] == [seven]


def test_every_window_names_itself(simulate, clock):
    """A misfit names the window and the job it came with, and leaves before its STATE."""
    sim = simulate()
    serve(sim, conversation(1), 7)
    serve(sim, 8, conversation(2))

    out = run(days(sim, 2, max_invalid_ratio=1), clock)

    first, second = out.records(QUARANTINE)
    assert [first["window_start"], second["window_start"]] == [
        "2026-03-15T00:00:00+00:00",
        "2026-03-16T00:00:00+00:00",
    ]
    assert [first["job_id"], second["job_id"]] == [job.id for job in sim.analytics_exports]
    bookmark, seen = "", []
    for message in out.messages:
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"][BOTS].get("replication_key_value", "")
        if message["type"] == "RECORD" and message["stream"] == QUARANTINE:
            seen.append(bookmark)
    assert seen == ["", "2026-03-16T00:00:00+00:00"]


def test_the_order_is_the_files(sim, clock):
    """Records and misfits leave in the order of the file."""
    serve(sim, conversation(1), 7, conversation(2), 8)

    out = run(lenient(sim), clock)

    assert [m["stream"] for m in out.of("RECORD")] == [BOTS, QUARANTINE] * 2


@pytest.mark.parametrize("packed", [True, False])
def test_repeats_past_what_is_held(sim, clock, packed, monkeypatch):
    """A window of more keys than are held in memory leaves each once."""
    monkeypatch.setattr(SeenKeys.__init__, "__defaults__", (5,))
    rows = [conversation(number % 40) for number in range(120)]
    body = json.dumps(rows, separators=(",", ":")).encode()
    sim.faults.add(Fault("download", "bytes", body=gzip.compress(body) if packed else body))

    out = run(days(sim), clock)

    assert [r["id"] for r in out.records(BOTS)] == [f"c{number}" for number in range(40)]


# The parts


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=2) | st.integers(0, 3) | st.none())),
    st.integers(1, 20),
)
def test_seen_is_a_set(keys, most):
    """However few keys are held in memory, a key is new the first time and never again."""
    seen, wanted = SeenKeys(most), set()
    for key in keys:
        assert seen.add_if_new(key) == ((type(key[0]), key) not in wanted)
        wanted.add((type(key[0]), key))
    seen.close()


def test_seen_keeps_the_parts_of_a_key_apart():
    """Keys of several parts are the same only if each part is."""
    seen = SeenKeys()

    assert seen.add_if_new(["ab", "c"])
    assert seen.add_if_new(["a", "bc"])
    assert seen.add_if_new(["a", "b,c"])
    assert not seen.add_if_new(["a", "bc"])


@pytest.mark.slow
def test_seen_does_not_grow():
    """Past what is held, more keys take no more memory."""
    tracemalloc.start()
    seen = SeenKeys(2000)
    for number in range(2000):
        seen.add_if_new([number])
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(2000, 40_000):
        assert seen.add_if_new([number])
    grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    seen.close()

    assert grown < 500_000


SHAPE = RecordSpec(
    columns=[Column("id"), Column("n", "number")],
    schema_columns={"id", "n"},
    key_columns=("id",),
    constants={},
    required=("n",),
)
JSON: tuple[Format, ...] = ("json",)


def reading(spool: Spool) -> RowReader:
    """Open a spool of JSON."""
    return RowReader(open_table(spool, "f", FileExpectation(JSON, SHAPE.mandatory_columns)), SHAPE)


def test_what_was_counted():
    """A tally knows how many rows do not fit, and why, the most frequent reason first."""
    body = b'[{"id":1,"n":1},7,{"id":1,"n":"x"},8,{"id":1,"n":2}]'
    with spool_chunks([body], expected_size=None, description="f") as spool:
        found = reading(spool)
        tally = found.validate()
        items = list(found.items())

    assert (tally.rows, tally.invalid, tally.ratio) == (5, 3, 0.6)
    assert str(tally) == (
        "3 of 5 rows do not fit (2 times: is not an object, "
        "1 times: column n holds something that is no number)"
    )
    assert found.duplicate_count == 1
    assert [isinstance(item, InvalidRow) for item in items] == [False, True, True, True]
    assert [item.location for item in items if isinstance(item, InvalidRow)] == [
        "record 2",
        "record 3",
        "record 4",
    ]


def test_an_invalid_row_does_not_show():
    """The text of a row is in no representation that a log could hold."""
    assert "SECRET" not in repr(InvalidRow("line 1", "is odd", None, "SECRET"))


MEASURE = """
import gzip, io, re, sys
from pathlib import Path
from tap_cxone.rows.columns import Column
from tap_cxone.rows.decode import FileExpectation, open_table
from tap_cxone.rows.reader import RowReader
from tap_cxone.rows.layout import RecordSpec
from tap_cxone.spool import spool_chunks

def chunks(number):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        for start in range(0, number, 1000):
            rows = (b'{"id":"c%d","n":%d.25,"t":"ab"}' % (n, n) for n in range(start, start + 1000))
            file.write((b"[" if start == 0 else b",") + b",".join(rows))
            yield out.getvalue()
            out.seek(0)
            out.truncate()
        file.write(b"]")
    yield out.getvalue()

number = int(sys.argv[1])
shape = RecordSpec(
    columns=[Column("id"), Column("n", "number")],
    schema_columns={"id", "n"},
    key_columns=("id",),
    constants={},
)
with spool_chunks(chunks(number), expected_size=None, description="f") as spool:
    expected = FileExpectation(("json",), shape.mandatory_columns)
    reader = RowReader(open_table(spool, "f", expected), shape)
    assert reader.validate().rows == number
    assert sum(1 for _ in reader.items()) == number
# Not `ru_maxrss`: it begins with what the process took that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak(number: int) -> int:
    """Return the most memory, in KiB, that reading an array of so many objects takes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(number)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of memory")
@pytest.mark.slow
def test_a_million_records():
    """A million records take no more memory than a hundred thousand, and less than 150 MB."""
    few, many = peak(100_000), peak(1_000_000)

    assert many < 150 * 1024
    assert many < few * 1.15


def test_memory_is_constant():
    """Ten times the records take no more memory, but for what their keys take."""
    peaks = []
    for number in (500, 5000):
        rows = ",".join(f'{{"id":"{n}","n":1.5,"t":"{"x" * 700}"}}' for n in range(number))
        with spool_chunks(
            [gzip.compress(f"[{rows}]".encode(), 1)], expected_size=None, description="f"
        ) as spool:
            del rows
            tracemalloc.start()
            found = reading(spool)
            assert found.validate().invalid == 0
            assert sum(1 for _ in found.items()) == number
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[1] - peaks[0] < 4500 * 250
    assert peaks[1] < 3_000_000

"""Rows that are emitted as blocks of lines print what they would print one by one."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
from contextlib import closing
from typing import Any

import msgspec
import pytest
from singer_sdk.contrib.msgspec import MsgSpecWriter

from tap_cxone.clock import SystemClock
from tap_cxone.output import arrow_lines, record_lines
from tap_cxone.output.arrow_lines import encode_arrow_lines
from tap_cxone.output.record_lines import LineEncoder, RecordLineBuffer, RecordLines
from tap_cxone.rows.columnar import Records, block_converter
from tap_cxone.rows.columns import Column
from tap_cxone.rows.dedupe import DuplicateCandidates, PageOverlap
from tap_cxone.rows.layout import FileLayout, RecordSpec
from tap_cxone.rows.row_counts import InvalidRow
from tap_cxone.signals import SignalHandler
from tap_cxone.simulator import Fault, Options, Simulator
from tap_cxone.streams.base import CXoneStream
from tap_cxone.tap import TapCXone
from tests.support.examples import json_jobs, paged_rows
from tests.support.odd_rows import (
    AMONG,
    ODD,
    WIDE,
    conversations,
    csv_table,
    element,
    entity_settings,
)
from tests.support.run import FakeClock, select

AT = re.compile(rb',"time_extracted":"[^"]+"')
RANDOM = re.compile(rb'"(job_id|id|fingerprint|login)":"[0-9a-f-]{16,36}"')


class OneByOne(MsgSpecWriter):
    """A writer that is not the tap's own: it gets each record by itself."""


def printed(
    config: dict[str, Any], streams: tuple[str, ...], clock: FakeClock, **how: Any
) -> list[bytes]:
    """Return the lines that a run writes, but for when, and the random names of its jobs."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    catalog = select(config, *streams, "quarantine")
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"][-1:] == [how.get("without")]:
                item["metadata"]["selected"] = False
    with contextlib.redirect_stdout(out):
        tap = TapCXone(
            config={"parallel_families": False, **config},
            clock=clock,
            catalog=catalog,
            message_writer=how.get("writer"),
        )
        tap.sync_all()
    return [
        RANDOM.sub(rb'"\1":"?"', AT.sub(b"", line)) for line in out.buffer.getvalue().splitlines()
    ]


@pytest.fixture
def both(monkeypatch):
    """Return a function that runs the same files on both paths, and compares what they print."""
    blocks: list[RecordLines] = []
    write = CXoneStream.write_lines

    def counting(stream: CXoneStream, lines: RecordLines) -> None:
        blocks.append(lines)
        write(stream, lines)

    monkeypatch.setattr(CXoneStream, "write_lines", counting)

    def compare(settings: Any, streams: tuple[str, ...], *bodies: Any, **how: Any) -> list[Any]:
        runs = []
        for writer in (None, OneByOne()):
            clock = FakeClock()
            with Simulator(Options(rows_per_day=12), clock=clock) as sim:
                sim.faults.add(*(Fault("download", "bytes", body=body) for body in bodies))
                runs.append(printed(settings(sim), streams, clock, writer=writer, **how))
        at_once, one_by_one = runs
        assert at_once == one_by_one
        records = [json.loads(line) for line in at_once if line.startswith(b'{"type":"RECORD"')]
        own = [record for record in records if record["stream"] != "quarantine"]
        assert sum(lines.count for lines in blocks) == len(own) > 0
        return own

    return compare


@pytest.mark.ci
@pytest.mark.some(3)
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_csv_table_is_equal_on_both_paths(both, odd):
    """CSV prints the same on both paths."""
    both(entity_settings(), (WIDE,), csv_table(700, *odd), csv_table(3))


@pytest.fixture
def arrays(monkeypatch):
    """Have small files converted to Arrow arrays too; return what is encoded from such arrays."""
    encoded: list[int] = []

    def counting(records: Records, *how: Any) -> bytes:
        encoded.append(records.count)
        return encode_arrow_lines(records, *how)

    monkeypatch.setattr(record_lines, "MIN_ARROW_BYTES", 0)
    monkeypatch.setattr(arrow_lines, "encode_arrow_lines", counting)
    return encoded


@pytest.mark.ci
@pytest.mark.some(3)
@pytest.mark.parametrize("odd", ODD, ids=str)
def test_csv_table_as_arrow_arrays_is_equal_on_both_paths(both, arrays, odd):
    """CSV whose cells become Arrow arrays prints what the SDK prints of each record."""
    both(entity_settings(), (WIDE,), csv_table(700, *ODD[odd]), csv_table(30))

    assert 30 in arrays


@pytest.mark.parametrize("without", ["paid", "_window_start"])
def test_deselected_column_of_arrow_arrays_is_emitted_on_neither_path(both, arrays, without):
    """A column that is not selected is in no line that is made of Arrow arrays."""
    both(entity_settings(), (WIDE,), csv_table(50), csv_table(60, more=",New"), without=without)

    assert sum(arrays) >= 110


def test_csv_of_a_megabyte_is_converted_to_arrow_arrays_and_a_small_one_is_not():
    """The import of pyarrow takes longer than the rows of a small file."""
    encoder = LineEncoder("s", CLOCK)

    assert encoder.arrow_chunk_bytes(1 << 20) > 0
    assert encoder.arrow_chunk_bytes((1 << 20) - 1) == 0


def test_csv_without_pyarrow_is_converted_to_python_values(monkeypatch):
    """Lines need no package beyond those of the tap."""
    monkeypatch.setattr(record_lines, "find_spec", lambda _name: None)

    assert LineEncoder("s", CLOCK).arrow_chunk_bytes(1 << 30) == 0


@pytest.mark.ci
def test_csv_table_without_keys_is_equal_on_both_paths(both):
    """So does it where rows are known by their digest, and equal rows are emitted once."""
    rows = both(
        entity_settings(keys=()), (WIDE,), csv_table(700, "s3,,,,,", "s3,,,,,"), csv_table(2)
    )

    assert all(len(row["record"]["_row_hash"]) == 64 for row in rows)
    assert len(rows) == 703


@pytest.mark.parametrize("without", ["score", "paid", "_window_start"])
def test_deselected_column_is_emitted_on_neither_path(both, without):
    """A column that is not selected is emitted on neither path."""
    rows = both(
        entity_settings(), (WIDE,), csv_table(50), csv_table(60, more=",New"), without=without
    )

    assert len(rows) == 110
    assert not [row for row in rows if without in row["record"]]


@pytest.mark.ci
def test_new_column_of_a_second_window_has_its_schema_first(both):
    """A column that comes with the second window has its SCHEMA first, and no row lacks it."""
    rows = both(entity_settings(), (WIDE,), csv_table(20), csv_table(30, more=",New Column"))

    assert [("new_column" in row["record"]) for row in rows] == [False] * 20 + [True] * 30


@pytest.mark.some(3)
@pytest.mark.parametrize("among", AMONG.values(), ids=AMONG)
def test_objects(both, among):
    """JSON prints the same on both paths."""
    elements = [among.get(number, element(number)) for number in range(1200)]

    both(conversations, (json_jobs.STREAM,), gzip.compress(f"[{','.join(elements)}]".encode()))


@pytest.mark.ci
def test_lines_of_objects(both):
    """So does an object a line."""
    rows = both(conversations, (json_jobs.STREAM,), "\n".join(map(element, range(300))))

    assert len(rows) == 300


def test_record_lines_of_pages_equal_the_sdk(both):
    """So do pages whose rows hold an object of metrics."""
    rows = both(paged_rows.download_settings, (paged_rows.STREAM,))

    assert len({len(row["record"]) for row in rows}) == 1


# Who sees each record


def stream_of(config: dict[str, Any], clock: FakeClock) -> CXoneStream:
    """Return the stream of the table."""
    stream = TapCXone(config=config, clock=clock).streams[WIDE]
    assert isinstance(stream, CXoneStream)
    return stream


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_maps": {WIDE: {"shouted": "note.upper()"}}},
        {"flattening_enabled": True, "flattening_max_depth": 1},
        {"completion_webhook": {"url": "http://127.0.0.1:9/x", "sample_size": 2}},
    ],
    ids=["map", "flattening", "sample"],
)
def test_records_seen_one_by_one_are_not_emitted_as_lines(sim, clock, changes):
    """With a stream map, flattening or a sample, no stream emits its rows as lines."""
    assert stream_of(entity_settings(**changes)(sim), clock).record_output() is None
    assert stream_of(entity_settings()(sim), clock).record_output() is not None


def test_counted_run_is_equal_on_both_paths(sim, clock):
    """Nor does a stream whose records are counted to stop it."""
    stream = stream_of(entity_settings()(sim), clock)
    stream.ABORT_AT_RECORD_COUNT = 1

    assert stream.record_output() is None


@pytest.mark.ci
def test_record_counter_counts_record_lines(sim, clock, caplog):
    """The SDK's counter of records knows those that left as lines."""
    caplog.set_level("INFO")
    sim.faults.add(*(Fault("download", "bytes", body=csv_table(n, "s3,,,,,x")) for n in (700, 50)))

    printed(entity_settings()(sim), (WIDE,), clock)

    points = [r.args[0] for r in caplog.records if r.msg == "METRIC: %s"]
    counted = [p.value for p in points if p.metric == "record_count" and p.tags["stream"] == WIDE]
    assert counted == [750]


# The parts

LAYOUT = FileLayout.from_header(
    ["id"],
    RecordSpec(
        columns=[Column("id")], schema_columns={"id"}, key_columns=("id",), constants={"_end": "x"}
    ),
)
CLOCK = SystemClock(SignalHandler())


def buffered(*parts: Any, **changes: Any) -> RecordLineBuffer:
    """Return what is ready of some parts: texts are records of that id."""
    found = RecordLineBuffer(LineEncoder(**{"stream": "s", "clock": CLOCK, **changes}), "f")
    for part in parts:
        ids = [part] if isinstance(part, str) else None
        found.add(block_converter(LAYOUT)([ids], 1) if ids else part)
    found.flush()
    return found


def test_bare_records():
    """Without a name for the stream, a line is the record alone."""
    with closing(buffered("a", "ü", stream=None)) as found:
        data = [part.data for part in found.blocks() if isinstance(part, RecordLines)]

    assert data == [b'{"id":"a","_end":"x"}\n', '{"id":"ü","_end":"x"}\n'.encode()]


def test_stream_version_is_in_each_record_line():
    """A stream's version stands in each of its lines, where the SDK writes it."""
    with closing(buffered("a", version=7)) as found:
        (lines,) = found.blocks()

    assert isinstance(lines, RecordLines)
    assert list(msgspec.json.decode(lines.data)) == [
        *("type", "stream", "record", "version", "time_extracted")
    ]


def test_record_lines_keep_their_order():
    """RecordLines and invalid rows come back in their order, as often as they are requested."""
    invalid = InvalidRow("line 2", "is odd", None, '{"ü":1}')

    with closing(buffered("a", invalid, "b")) as found:
        for _ in range(2):
            one, two, three = found.blocks()
            assert (one.count, two, three.count) == (1, invalid, 1)


@pytest.mark.parametrize("most", [3, 1000])
def test_suspects(most):
    """Each repeated key is a candidate, near or far, in memory or on disk; no other key is."""
    keys = [(f"k{number}", number) for number in range(200)]
    again = [keys[number] for number in (0, 7, 150, 199)]
    suspects = DuplicateCandidates(most)
    for start in range(0, 200, 10):
        suspects.add_keys(keys[start : start + 10])
    suspects.add_keys(again[:2])
    suspects.add_keys(again[2:])

    found = suspects.candidates()
    suspects.close()
    assert found is None if most == 3 else found == set(map(hash, again))


@pytest.mark.parametrize("most", [5, 1000])
def test_passed(most):
    """A text of the first ones that comes again is known at once, as often as it comes again."""
    passed = PageOverlap(most)
    pages = [[b"%d" % (10 * page + row) for row in range(10)] for page in range(20)]

    for texts in pages:
        assert passed.add_page([*texts, texts[0]]) == (10, 0)
    assert not passed.has_duplicates()
    assert passed.add_page([b"a", *pages[0][:4], b"b"]) == (6, 4)
    passed.close()


@pytest.mark.parametrize("place", [0, 3, 11, 19])
def test_passed_past_what_is_held(place):
    """Any text that comes again is known at the end at the latest."""
    passed = PageOverlap(25)
    pages = [[b"%d" % (10 * page + row) for row in range(10)] for page in range(20)]
    known = sum(passed.add_page(texts)[1] for texts in [*pages, [pages[place][7]]])

    assert known or passed.has_duplicates()
    passed.close()


def test_suspects_past_what_is_held():
    """A few that come twice among many are found in the file."""
    suspects = DuplicateCandidates(50)
    for number in range(1000):
        suspects.add_keys([(f"k{number}",)])
    suspects.add_keys([("k3",), ("k990",)])

    found = suspects.candidates()
    suspects.close()
    assert found == {hash(("k3",)), hash(("k990",))}

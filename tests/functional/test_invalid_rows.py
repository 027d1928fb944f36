"""Invalid rows go to the quarantine, in every family."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap_cxone.errors import DecodeError, InvalidRecords, StreamsFailed
from tests.support.audit_log import audit_lines
from tests.support.ids import readable
from tests.support.room import QUARANTINE, Room
from tests.support.rooms import EVERYWHERE, NINE, NINE_LEFT

if TYPE_CHECKING:
    from tests.support.run import Output

FIELDS = [
    *("record_id", "stream", "job_id", "window_start", "window_end"),
    *("location", "reason", "field", "record", "quarantined_at"),
]


def reason(out: Output, room: Room) -> Exception:
    """Return why a room's stream failed."""
    assert isinstance(out.error, StreamsFailed)
    return out.error.failures[room.stream]


@EVERYWHERE
def test_cell_that_is_no_number_is_quarantined(sim, clock, room):
    """A row with a misfit cell goes to the quarantine, the others are emitted."""
    room.serve(sim, *NINE[:4], ("bad", "abc"), *NINE[4:])

    out = room.run(room.settings(sim), clock)

    (record,) = out.records(QUARANTINE)
    _, number = room.columns
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert list(record) == FIELDS
    assert record["stream"] == room.stream
    assert record["location"] == "line 6"
    assert record["field"] == number
    assert record["reason"] == f"column {number} has a value that is not of type number"
    assert record["window_start"] == "2026-03-15T00:00:00+00:00"
    assert record["window_end"] == "2026-03-16T00:00:00+00:00"
    assert record["quarantined_at"] == clock.now().isoformat()
    raw = json.loads(record["record"])
    assert (raw[room.header[0]], raw[room.header[1]]) == ("bad", "abc")
    assert list(raw) == list(room.header)


@EVERYWHERE
@pytest.mark.parametrize("cells", [("short",), ("long", *"1234567", "8")], ids=readable)
def test_ragged_row_in_the_middle_is_quarantined(sim, clock, room, cells):
    """A row of fewer or more cells goes to the quarantine, its cells as a list."""
    room.serve(sim, *NINE[:8], cells, NINE[8])

    out = room.run(room.settings(sim), clock)

    (record,) = out.records(QUARANTINE)
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert record["reason"] == f"has {len(cells)} cells, but the header has {len(room.header)}"
    assert record["field"] is None
    assert json.loads(record["record"]) == list(cells)


@EVERYWHERE
def test_ragged_last_row_is_fetched_again(sim, clock, room):
    """A last row of too few cells is the end of a damaged file, which is fetched again."""
    room.serve(sim, *NINE, ("short",))
    room.serve(sim, *NINE)

    out = room.run(room.settings(sim), clock)

    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert out.records(QUARANTINE) == []


@pytest.mark.promise("whole-files")
@EVERYWHERE
def test_always_a_ragged_last_row(sim, clock, room):
    """A file that is always damaged fails its stream; no record of it is emitted."""
    room.serve(sim, *NINE, ("short",), times=9)

    out = room.run(room.settings(sim), clock)

    assert isinstance(reason(out, room), DecodeError)
    assert "the file is truncated" in str(reason(out, room))
    assert room.values(out) == []
    assert out.bookmark(room.stream) is None


@pytest.mark.promise("state-follows-records")
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


@pytest.mark.promise("whole-files")
@EVERYWHERE
@pytest.mark.parametrize("bad", [1, 2])
def test_invalid_ratio_above_the_maximum_emits_no_record(sim, clock, room, bad):
    """Exactly at max_invalid_ratio a window is fine, past it no record of it is emitted."""
    rows = NINE[: 10 - bad] + [(f"bad{number}", "xyzzy") for number in range(bad)]
    room.serve(sim, *rows)
    config = room.settings(sim, max_invalid_ratio=0.1, max_invalid_rows_free=0)

    out = room.run(config, clock)

    if bad == 1:
        assert out.error is None
        assert room.values(out) == NINE_LEFT
    else:
        error = str(reason(out, room))
        assert isinstance(reason(out, room), InvalidRecords)
        assert "2 of 10 rows failed validation" in error
        assert "max_invalid_ratio is 0.1" in error
        assert "xyzzy" not in error
        assert out.counts() == {}
        assert out.bookmark(room.stream) is None


@EVERYWHERE
def test_invalid_ratio_is_a_tenth_by_default(sim, clock, room):
    """Unless set, a tenth of a window's rows may be misfits."""
    room.serve(sim, *NINE, ("bad", "abc"))
    room.serve(sim, *NINE[:8], ("bad", "abc"))
    config = room.settings(sim, max_invalid_rows_free=0)

    good = room.run(config, clock)
    clock.sleep(clock.now() - clock.now().replace(hour=0))
    bad = room.run(config, clock)

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
def test_invalid_row_without_quarantine_fails_the_window(sim, clock, room):
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
def test_quarantine_is_not_needed_without_invalid_rows(sim, clock, room):
    """Without misfits the quarantine need not be selected, and no record of it is emitted."""
    room.serve(sim, *NINE)

    out = room.run(room.settings(sim), clock, room.stream)

    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert out.of("SCHEMA", QUARANTINE) == []


@EVERYWHERE
def test_invalid_rows_failure_names_where_to_correct_columns(sim, clock, room):
    """What fails for misfits says where to correct the columns."""
    room.serve(sim, ("bad", "abc"), ("bad", "abc"))

    out = room.run(room.settings(sim, max_invalid_rows_free=1), clock)

    assert f"{room.family}." in str(reason(out, room)).partition("correct")[2]
    assert "column" in str(reason(out, room)).partition("correct")[2]


@pytest.mark.promise("whole-files")
@EVERYWHERE
@pytest.mark.parametrize("bad", [10, 11])
def test_invalid_rows_up_to_the_free_number_never_fail_a_window(sim, clock, room, bad):
    """A small window passes with ten misfits whatever their share is; one more fails it."""
    room.serve(sim, *NINE, *[(f"bad{number}", "xyzzy") for number in range(bad)])

    out = room.run(room.settings(sim), clock)

    if bad == 10:
        assert out.error is None
        assert room.values(out) == NINE_LEFT
        assert len(out.records(QUARANTINE)) == 10
    else:
        assert isinstance(reason(out, room), InvalidRecords)
        assert "11 of 20 rows failed validation" in str(reason(out, room))
        assert out.counts() == {}


@EVERYWHERE
def test_failure_of_incomplete_keys_names_the_setting_of_the_keys(sim, clock, room):
    """Rows without a key are no fault of the declared columns."""
    room.serve(sim, *[("", str(number)) for number in range(11)], times=9)

    out = room.run(room.settings(sim), clock)

    assert "11 times: incomplete key" in str(reason(out, room))
    assert "primary_keys" in str(reason(out, room)).partition("correct")[2]


@EVERYWHERE
@pytest.mark.parametrize("blank", ["", "  "], ids=["empty", "blanks"])
def test_row_with_an_incomplete_key_goes_to_the_quarantine(sim, clock, room, blank):
    """Rows without their key are kept apart, each of them, as nothing tells them apart."""
    room.serve(sim, *NINE[:4], (blank, "100"), *NINE[4:], (blank, "200"))

    out = room.run(room.settings(sim), clock)

    records = out.records(QUARANTINE)
    assert out.error is None
    assert room.values(out) == NINE_LEFT
    assert [record["reason"] for record in records] == ["incomplete key"] * 2
    assert [record["field"] for record in records] == [room.columns[0]] * 2
    assert [json.loads(r["record"])[room.header[1]] for r in records] == ["100", "200"]


@EVERYWHERE
def test_row_with_a_blank_cell_is_valid_without_a_key(sim, clock, room):
    """A row that its hash identifies needs no cell."""
    room.serve(sim, *NINE, ("", "100"))

    out = room.run(room.settings(sim, **room.keys), clock)

    assert room.values(out) == [*NINE_LEFT, (None, 100)]
    assert out.records(QUARANTINE) == []


@EVERYWHERE
def test_lines_that_are_no_rows_are_not_emitted(sim, clock, audit_log, room):
    """Lines of commas and repeated headers are counted in the audit log, not quarantined."""
    blank = tuple("" for _ in room.header)
    room.serve(sim, blank, *NINE[:4], room.header, *NINE[4:], blank)

    out = room.run(room.settings(sim, audit_log_path=str(audit_log)), clock)

    lines = [line for line in audit_lines(audit_log) if line["stream"] == room.stream]
    (validated,) = (line for line in lines if line["event"] == "window_validated")
    (ended,) = (line for line in lines if line["event"] == "stream_ended")
    assert room.values(out) == NINE_LEFT
    assert out.records(QUARANTINE) == []
    assert (validated["rows"], validated["valid"], validated["invalid"]) == (9, 9, 0)
    assert (validated["blank"], validated["repeated_headers"]) == (2, 1)
    assert (ended["rows"], ended["dropped"]) == (9, 3)

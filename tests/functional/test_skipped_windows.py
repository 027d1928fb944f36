"""Windows that a setting passes without reading them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.errors import ConfigError
from tap_cxone.planning.skipped_windows import SkipList, SkippedWindow
from tap_cxone.windows import Window, daily_windows
from tests.support.audit_log import audit_lines
from tests.support.examples import paged_rows
from tests.support.expectations import warnings_logged
from tests.support.properties import many
from tests.support.requests import submits
from tests.support.rooms import EVERYWHERE, NINE, NINE_LEFT, room_of

POISON = [(f"bad{number}", "xyzzy") for number in range(11)]
START = datetime(2026, 3, 1, tzinfo=UTC)


def instant_of_day(number):
    return f"2026-03-{number}T00:00:00+00:00"


def skipping(stream, first=15, end=16):
    return [
        {
            "stream": stream,
            "from": instant_of_day(first),
            "to": instant_of_day(end),
            "why": "two halves of a row",
        }
    ]


@EVERYWHERE
def test_skipped_window_is_passed(sim, clock, caplog, audit_log, room):
    """A window that fails each run is passed without a request; those around it are read."""
    span = {"start_date": instant_of_day(14), "end_date": instant_of_day(17)}
    room.serve(sim, *NINE)
    room.serve(sim, ("later", "100"))
    config = room.settings(sim, **span, audit_log_path=str(audit_log))

    out = room.run({**config, "skip_windows": skipping(room.stream)}, clock)

    (event,) = (line for line in audit_lines(audit_log) if line["event"] == "window_skipped")
    (warning,) = (text for text in warnings_logged(caplog) if "skip_windows" in text)
    starts = [record["_window_start"] for record in out.records(room.stream)]
    assert out.error is None
    assert room.values(out) == [*NINE_LEFT, ("later", 100)]
    assert starts == [instant_of_day(14)] * 9 + [instant_of_day(16)]
    assert out.bookmark(room.stream) == instant_of_day(17)
    assert len(submits(sim)) == 2
    assert (event["window_start"], event["window_end"]) == (instant_of_day(15), instant_of_day(16))
    assert event["reason"] == "two halves of a row"
    assert "two halves of a row" in warning


@EVERYWHERE
def test_stream_that_failed_goes_on_behind_the_skipped_window(sim, clock, room):
    """The window that failed the run before is passed, whatever the next one would be."""
    room.serve(sim, *NINE, *POISON)
    failed = room.run(room.settings(sim), clock)
    room.serve(sim, *NINE)
    changes = {"end_date": instant_of_day(18), "skip_windows": skipping(room.stream)}

    out = room.run(room.settings(sim, **changes), clock, state=failed.state)

    assert failed.error is not None
    assert out.error is None
    assert {record["_window_start"] for record in out.records(room.stream)} == {instant_of_day(16)}
    assert out.bookmark(room.stream) == instant_of_day(18)


@EVERYWHERE
@pytest.mark.parametrize("parallel", [False, True])
def test_skipped_range_may_cover_the_whole_run(sim, clock, room, parallel):
    """Nothing is requested then, and the bookmark moves."""
    changes = {"skip_windows": skipping(room.stream, 10, 19), "parallel_families": parallel}

    out = room.run(room.settings(sim, **changes), clock)

    assert out.error is None
    assert out.records(room.stream) == []
    assert out.bookmark(room.stream) == instant_of_day(16)
    assert submits(sim) == []


def test_skipped_day_of_a_download_is_passed(sim, clock):
    """A window that a row sums up is passed if the range covers all of it."""
    days = [paged_rows.local(paged_rows.FIRST + n * paged_rows.DAY).isoformat() for n in range(4)]
    skipped = [{"stream": paged_rows.STREAM, "from": days[1], "to": days[2], "why": "odd"}]
    partly = [
        {"stream": paged_rows.STREAM, "from": instant_of_day(15), "to": days[1], "why": "odd"}
    ]

    out = paged_rows.run_downloads(
        paged_rows.download_settings(sim, 3, skip_windows=[*skipped, *partly]), clock
    )

    starts = {record["_window_start"] for record in out.records(paged_rows.STREAM)}
    assert out.error is None
    assert starts == {days[0], days[2]} if instant_of_day(15) > days[0] else {days[2]}
    assert out.bookmark(paged_rows.STREAM) == days[3]


def test_range_inside_of_a_window_of_sums_is_reported(sim, clock, caplog):
    """A day of a window of two days cannot be passed; the warning names range and window."""
    range_of_day = {"stream": paged_rows.STREAM, "from": "2026-03-17", "to": "2026-03-18"}
    config = paged_rows.download_settings(
        sim, 4, own={"window_days": 2}, skip_windows=[{**range_of_day, "why": "odd"}]
    )

    out = paged_rows.run_downloads(config, clock)

    (warning,) = (text for text in warnings_logged(caplog) if "skip_windows" in text)
    assert out.error is None
    assert "the range 2026-03-17T04:00Z to 2026-03-18T04:00Z of skip_windows covers only" in warning
    assert "2026-03-17" in warning.partition("a part of ")[2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stream": "qm_workflow"}, ["qm_workflow", "did you mean 'qm_workflows'?"]),
        ({"to": instant_of_day(10)}, ["skip_windows.0.to is not after from"]),
        ({"why": ""}, ["skip_windows.0.why"]),
        ({"until": instant_of_day(16)}, ["skip_windows.0.until"]),
    ],
    ids=["stream", "order", "why", "name"],
)
def test_skipped_range_that_is_wrong_is_refused(sim, clock, change, words):
    """A range without an effect, or without a reason, is an error of the settings."""
    room = room_of("qm_workflows")
    entry = skipping(room.stream)[0] | change

    with pytest.raises(ConfigError) as raised:
        room.run(room.settings(sim, skip_windows=[entry]), clock)

    assert all(word in str(raised.value) for word in words)


@many
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 100)), max_size=4),
    st.integers(0, 9),
    st.integers(10, 12),
)
def test_skip_list_covers_the_time_once(ranges, first, last):
    """Ranges cut the windows; no hour between start and end is lost."""
    hour = timedelta(hours=1)
    windows = [Window(START + b * hour, START + (b + length) * hour) for b, length in ranges]
    skip_list = SkipList(
        sorted((SkippedWindow(w, "odd") for w in windows), key=lambda s: s.window.start)
    )
    start, end = START + timedelta(days=first), START + timedelta(days=last)

    found = list(skip_list.cut(start, end, lambda a, b: daily_windows(a, b, max_days=3)))

    assert found[0].start <= start
    assert found[-1].end == end
    assert all(b.start <= a.end < b.end for a, b in pairwise(found))
    assert any(map(skip_list.find, found)) == any(w.start < end and start < w.end for w in windows)

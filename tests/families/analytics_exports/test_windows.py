"""Analytics exports: submit bodies, and windows to the millisecond."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.simulator import Options, Simulator
from tests.support.analytics_exports import (
    START,
    STREAM,
    conversation,
    conversation_ids,
    expected_conversations,
    export_settings,
    run_exports,
    serve_export,
)
from tests.support.ids import readable
from tests.support.properties import examples
from tests.support.requests import statuses, submit_bodies, submits
from tests.support.run import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


LAST_SECOND = 59
MILLISECOND = timedelta(milliseconds=1)


def exported_ranges(sim: Simulator) -> list[tuple[datetime, datetime]]:
    """Return the ranges of dates that were requested, in order."""
    queries = [body["query"] for body in submit_bodies(sim)]
    return [
        (datetime.fromisoformat(q["dateFrom"]), datetime.fromisoformat(q["dateTo"]))
        for q in queries
    ]


def test_body(sim, clock):
    """A submit holds exactly the range to the millisecond, the filter and the format."""
    run_exports(export_settings(sim), clock)

    (post,) = submits(sim)
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"].startswith("Bearer ")
    assert submit_bodies(sim) == [
        {
            "query": {
                "dateFrom": "2026-03-15T00:00:00.000Z",
                "dateTo": "2026-03-15T23:59:59.999Z",
                "filter": "type eq 'bot'",
            },
            "exportType": "conversation",
            "format": "json",
            "compression": "gzip",
            "includeHeaders": True,
        }
    ]


def test_windows_of_thirty_days(simulate, clock):
    """By default a job requests 30 days, which is the most that the API takes."""
    sim = simulate(rows_per_day=1)
    config = export_settings(sim, start_date="2026-01-01", end_date="2026-03-10", own={})

    out = run_exports(config, clock)

    assert out.error is None
    assert [(end + MILLISECOND - start).days for start, end in exported_ranges(sim)] == [30, 30, 8]
    assert 400 not in statuses(sim)


@pytest.fixture(scope="module")
def long_lived() -> Iterator[tuple[Simulator, FakeClock]]:
    """Return a simulator for many runs, and its clock."""
    clock = FakeClock()
    with Simulator(Options(rows_per_day=7, job_seconds=3), clock=clock) as sim:
        yield sim, clock


@pytest.mark.ci
@examples(20)
@given(
    begin=st.timedeltas(timedelta(0), timedelta(days=5)),
    length=st.timedeltas(timedelta(hours=2), timedelta(days=9)),
    most=st.integers(1, 4),
    places=st.integers(1, 3),
)
@example(timedelta(0), timedelta(days=3), 1, 3)
def test_every_row_once(long_lived, begin, length, most, places):
    """Whatever the dates, the ranges adjoin and share no instant, and every row is emitted once."""
    sim, clock = long_lived
    before = len(submits(sim))
    start = (datetime(2026, 3, 1, tzinfo=UTC) + begin).replace(microsecond=0)
    end = (start + length).replace(microsecond=0)
    config = export_settings(
        sim,
        start_date=start.isoformat(),
        end_date=end.isoformat(),
        own={"window_days": most, "max_concurrent": places},
    )
    end += timedelta(seconds=end.second == LAST_SECOND)  # the last second means the whole minute

    out = run_exports(config, clock)

    asked = exported_ranges(sim)[before:]
    midnight = start.replace(hour=0, minute=0, second=0)
    assert out.error is None
    assert (asked[0][0], asked[-1][1]) == (midnight, end - MILLISECOND)
    assert all(b[0] - a[1] == MILLISECOND for a, b in itertools.pairwise(asked))
    assert all(b - a < timedelta(days=most) for a, b in asked)
    assert conversation_ids(out) == [r["id"] for r in sim.expected_rows(STREAM, midnight, end)]
    assert out.bookmark(STREAM) == end.isoformat()
    assert sim.conflicts == 0


@pytest.mark.some(4)
@pytest.mark.parametrize("place", [0, 3, -1])
@pytest.mark.parametrize(
    ("later", "inside"),
    [(timedelta(0), False), (MILLISECOND, True), (MILLISECOND / 2, True)],
    ids=readable,
)
def test_last_millisecond_belongs_to_the_window_before_its_end(sim, clock, place, later, inside):
    """The end is no part of a window, the millisecond before it is its last."""
    found = expected_conversations(sim)[place]
    instant = datetime.fromisoformat(found["dateFrom"])

    out = run_exports(export_settings(sim, end_date=(instant + later).isoformat()), clock)

    assert out.error is None
    assert (found["id"] in conversation_ids(out)) == inside


def test_first_millisecond_belongs_to_one_window_alone(simulate, clock):
    """A row at the first instant of a window is in that window, and in it alone."""
    first, second = START, START + timedelta(days=1)
    sim = simulate()
    edges = [
        conversation(1, dateFrom="2026-03-15T23:59:59.999Z"),
        conversation(2, dateFrom="2026-03-16T00:00:00.000Z"),
    ]
    serve_export(sim, edges[0])
    serve_export(sim, edges[1])

    out = run_exports(export_settings(sim, 2), clock)

    (_, last), (begin, _) = exported_ranges(sim)
    assert (begin, last) == (second, second - MILLISECOND)
    assert last.isoformat() == "2026-03-15T23:59:59.999000+00:00"
    assert [r["_window_start"] for r in out.records(STREAM)] == [
        first.isoformat(),
        second.isoformat(),
    ]


def test_up_to_the_present(sim, clock):
    """Without an end the last window ends half an hour ago, and the day is read again later."""
    config = export_settings(sim)
    del config["end_date"]
    config["start_date"] = "2026-03-20T00:00:00Z"
    first = run_exports(config, clock)
    clock.sleep(timedelta(hours=6))

    second = run_exports(config, clock, state=first.state)

    assert first.bookmark(STREAM) == "2026-03-20T11:30:00+00:00"
    assert exported_ranges(sim)[1][0] == datetime(2026, 3, 20, tzinfo=UTC)
    assert set(conversation_ids(first)) < set(conversation_ids(second))

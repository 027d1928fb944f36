"""Data download: days of the zone of the tenant."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_cxone.tap import TapCXone
from tap_cxone.windows import daily_windows, midnight
from tests.support.data_download import (
    BASKET,
    DAY,
    DOWNLOAD,
    DOWNLOADS,
    FIRST,
    NEW_YORK,
    STREAM,
    download_settings,
    exact_value,
    expected_interactions,
    local,
    page_bodies,
    run_downloads,
    sorted_ids,
)
from tests.support.ids import readable
from tests.support.properties import examples
from tests.support.requests import requests_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.windows import Window

ZONES = sorted(available_timezones())


def is_midnight(instant: datetime, zone: ZoneInfo) -> bool:
    """Return True if a local day begins at an instant: no part of it was before."""
    before = (instant - timedelta(seconds=1)).astimezone(zone).date()
    return before < instant.astimezone(zone).date()


def within(window: Window, zone: ZoneInfo) -> set[date]:
    """Return the local days that a window touches."""
    step, found, instant = timedelta(minutes=15), set(), window.start
    while instant < window.end:
        found.add(instant.astimezone(zone).date())
        instant += step
    found.add((window.end - timedelta(seconds=1)).astimezone(zone).date())
    return found


def planner(zone: ZoneInfo, most: int = 1) -> Callable[[datetime, datetime], list[Window]]:
    """Return the function that gives the windows the stream plans."""
    config = {
        "client_id": "any",
        "client_secret": "any",
        "tenant": "acme",
        "timezone": zone.key,
        "data_download": {"downloads": DOWNLOADS, "window_days": most},
    }
    stream = TapCXone(config=config).streams["a"]
    return lambda start, horizon: list(stream.windows(start, horizon, ()))  # type: ignore[attr-defined]


@pytest.mark.ci
@examples(100)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=12)),
    st.integers(1, 9),
)
@example("Pacific/Apia", datetime(2026, 4, 4, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("America/Sao_Paulo", datetime(2018, 11, 2, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("America/Sao_Paulo", datetime(2018, 2, 16, 1), timedelta(days=4), 2)  # noqa: DTZ001
@example("Africa/Cairo", datetime(2026, 4, 22, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("Africa/Cairo", datetime(2026, 10, 28, 1), timedelta(days=4), 1)  # noqa: DTZ001
@example("America/Havana", datetime(2025, 11, 1, 1), timedelta(days=4), 1)  # noqa: DTZ001
def test_whole_local_days(name, began, length, most):
    """Windows are whole days of the zone that are over, without a gap and without overlap.

    They are cut the same wherever one begins to read.
    """
    zone = ZoneInfo(name)
    start = began.replace(tzinfo=UTC)
    horizon = start + length
    first, today = start.astimezone(zone).date(), horizon.astimezone(zone).date()

    plan = planner(zone, most)
    found = plan(start, horizon)

    reached = found[-1].end.astimezone(zone).date() if found else first
    assert found or (today - first).days < most
    assert (today - reached).days < most
    assert not found or found[0].start <= start
    assert not found or found[0].start.astimezone(zone).date() == first
    assert not found or found[-1].end <= horizon
    assert {*plan(start + DAY, horizon)[1:]} <= {*found}
    for place, window in enumerate(found):
        assert plan(window.start, horizon) == found[place:]
        assert is_midnight(window.start, zone)
        assert is_midnight(window.end, zone)
        assert len(within(window, zone)) <= most
    assert all(one.end == two.start for one, two in pairwise(found))
    assert set().union(*(within(window, zone) for window in found)) <= {
        first + n * DAY for n in range((today - first).days)
    }


@pytest.mark.ci
def test_no_day_that_is_not_over():
    """There is no window as long as the first day lasts, to its last second."""
    start = local(FIRST)
    almost = start + DAY - timedelta(seconds=1)

    assert planner(NEW_YORK)(start, almost) == []
    assert len(planner(NEW_YORK)(start, start + DAY)) == 1


@pytest.mark.slow
def test_both_changes_of_all_zones():
    """In every zone a day with a change of clocks is as long as it is, and its neighbours too."""
    for name in ZONES:
        zone = ZoneInfo(name)
        offsets = {
            n: (datetime(2026, 1, 1, 12, tzinfo=UTC) + n * DAY).astimezone(zone).utcoffset()
            for n in range(366)
        }
        for n in (n for n in range(1, 366) if offsets[n] != offsets[n - 1]):
            changed = datetime(2026, 1, 1, 12, tzinfo=UTC) + n * DAY
            horizon = midnight(changed + 2 * DAY, zone=zone)
            found = list(daily_windows(changed - 2 * DAY, horizon, max_days=1, zone=zone))
            assert all(is_midnight(window.start, zone) for window in found), name
            assert all(len(within(window, zone)) == 1 for window in found), name
            odd = [w.end - w.start for w in found if w.end - w.start != DAY]
            before, after = offsets[n - 1], offsets[n]
            assert before is not None
            assert after is not None
            assert sum(odd, timedelta(0)) == len(odd) * DAY - (after - before), name


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 3, 9), 24)],
    ids=readable,
)
def test_hours_of_a_day(simulate, clock, day, hours):
    """The day of a change is requested as one window of 23 or 25 hours."""
    clock.instant = datetime(2026, 11, 20, 12, tzinfo=UTC)
    sim = simulate()

    out = run_downloads(download_settings(sim, first=day), clock)

    (body,) = page_bodies(sim)
    dates = body["filter"]["date"]
    length = datetime.fromisoformat(dates["to"]) - datetime.fromisoformat(dates["from"])
    assert length + timedelta(seconds=1) == timedelta(hours=hours)
    assert out.bookmark(STREAM) == local(day + DAY).isoformat()


@pytest.mark.ci
@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("America/New_York", date(2026, 3, 6)),
        ("America/New_York", date(2026, 10, 30)),
        ("Europe/Berlin", date(2026, 3, 27)),
        ("Europe/London", date(2026, 10, 23)),
        ("America/Sao_Paulo", date(2018, 11, 2)),
        ("America/Sao_Paulo", date(2018, 2, 16)),
        ("Africa/Cairo", date(2026, 4, 22)),
        ("Africa/Cairo", date(2026, 10, 28)),
        ("Asia/Kolkata", date(2026, 3, 15)),
        ("Australia/Lord_Howe", date(2026, 4, 3)),
        ("Pacific/Kiritimati", date(2026, 3, 15)),
    ],
    ids=readable,
)
def test_sums_of_local_days(simulate, clock, name, first):
    """What a row sums up is what happened on that day of the zone, to the last digit."""
    zone = ZoneInfo(name)
    start, end = (midnight(datetime(d.year, d.month, d.day, 12, tzinfo=zone), zone=zone)
                  for d in (first, first + 5 * DAY))  # fmt: skip
    clock.instant = end + DAY
    sim = simulate(tenant_zone=name, rows_per_day=96)
    entry = {"group_by": ["date"], "metrics": ["duration", "interactions"]}
    config = download_settings(sim, entry={**entry, "custom_metrics": ["Basket Value"]})
    config |= {"start_date": start.isoformat(), "end_date": end.isoformat()}

    out = run_downloads(config, clock)

    wanted: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for one in sim.expected_rows("Interaction/Call", start, end):
        day = datetime.fromisoformat(one["at"]).astimezone(zone).date().isoformat()
        basket = exact_value(one["customMetrics"].get(BASKET)) or Decimal(0)
        values = exact_value(one["duration"]), Decimal(1), basket
        wanted[day] = [a + b for a, b in zip(wanted[day], values, strict=True)]
    records = out.records(STREAM)
    assert out.error is None
    assert [record["date"] for record in records] == [f"{first + n * DAY}" for n in range(5)]
    for record in records:
        found = [record["duration"], record["interactions"], record[BASKET]]
        assert found == wanted[record["date"]]
        assert datetime.fromisoformat(record["_window_start"]).astimezone(zone).date() == (
            date.fromisoformat(record["date"])
        )


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-20T12:00:00Z", "2026-03-20T04:00:00+00:00"),
        ("2026-03-20T04:30:00Z", "2026-03-20T04:00:00+00:00"),
        ("2026-03-20T04:29:59Z", "2026-03-19T04:00:00+00:00"),
        ("2026-03-20T03:00:00Z", "2026-03-19T04:00:00+00:00"),
    ],
)
def test_newest_day_read_is_over_for_half_an_hour(sim, clock, now, end):
    """The newest day read is the last that has been over for half an hour."""
    clock.instant = datetime.fromisoformat(now)
    config = download_settings(sim)
    del config["end_date"]

    out = run_downloads(config, clock)

    assert out.bookmark(STREAM) == end
    assert max(r["_window_end"] for r in out.records(STREAM)) == end


def test_end_date_inside_a_day(sim, clock):
    """An end date inside a day omits that day: half a day's sum would be wrong."""
    config = download_settings(sim) | {"end_date": "2026-03-17T12:00:00Z"}

    out = run_downloads(config, clock)

    assert out.bookmark(STREAM) == "2026-03-17T04:00:00+00:00"


def test_start_date_inside_a_day(sim, clock):
    """A start date inside a day reads that day from its midnight."""
    config = download_settings(sim) | {"start_date": "2026-03-15T20:00:00Z"}

    out = run_downloads(config, clock)

    assert page_bodies(sim)[0]["filter"]["date"]["from"] == "2026-03-15T04:00:00Z"
    assert sorted_ids(out.records(STREAM)) == sorted_ids(
        expected_interactions(sim), "interactionId"
    )


@pytest.mark.ci
@pytest.mark.parametrize(("most", "days_read"), [(1, 18), (7, 14)])
def test_two_runs(sim, clock, most, days_read):
    """A second run continues where the first ended: nothing twice, nothing omitted."""
    config = download_settings(sim, 0, own={"window_days": most})
    del config["end_date"]
    clock.instant = datetime(2026, 3, 25, 12, tzinfo=UTC)
    first = run_downloads(config, clock)
    clock.instant += 8 * DAY

    second = run_downloads(config, clock, state=first.state)

    assert first.records(STREAM)
    assert second.records(STREAM)
    records = first.records(STREAM) + second.records(STREAM)
    assert sorted_ids(records) == sorted_ids(expected_interactions(sim, days_read), "interactionId")
    assert second.bookmark(STREAM) == local(FIRST + days_read * DAY).isoformat()


def test_nothing_new(sim, clock):
    """A second run on the same day requests no page."""
    config = download_settings(sim, 2)
    first = run_downloads(config, clock)
    pages = len(requests_to(sim, DOWNLOAD))

    second = run_downloads(config, clock, state=first.state)

    assert second.error is None
    assert second.records(STREAM) == []
    assert len(requests_to(sim, DOWNLOAD)) == pages == 2
    assert second.bookmark(STREAM) == first.bookmark(STREAM)


def test_download_lookback_reads_days_again(sim, clock):
    """Days that are read again are the same windows: their rows have the same keys."""
    first = run_downloads(download_settings(sim, 3), clock)

    second = run_downloads(download_settings(sim, 3, lookback_days=2), clock, state=first.state)

    def keys(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(r["interaction_id"], r["_window_start"]) for r in rows}

    again = keys(second.records(STREAM))
    assert again < keys(first.records(STREAM))
    assert {start for _, start in again} == {local(FIRST + n * DAY).isoformat() for n in (1, 2)}
    assert second.bookmark(STREAM) == first.bookmark(STREAM)


def test_windows_of_a_week(sim, clock):
    """With window_days 7 windows are weeks of the calendar; the first may begin inside of one."""
    clock.instant = datetime(2026, 3, 30, 12, tzinfo=UTC)

    out = run_downloads(
        download_settings(sim, 10, first=date(2026, 3, 5), own={"window_days": 7}), clock
    )

    dates = [body["filter"]["date"] for body in page_bodies(sim)]
    assert dates == [
        {"from": "2026-03-05T05:00:00Z", "to": "2026-03-08T04:59:59Z"},
        {"from": "2026-03-08T05:00:00Z", "to": "2026-03-15T03:59:59Z"},
    ]
    assert out.bookmark(STREAM) == "2026-03-15T04:00:00+00:00"
    assert sorted_ids(out.records(STREAM)) == sorted_ids(
        expected_interactions(sim, 10, first=date(2026, 3, 5)), "interactionId"
    )


@pytest.mark.parametrize(
    ("end_date", "reached"),
    [
        (None, "2026-03-15T04:00:00+00:00"),
        ("2026-03-18T04:00:00Z", "2026-03-18T04:00:00+00:00"),
        ("2026-03-18T20:00:00Z", "2026-03-18T04:00:00+00:00"),
        ("2026-04-18T04:00:00Z", "2026-03-15T04:00:00+00:00"),
    ],
)
def test_week_that_is_not_over_is_read_later(sim, clock, end_date, reached):
    """A window that is not over is left for later, unless a backfill ends inside of it."""
    config = download_settings(sim, first=date(2026, 3, 8), own={"window_days": 7}) | {
        "end_date": end_date
    }

    out = run_downloads(config, clock)

    assert out.error is None
    assert out.bookmark(STREAM) == reached
    assert max(record["_window_end"] for record in out.records(STREAM)) == reached

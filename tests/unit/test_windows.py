from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tap_cxone.windows import (
    Overlap,
    Snapshot,
    Window,
    daily_windows,
    grid_windows,
    local_midnight,
    midnight,
    window_between,
)
from tests.support.properties import many

_TICK = timedelta(microseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")

# Besides all of them, those with a day that has no midnight, two midnights, or is not there.
_ODD = [
    *("Pacific/Apia", "America/Goose_Bay", "Antarctica/Casey", "America/Sao_Paulo"),
    *("Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"),
]
zones = st.one_of(
    st.just("UTC"),
    st.sampled_from(_ODD),
    st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
).map(ZoneInfo)
instants = st.datetimes(
    datetime(1995, 1, 1),  # noqa: DTZ001 (hypothesis adds the zone)
    datetime(2037, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
lengths = st.timedeltas(_TICK, timedelta(days=120))
most_days = st.integers(1, 31)


def utc_instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def listed(windows):
    """Return the windows of a plan; one that never ends fails instead of hanging."""
    return list(islice(windows, 1000))


def begins_a_day(instant, zone):
    """Return True if a day begins with this instant in a zone."""
    return (instant - _TICK).astimezone(zone).date() < instant.astimezone(zone).date()


def days_of(window, zone):
    """Count the days of the calendar that a window has a part in."""
    first, last = window.start.astimezone(zone), (window.end - _TICK).astimezone(zone)
    return (last.date() - first.date()).days + 1


# Window


def test_window_is_a_value():
    """Two windows of the same instants are the same."""
    assert Window(utc_instant("2026-01-01"), utc_instant("2026-01-02")) == Window(
        utc_instant("2026-01-01"), utc_instant("2026-01-02")
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc_instant("2026-01-01"), utc_instant("2026-01-01")),
        (utc_instant("2026-01-02"), utc_instant("2026-01-01")),
        (datetime(2026, 1, 1), datetime(2026, 1, 2)),  # noqa: DTZ001 (the fault)
    ],
    ids=["empty", "backward", "no zone"],
)
def test_no_window(start, end):
    """An empty interval, a backward one and one without a zone are refused."""
    with pytest.raises(ValueError, match="not a window"):
        Window(start, end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc_instant("2026-01-01"), datetime(2026, 1, 2)),  # noqa: DTZ001 (the fault)
        (datetime(2026, 1, 1), utc_instant("2026-01-02")),  # noqa: DTZ001
    ],
    ids=["end", "start"],
)
def test_no_window_half_without_zone(start, end):
    """Both ends need a zone."""
    with pytest.raises((ValueError, TypeError)):
        Window(start, end)


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("2026-01-31T10:20:30", "2026-01-31T10:20:30Z"),
        ("2026-01-31T10:20:00", "2026-01-31T10:20Z"),
        ("2026-01-31T10:00:00", "2026-01-31T10:00Z"),
    ],
)
def test_window_is_shown_briefly(end, shown):
    """A window shows its ends, without seconds where they are zero."""
    start, _, shown_end = str(
        Window(utc_instant("2026-01-30T01:02:03"), utc_instant(end))
    ).partition(" to ")

    assert start == "2026-01-30T01:02:03Z"
    assert shown_end == shown


# midnight


@many
@given(instants, zones)
def test_midnight_begins_the_day(instant, zone):
    """Midnight is the first instant of the day that the instant lies in."""
    found = midnight(instant, zone=zone)

    assert found <= instant
    assert begins_a_day(found, zone)
    assert found.astimezone(zone).date() == instant.astimezone(zone).date()
    assert found.utcoffset() == timedelta(0)


@many
@given(instants, st.integers(-60, 60))
def test_midnight_moves_by_days(instant, days):
    """In UTC a day is 24 hours."""
    assert midnight(instant, days=days) == midnight(instant) + timedelta(days=days)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)],
    ids=["clocks forward", "clocks back", "ordinary"],
)
def test_local_days_differ(day, hours):
    """A local day has 23, 24 or 25 hours."""
    noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=BERLIN)
    length = midnight(noon, days=1, zone=BERLIN) - midnight(noon, zone=BERLIN)

    assert length == timedelta(hours=hours)


# plan_days


@many
@given(instants, lengths, most_days, zones)
@example(utc_instant("2011-12-28"), timedelta(days=5), 1, ZoneInfo("Pacific/Apia"))
@example(utc_instant("2010-11-06T12:00:00"), timedelta(days=3), 1, ZoneInfo("America/Goose_Bay"))
@example(utc_instant("2010-03-03"), timedelta(days=4), 1, ZoneInfo("Antarctica/Casey"))
def test_plan_covers_exactly(start, length, most, zone):
    """Windows touch, from the beginning of the first day to the horizon."""
    horizon = start + length
    windows = listed(daily_windows(start, horizon, max_days=most, zone=zone))

    assert windows[0].start == midnight(start, zone=zone)
    assert all(one.end == following.start for one, following in pairwise(windows))
    assert windows[-1].end == horizon


@many
@given(instants, lengths, most_days, zones)
def test_plan_holds_whole_days(start, length, most, zone):
    """Every window begins a day and holds at most so many; only the last ends inside one."""
    windows = listed(daily_windows(start, start + length, max_days=most, zone=zone))

    assert all(begins_a_day(window.start, zone) for window in windows)
    assert all(days_of(window, zone) <= most for window in windows)


@many
@given(instants, lengths, most_days)
def test_plan_wastes_no_window(start, length, most):
    """All windows but the last are as long as they may be."""
    *full, last = listed(daily_windows(start, start + length, max_days=most))

    assert all(window.end - window.start == timedelta(days=most) for window in full)
    assert last.end - last.start <= timedelta(days=most)


@many
@given(instants, lengths, most_days)
def test_plan_is_in_utc(start, length, most):
    """Windows are given in UTC, whatever the zone of their days."""
    windows = listed(daily_windows(start, start + length, max_days=most, zone=BERLIN))

    assert all(
        end.utcoffset() == timedelta(0) for window in windows for end in (window.start, window.end)
    )


@many
@given(instants, st.timedeltas(timedelta(0), timedelta(days=9)), zones)
def test_nothing_to_plan(horizon, ahead, zone):
    """A start that is not before the horizon needs no window."""
    assert listed(daily_windows(horizon + ahead, horizon, max_days=14, zone=zone)) == []


def test_plan_in_another_zone():
    """Windows follow the midnights of the zone through a change of clocks."""
    windows = listed(
        daily_windows(
            utc_instant("2026-03-28T12:00:00"),
            utc_instant("2026-03-31T12:00:00"),
            max_days=1,
            zone=BERLIN,
        )
    )

    assert [window.start for window in windows] == [
        utc_instant("2026-03-27T23:00:00"),
        utc_instant("2026-03-28T23:00:00"),
        utc_instant("2026-03-29T22:00:00"),
        utc_instant("2026-03-30T22:00:00"),
    ]


@many
@given(instants, st.tuples(lengths, lengths), most_days, zones, st.data())
def test_pending_windows_are_resumed(start, both, most, zone, data):
    """What an interrupted run requested is used by the next one, and nothing is omitted."""
    length, later = both
    earlier = listed(daily_windows(start, start + length, max_days=most, zone=zone))
    asked = earlier[data.draw(st.integers(0, len(earlier) - 1)) :]
    horizon = start + length + later
    windows = listed(
        daily_windows(asked[0].start, horizon, max_days=most, zone=zone, pending=asked)
    )

    assert windows[: len(asked)] == asked
    assert windows[-1].end == horizon
    assert all(
        following.start == midnight(one.end, zone=zone) for one, following in pairwise(windows)
    )


@many
@given(instants, lengths, most_days, zones, st.lists(st.tuples(instants, lengths), max_size=5))
def test_pending_windows_outside_the_plan_are_ignored(start, length, most, zone, others):
    """A window requested that begins nowhere in the plan changes nothing."""
    plain = listed(daily_windows(start, start + length, max_days=most, zone=zone))
    asked = [Window(begin, begin + long) for begin, long in others]
    assume(not {window.start for window in plain} & {window.start for window in asked})

    assert (
        listed(daily_windows(start, start + length, max_days=most, zone=zone, pending=asked))
        == plain
    )


def test_day_of_a_pending_window_is_read_again():
    """Behind a window that ended inside a day, that day begins again, and once only."""
    asked = Window(utc_instant("2026-01-01"), utc_instant("2026-01-03T11:30:00"))
    windows = listed(
        daily_windows(asked.start, utc_instant("2026-01-03T18:00:00"), max_days=14, pending=[asked])
    )

    assert windows == [asked, Window(utc_instant("2026-01-03"), utc_instant("2026-01-03T18:00:00"))]


def test_pending_window_of_one_part_of_a_day_is_resumed_once():
    """A window that began and ended in the same day is taken up once, then the day is read."""
    asked = Window(utc_instant("2026-01-03"), utc_instant("2026-01-03T11:30:00"))
    windows = listed(
        daily_windows(asked.start, utc_instant("2026-01-03T18:00:00"), max_days=14, pending=[asked])
    )

    assert windows == [asked, Window(utc_instant("2026-01-03"), utc_instant("2026-01-03T18:00:00"))]


def test_pending_window_in_the_middle_replaces_the_planned_one():
    """A window requested takes the place of the one that begins where it begins."""
    asked = Window(utc_instant("2026-01-03"), utc_instant("2026-01-04"))
    windows = listed(
        daily_windows(
            utc_instant("2026-01-01"), utc_instant("2026-01-07"), max_days=2, pending=[asked]
        )
    )

    assert windows == [
        Window(utc_instant("2026-01-01"), utc_instant("2026-01-03")),
        asked,
        Window(utc_instant("2026-01-04"), utc_instant("2026-01-06")),
        Window(utc_instant("2026-01-06"), utc_instant("2026-01-07")),
    ]


def test_snapshot_is_one_instant():
    """A range without a length is a snapshot, and no window; a snapshot has no length."""
    instant, later = utc_instant("2026-01-03"), utc_instant("2026-01-04")

    assert window_between(instant, instant) == Snapshot.at(instant)
    assert window_between(instant, later) == Window(instant, later)
    assert str(Snapshot.at(instant)) == "snapshot of 2026-01-03Z"
    with pytest.raises(ValueError, match="not a snapshot"):
        Snapshot(instant, later)
    with pytest.raises(ValueError, match="not a window"):
        Window(instant, instant)


@pytest.mark.parametrize(
    ("overlap", "start"),
    [
        (Overlap(), "2026-01-03"),
        (Overlap(1), "2026-01-02"),
        (Overlap(7, utc_instant("2026-01-02T12:00:00")), "2026-01-02"),
    ],
    ids=["none", "a day", "to the earliest"],
)
def test_window_after_a_pending_part_of_a_day_begins_with_the_overlap(overlap, start):
    """A pending window that ended inside a day is followed by that day and the overlap."""
    asked = Window(utc_instant("2026-01-03T00:00:00"), utc_instant("2026-01-03T12:00:00"))
    horizon = utc_instant("2026-01-05T12:00:00")

    first, second = daily_windows(
        asked.start, horizon, max_days=14, pending=[asked], overlap=overlap
    )

    assert first == asked
    assert second == Window(utc_instant(start), horizon)


def test_first_window_is_longer_by_the_overlap_if_it_may_be():
    """With an overlap that extends the first window there is no further window."""
    start, horizon = utc_instant("2026-01-01T00:00:00"), utc_instant("2026-01-04T12:00:00")
    overlap = Overlap(1, extends_first_window=True)

    windows = listed(daily_windows(start, horizon, max_days=2, overlap=overlap))

    middle = utc_instant("2026-01-04T00:00:00")
    assert windows == [Window(start, middle), Window(middle, horizon)]


# Windows on a grid

grid_lengths = st.sampled_from([5, 15, 30, 60, 360, 1440, 14 * 1440]).map(
    lambda minutes: timedelta(minutes=minutes)
)


@given(instants, lengths, grid_lengths, st.sampled_from([1, 300, 1800]))
def test_grid_windows_are_consecutive_from_the_grid_to_the_last_step(start, span, length, step):
    """Windows begin at most one length before the start, leave no gap and end within a step."""
    step = min(timedelta(seconds=step), length)
    end = start + min(span, 500 * length)

    windows = listed(grid_windows(start, end, length=length, step=step))

    assert all(window.end - window.start == length for window in windows[:-1])
    assert all(first.end == second.start for first, second in pairwise(windows))
    if windows:
        cell = min(length, timedelta(days=1))
        assert timedelta(0) <= start - windows[0].start < cell
        assert (windows[0].start - midnight(start)) % cell == timedelta(0)
        assert timedelta(0) <= end - windows[-1].end < step


@given(instants, lengths, grid_lengths)
def test_grid_windows_of_whole_length_are_the_same_for_any_start(start, span, length):
    """A window that is a part of a day has the same boundaries in each run that reads it."""
    assume(length <= timedelta(days=1))
    end = start + min(span, 300 * length)
    whole = listed(grid_windows(start, end, length=length, step=length))

    later = listed(grid_windows(start + (end - start) / 2, end, length=length, step=length))

    assert whole[len(whole) - len(later) :] == later


@pytest.mark.parametrize(
    ("day", "length", "hours"),
    [
        (date(2026, 3, 28), 1440, [24]),
        (date(2026, 3, 29), 1440, [23]),
        (date(2026, 10, 25), 1440, [25]),
        (date(2026, 3, 29), 480, [8, 8, 7]),
        (date(2026, 10, 25), 480, [8, 8, 8, 1]),
    ],
    ids=["24 hours", "23 hours", "25 hours", "parts of 23 hours", "parts of 25 hours"],
)
def test_grid_windows_of_a_zone_end_at_its_midnights(day, length, hours):
    """A local day is whole windows of its own, whatever its number of hours."""
    berlin = ZoneInfo("Europe/Berlin")
    start, end = (local_midnight(day + timedelta(days=n), berlin) for n in range(2))
    span = timedelta(minutes=length)

    windows = listed(grid_windows(start, end, length=span, step=span, zone=berlin))

    assert [(w.end - w.start) / timedelta(hours=1) for w in windows] == hours
    assert (windows[0].start, windows[-1].end) == (start, end)


def test_grid_windows_of_a_long_day_omit_it_until_it_is_over():
    """The day of 25 hours is no window after 24 of them."""
    berlin, day = ZoneInfo("Europe/Berlin"), timedelta(days=1)
    start = local_midnight(date(2026, 10, 25), berlin)
    end = start + timedelta(hours=24.5)

    assert listed(grid_windows(start, end, length=day, step=day, zone=berlin)) == []

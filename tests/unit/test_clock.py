from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.clock import SystemClock, iso, parse_instant, time_zone
from tap_cxone.errors import Interrupted
from tests.support.properties import many

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=offsets)  # noqa: DTZ001
stamps = st.from_regex(
    r"(0001|2026|9999)-(01-01|12-31)T(00:00:00|23:59:59)(Z|[+-](00|05|14):[0-5]0)?", fullmatch=True
)


@pytest.fixture
def alarm():
    """Return a function that calls another one from a signal, in the middle of a sleep."""
    before = signal.getsignal(signal.SIGALRM)

    def set_alarm(call):
        signal.signal(signal.SIGALRM, lambda *_: call())
        signal.setitimer(signal.ITIMER_REAL, 0.01)

    yield set_alarm
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_now_is_utc(interrupts):
    """The system's clock tells the present in UTC."""
    before = datetime.now(UTC)
    now = SystemClock(interrupts).now()

    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


@pytest.mark.parametrize("seconds", [0, -1, -1e9], ids=["zero", "negative", "far back"])
def test_sleep_returns_at_once(interrupts, seconds):
    """A duration that is not positive is no wait, and no error."""
    clock = SystemClock(interrupts)
    before = clock.now()
    clock.sleep(timedelta(seconds=seconds))

    assert clock.now() - before < timedelta(seconds=1)


@pytest.mark.posix
def test_signal_ends_a_sleep(interrupts, alarm):
    """A signal that arrives while the tap sleeps ends it at once."""
    alarm(lambda: interrupts.record(signal.SIGTERM))

    with pytest.raises(Interrupted) as raised:
        SystemClock(interrupts).sleep(timedelta(seconds=10))
    assert raised.value.code == 143


def test_noted_signal_prevents_a_sleep(interrupts):
    """A signal that came before is raised in place of the next sleep."""
    interrupts.record(signal.SIGINT)

    with pytest.raises(Interrupted):
        SystemClock(interrupts).sleep(timedelta(seconds=10))


@pytest.mark.posix
def test_signal_after_a_sleep_is_only_noted(interrupts):
    """When the sleep is over, a signal does not raise where it arrives."""
    SystemClock(interrupts).sleep(timedelta(0))
    interrupts.record(signal.SIGTERM)

    with pytest.raises(Interrupted):
        interrupts.raise_if_interrupted()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", "2026-01-31T00:00:00+00:00"),
        ("2026-01-31T12:30:00", "2026-01-31T12:30:00+00:00"),
        ("2026-01-31T12:30:00Z", "2026-01-31T12:30:00+00:00"),
        ("2026-01-31T12:30:00+00:00", "2026-01-31T12:30:00+00:00"),
        ("2026-01-31T12:30:00+02:00", "2026-01-31T10:30:00+00:00"),
        ("2026-01-31T22:30:00-05:00", "2026-02-01T03:30:00+00:00"),
        ("2026-01-31T12:30:00.250Z", "2026-01-31T12:30:00.250000+00:00"),
    ],
    ids=["date", "no offset", "Z", "UTC", "east", "west, next day", "fraction"],
)
def test_iso_dates_become_bookmarks(text, expected):
    """A date or date-time comes out in the one format of bookmarks; without offset it is UTC."""
    assert iso(parse_instant(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026", "2026-13-01", "2026-02-30", "31.01.2026", "2026-01-31T25:00"]
)
def test_other_texts_are_refused(text):
    """What is no ISO 8601 date or date-time is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 (the class is the promise)
        parse_instant(text)


@many
@given(instants)
def test_iso_comes_back(instant):
    """An instant survives being written and read, and is then in UTC."""
    back = parse_instant(iso(instant))

    assert back == instant
    assert back.utcoffset() == timedelta(0)
    assert iso(instant).endswith("+00:00")


@many
@given(instants, instants)
def test_iso_sorts_as_time_does(one, other):
    """Bookmarks compare as texts in the order of time (up to a second)."""
    one, other = (each.replace(microsecond=0) for each in (one, other))

    assert (iso(one) < iso(other)) == (one < other)


@many
@given(st.text(max_size=30) | stamps)
def test_any_text_is_an_instant_or_a_value_error(text):
    """No text makes anything but an instant in UTC or a ValueError."""
    try:
        instant = parse_instant(text)
    except ValueError:
        return

    assert instant.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Eastern Standard Time", "America/New_York"),
        ("India Standard Time", "Asia/Calcutta"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("Z", "UTC"),
        ("GMT+00:00", "UTC"),
    ],
    ids=["Windows", "Windows, half an hour", "IANA", "UTC", "Z", "offset of zero"],
)
def test_time_zone_has_iana_and_windows_names(name, key):
    """A zone is known by both of its names."""
    zone = time_zone(name)

    assert zone is not None
    assert zone.key == key


@pytest.mark.parametrize(
    "name", ["", "Mars", None, "+01:00"], ids=["empty", "unknown", "none", "other"]
)
def test_time_zone_of_another_name_is_none(name):
    """Neither an IANA nor a Windows name is no zone."""
    assert time_zone(name) is None

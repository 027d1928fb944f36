"""Days of a window after failures: a pure value, and its JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tap_cxone.planning.narrow_windows import COMMITS_TO_DOUBLE, NarrowWindows
from tap_cxone.windows import Window

FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
NARROW = NarrowWindows().halve(8)


def days_from(number: int, days: int = 4) -> Window:
    return Window(FIRST_DAY + timedelta(days=number), FIRST_DAY + timedelta(days=number + days))


def test_days_double_step_by_step_up_to_the_setting():
    """Each ten good windows double the days, and the setting applies again in the end."""
    value, seen = NarrowWindows().halve(4), []
    for number in range(3 * COMMITS_TO_DOUBLE):
        value = value.commit(days_from(number), configured_days=8)
        seen.append(value.days)

    assert seen == [*[2] * 9, *[4] * 10, *[None] * 11]
    assert value == NarrowWindows()


def test_halving_again_restarts_the_count_of_good_windows():
    """Nine good windows before a failure do not count."""
    value = NARROW
    for number in range(COMMITS_TO_DOUBLE - 1):
        value = value.commit(days_from(number), configured_days=8)

    assert value.halve(4).commit(days_from(9), configured_days=8) == NarrowWindows(2, 1)


def test_failure_is_forgotten_when_its_start_is_committed_in_any_window():
    """A window of another width that has the start counts."""
    failed = NARROW.fail(days_from(6))

    assert failed.commit(days_from(0), configured_days=8).failed_start == days_from(6).start
    assert failed.commit(days_from(4), configured_days=8).failed_start is None


def test_json_of_narrow_windows_is_read_back():
    """What the state stores is the same value."""
    value = NARROW.fail(days_from(2)).commit(days_from(0, 1), configured_days=8)

    assert NarrowWindows.from_json(value.to_json()) == value
    assert NarrowWindows().to_json() == {}


@pytest.mark.parametrize("raw", [{"days": 0}, {"days": "many"}, {"failed_start": "soon"}], ids=str)
def test_narrow_windows_that_no_tap_wrote_are_refused(raw):
    """The state is not readable then."""
    with pytest.raises(ValueError, match=r"."):
        NarrowWindows.from_json(raw)

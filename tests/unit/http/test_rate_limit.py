"""Time between submits, and quota of submits."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cxone.errors import AmbiguousSubmit, PermissionDenied, QuotaExhausted
from tap_cxone.http.rate_limit import ExportQuota, RateLimiter, RateLimits
from tests.support.properties import many
from tests.support.rate_limits import NOTHING, SECOND, SPACED
from tests.support.run import NOON, FakeClock

DAY = timedelta(days=1)


def submit(limiter, lasting=NOTHING):
    """Submit, the answer taking a while; return when it left."""
    with limiter.submitting():
        left = limiter.clock.now()
        limiter.clock.sleep(lasting)
    return left


# Spacing


def test_first_submit_does_not_wait(limiter, clock):
    """Nothing is waited for before the first submit."""
    submit(limiter)

    assert clock.slept == []


def test_second_submit_waits(limiter, clock):
    """A submit waits until the last one is as long ago as the API asks."""
    first = submit(limiter)

    assert submit(limiter) - first == 30 * SECOND


def test_only_the_rest_is_waited_for(limiter, clock):
    """Time that has passed already is not waited for again."""
    submit(limiter)
    clock.sleep(20 * SECOND)
    clock.slept.clear()
    submit(limiter)

    assert sum(clock.slept, NOTHING) == 10 * SECOND


def test_long_ago_is_long_enough(limiter, clock):
    """After a longer pause nothing is waited for."""
    submit(limiter)
    clock.sleep(30 * SECOND)

    assert limiter.time_until_submit() == NOTHING


def test_spacing_counts_from_the_last(limiter):
    """Of several submits the last one decides."""
    limiter.restore([NOON - 5 * SECOND, NOON - 25 * SECOND])

    assert limiter.time_until_submit() == 25 * SECOND


def test_failed_submit_counts(limiter):
    """A submit counts however it ends: the API may have seen it."""
    with pytest.raises(KeyError), limiter.submitting():
        raise KeyError

    assert limiter.submit_times() == [NOON]


def test_submit_counts_from_its_arrival(limiter):
    """A submit counts from its answer if that came soon: it may have been under way so long."""
    left = submit(limiter, lasting=SECOND)

    assert limiter.submit_times() == [left + SECOND]


def test_synchronous_submit_counts_from_its_beginning(limiter):
    """A submit that is answered only when its job is done counts from soon after it left."""
    submit(limiter, lasting=20 * SECOND)

    assert 10 * SECOND <= limiter.time_until_submit() < 15 * SECOND


def test_long_submit_is_long_ago(limiter):
    """After a submit that was answered minutes later, the next one does not wait."""
    submit(limiter, lasting=timedelta(minutes=10))

    assert limiter.time_until_submit() == NOTHING


@pytest.mark.promise("shared-limits")
@many
@given(
    st.lists(st.timedeltas(NOTHING, timedelta(minutes=2)), min_size=2, max_size=6),
    st.lists(st.timedeltas(NOTHING, timedelta(minutes=2)), min_size=2, max_size=6),
)
def test_submits_never_come_too_close(pauses, durations):
    """Whatever passes between and during submits, their spacing is kept."""
    limiter = RateLimiter(SPACED, FakeClock())
    left = []
    for pause, lasting in zip(pauses, durations, strict=False):
        limiter.clock.sleep(pause)
        left.append(submit(limiter, lasting))

    assert all(later - one >= 30 * SECOND for one, later in pairwise(left))


def test_no_spacing(clock):
    """Without a spacing submits follow one another at once."""
    limiter = RateLimiter(RateLimits(), clock)
    submit(limiter)
    submit(limiter)

    assert clock.slept == []


@pytest.mark.parametrize("back", [SECOND, timedelta(hours=1), 365 * DAY], ids=str)
def test_clock_set_back(limiter, clock, back):
    """A submit 'in the future', of before the clock was set back, delays the next one shortly."""
    limiter.restore([NOON + back])
    clock.sleep = at_most(5, clock.sleep)
    submit(limiter)

    assert clock.now() - NOON <= timedelta(minutes=1)


def at_most(times, sleep):
    """Return a `sleep` that fails where it would continue for ever."""
    naps = []

    def nap(duration):
        naps.append(duration)
        assert len(naps) <= times, f"still waiting after {sum(naps[:-1], NOTHING)}"
        sleep(duration)

    return nap


# Memory


@pytest.mark.promise("shared-limits")
def test_earlier_runs_count(limiter):
    """The submits of an earlier run are waited for, too."""
    limiter.restore([NOON - 10 * SECOND])

    assert limiter.time_until_submit() == 20 * SECOND


def test_submit_is_counted_once(limiter):
    """The same submit in the states of several streams counts once."""
    limiter.restore([NOON - 10 * SECOND])
    limiter.restore([NOON - 10 * SECOND, NOON - 5 * SECOND])

    assert limiter.submit_times() == [NOON - 10 * SECOND, NOON - 5 * SECOND]


def test_submits_are_sorted(limiter):
    """Submits are returned oldest first, in whatever order they were restored."""
    limiter.restore([NOON - 5 * SECOND, NOON - 10 * SECOND])

    assert limiter.submit_times() == [NOON - 10 * SECOND, NOON - 5 * SECOND]


def test_old_submits_are_forgotten(limiter, clock):
    """A submit that limits nothing any more is not remembered."""
    submit(limiter)
    clock.sleep(30 * SECOND)

    assert limiter.submit_times() == []


def test_quota_is_remembered_for_its_period(clock):
    """With a quota a submit is remembered for the quota's period."""
    limiter = RateLimiter(RateLimits(min_submit_interval=SECOND, quota=ExportQuota(3)), clock)
    limiter.restore([NOON - DAY - SECOND, NOON - DAY + SECOND, NOON - SECOND])

    assert limiter.submit_times() == [NOON - DAY + SECOND, NOON - SECOND]


@pytest.mark.parametrize(
    ("limits", "memory"),
    [
        (RateLimits(), NOTHING),
        (SPACED, 30 * SECOND),
        (RateLimits(min_submit_interval=SECOND, quota=ExportQuota(3)), DAY),
        (RateLimits(min_submit_interval=2 * DAY, quota=ExportQuota(3)), 2 * DAY),
        (RateLimits(quota=ExportQuota(3, timedelta(hours=1))), timedelta(hours=1)),
    ],
    ids=["none", "spacing", "quota", "longer spacing", "short quota"],
)
def test_memory(limits, memory):
    """A submit counts as long as the longer of spacing and quota."""
    assert limits.retention == memory


def test_asking_changes_nothing(limiter):
    """Changes of the returned list do not change the limiter."""
    submit(limiter)
    limiter.submit_times().clear()

    assert limiter.submit_times() == [NOON]


# Quota


@pytest.fixture
def scarce(clock):
    """Return a limiter that allows three submits a day."""
    return RateLimiter(RateLimits(quota=ExportQuota(3)), clock)


def submit_times(limiter, times, pause=timedelta(hours=1)):
    for _ in range(times):
        submit(limiter)
        limiter.clock.sleep(pause)


def test_limiter_without_quota_counts_nothing(limiter):
    """Without a quota nothing is counted down."""
    assert limiter.remaining_exports() is None


def test_quota_is_counted_down(scarce):
    """Every submit takes one of the quota."""
    left = [scarce.remaining_exports()]
    for _ in range(3):
        submit_times(scarce, 1)
        left.append(scarce.remaining_exports())

    assert left == [3, 2, 1, 0]


@pytest.mark.promise("shared-limits")
def test_earlier_runs_spent_quota(scarce):
    """The submits of earlier runs within the period count."""
    scarce.restore([NOON - timedelta(hours=30), NOON - timedelta(hours=20)])

    assert scarce.remaining_exports() == 2


@pytest.mark.promise("shared-limits")
def test_quota_exhausted(scarce, clock):
    """Beyond the quota nothing is submitted or waited for; the error knows when to come back."""
    submit_times(scarce, 3)
    clock.slept.clear()

    with pytest.raises(QuotaExhausted) as raised, scarce.submitting():
        pytest.fail("submitted")
    assert raised.value.until == NOON + DAY
    assert "2026-03-21 12:00" in str(raised.value)
    assert clock.slept == []


def test_quota_comes_back(scarce, clock):
    """When the oldest submit is a period old, another one is allowed, and no more."""
    submit_times(scarce, 3)
    clock.instant = NOON + DAY
    left = scarce.remaining_exports()
    submit(scarce)

    assert (left, scarce.remaining_exports()) == (1, 0)


def test_more_than_the_quota_was_spent(scarce):
    """Where others spent more than the quota, the way back is as long as theirs."""
    scarce.restore([NOON - timedelta(hours=hours) for hours in (20, 10, 5, 1)])

    with pytest.raises(QuotaExhausted) as raised, scarce.submitting():
        pytest.fail("submitted")
    assert raised.value.until == NOON - timedelta(hours=10) + DAY


@pytest.mark.parametrize(
    ("error", "left"), [(PermissionDenied, 3), (AmbiguousSubmit, 2), (KeyError, 2)]
)
def test_failed_submit_and_the_quota(scarce, error, left):
    """A submit that was refused spent nothing; one with an unknown outcome did."""
    with pytest.raises(error), scarce.submitting():
        raise error(str(left))

    assert scarce.remaining_exports() == left


@pytest.mark.parametrize("quota", [None, ExportQuota(3)], ids=["no quota", "quota"])
def test_refused_submit_counts_for_the_spacing(clock, quota):
    """A submit that was refused is waited for like another."""
    limiter = RateLimiter(RateLimits(min_submit_interval=30 * SECOND, quota=quota), clock)
    with pytest.raises(PermissionDenied), limiter.submitting():
        raise PermissionDenied(str(quota))

    assert limiter.time_until_submit() == 30 * SECOND


def test_refused_by_the_api(scarce, clock):
    """Where the API calls the quota used up, it is, for a whole period if no submit is known."""
    error = scarce.mark_quota_exhausted()

    assert error.until == NOON + DAY
    assert scarce.remaining_exports() == 0
    clock.instant = NOON + DAY
    assert scarce.remaining_exports() == 3


def test_refused_as_expected(scarce):
    """Where our own submits explain the refusal, it ends with the oldest of them."""
    scarce.restore([NOON - timedelta(hours=hours) for hours in (20, 10, 5)])

    assert scarce.mark_quota_exhausted().until == NOON + timedelta(hours=4)


def test_quota_refusal_of_yesterday_does_not_prolong_that_of_today(scarce, clock):
    """A refusal of yesterday says nothing about how long today's lasts."""
    scarce.mark_quota_exhausted()
    clock.instant = NOON + timedelta(hours=25)
    error = scarce.mark_quota_exhausted()

    assert error.until == NOON + timedelta(hours=49)
    assert scarce.remaining_exports() == 0


def test_old_refusal_is_forgotten(scarce, clock):
    """A refusal that has run out says nothing about a quota that was spent since."""
    scarce.mark_quota_exhausted()
    clock.instant = NOON + timedelta(hours=25)
    submit_times(scarce, 3)

    with pytest.raises(QuotaExhausted) as raised, scarce.submitting():
        pytest.fail("submitted")
    assert raised.value.until == NOON + timedelta(hours=49)

"""Decide what follows a failed submit. Pure functions; `JobSubmitter` carries out the decision."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.errors import AmbiguousSubmit, ApiError, QuotaExhausted, Throttled, Unavailable

if TYPE_CHECKING:
    from tap_cxone.errors import CXoneError
    from tap_cxone.http.retry import Attempt


class Retry(Struct, frozen=True):
    """Submit again after a delay: the submit created no job.

    Attributes:
        delay: Time until the retry. It is zero for a start ahead of time, which follows a poll.
    """

    delay: timedelta


class LookUp(Struct, frozen=True):
    """Look the job up in the API's list, and adopt it.

    Attributes:
        may_retry: Whether to submit again, one poll interval later, if the list has no new job.
    """

    may_retry: bool


class Fail(Struct, frozen=True):
    """Raise the error, which ends the stream."""


class Stop(Struct, frozen=True):
    """Start no more jobs ahead of time; each window is submitted when no other job runs."""


Decision = Retry | LookUp | Fail | Stop


def decide(outcome: CXoneError, attempt: Attempt | None, *, can_list: bool) -> Decision:
    """Return what follows a failed submit.

    Args:
        outcome: Error of the submit.
        attempt: The failed attempt. It is None for a job that is started ahead of time. Such a
            submit may fail without consequence, because the window is submitted again later.
        can_list: Whether the API lists the jobs of the tenant.
    """
    if isinstance(outcome, AmbiguousSubmit):
        may_retry = attempt is not None and not attempt.is_last
        return LookUp(may_retry) if can_list else Fail()
    return _decide_ahead(outcome) if attempt is None else _decide_awaited(outcome, attempt)


def _decide_awaited(outcome: CXoneError, attempt: Attempt) -> Retry | Fail:
    match outcome:
        case Throttled() if attempt.ends_in_time and not outcome.exhausted:
            return Retry(attempt.delay)
        case Unavailable() if not attempt.is_last and not outcome.exhausted:
            return Retry(attempt.delay)
        case _:
            return Fail()


def _decide_ahead(outcome: CXoneError) -> Retry | Fail | Stop:
    match outcome:
        case Throttled():
            return Retry(timedelta(0))
        case ApiError() | QuotaExhausted():
            return Stop()
        case _:
            return Fail()

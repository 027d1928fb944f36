"""Decide what follows a failed submit. Pure functions; `JobSubmitter` carries out the decision."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
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


def decide(
    outcome: CXoneError, attempt: Attempt | None, *, can_list: bool, has_quota: bool
) -> Decision:
    """Return what follows a failed submit.

    Args:
        outcome: Error of the submit.
        attempt: The failed attempt. It is None for a job that is started ahead of time. Such a
            submit may fail without consequence, because the window is submitted again later.
        can_list: Whether the API lists the jobs of the tenant.
        has_quota: Whether a submit counts against a quota.
    """
    if isinstance(outcome, AmbiguousSubmit) and can_list:
        return LookUp(may_retry=attempt is not None and not attempt.is_last)
    if is_free_gateway_error(outcome, has_quota=has_quota):
        return _decide_gateway_error(attempt)
    return _decide_ahead(outcome) if attempt is None else _decide_awaited(outcome, attempt)


def is_free_gateway_error(outcome: CXoneError, *, has_quota: bool) -> bool:
    """Return True for a 502 to a submit that costs nothing, even if its job exists.

    A gateway answers 502 if it has no valid response of the API, which most often means no job.
    """
    is_gateway_error = (
        isinstance(outcome, AmbiguousSubmit) and outcome.status == HTTPStatus.BAD_GATEWAY
    )
    return is_gateway_error and not has_quota


def _decide_gateway_error(attempt: Attempt | None) -> Retry | Fail | Stop:
    if attempt is None:
        return Stop()
    return Fail() if attempt.is_last else Retry(attempt.delay)


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
        case AmbiguousSubmit():
            return Fail()
        case Throttled():
            return Retry(timedelta(0))
        case ApiError() | QuotaExhausted():
            return Stop()
        case _:
            return Fail()

"""What follows a failed submit: the table of docs/retries.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec import structs

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    AuthError,
    JobFailed,
    JournalError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    Throttled,
    Unavailable,
)
from tap_cxone.http.retry import Attempt, RetryPolicy
from tap_cxone.jobs.submit_policy import Fail, LookUp, Retry, Stop, decide

if TYPE_CHECKING:
    from tap_cxone.errors import CXoneError
    from tap_cxone.jobs.submit_policy import Decision

MINUTE = timedelta(minutes=1)
DELAY = timedelta(seconds=40)
POLICY = RetryPolicy(attempts=3, max_elapsed=30 * MINUTE)
FIRST = Attempt(policy=POLICY, failures=1, elapsed=MINUTE, delay=DELAY)
LAST = structs.replace(FIRST, failures=3)
LATE = structs.replace(FIRST, elapsed=30 * MINUTE)
AGAIN, LATER = Retry(DELAY), Retry(timedelta(0))


@dataclass(frozen=True)
class Rule:
    """One row: an outcome, and the decision for a submit that is awaited or started ahead."""

    outcome: str
    error: CXoneError
    awaited: Decision
    ahead: Decision
    attempt: Attempt = FIRST
    can_list: bool = True
    has_quota: bool = True


CASES = [
    Rule("{statuses}; no connection", Unavailable(""), AGAIN, Stop()),
    Rule("the same, at the last attempt of `max_retries`", Unavailable(""), Fail(), Stop(), LAST),
    Rule("the same, after `throttle_timeout_minutes`", Unavailable(""), AGAIN, Stop(), LATE),
    Rule(
        "another request of the submit (login, list of jobs) failed until `max_retries`",
        Unavailable("", exhausted=True),
        Fail(),
        Stop(),
    ),
    Rule(
        "{statuses}; 400 403 423 that says 'wait'; the tenant's jobs are at their limit",
        Throttled(""),
        AGAIN,
        LATER,
    ),
    Rule("the same, after `max_retries` attempts", Throttled(""), AGAIN, LATER, LAST),
    Rule("the same, after `throttle_timeout_minutes`", Throttled(""), Fail(), LATER, LATE),
    Rule(
        "another request of the submit was throttled until `throttle_timeout_minutes`",
        Throttled("", exhausted=True),
        Fail(),
        LATER,
    ),
    Rule(
        "{statuses}; connection broken; response late, unreadable, too large or without a job",
        AmbiguousSubmit(""),
        LookUp(may_retry=True),
        LookUp(may_retry=False),
    ),
    Rule(
        "the same, at the last attempt of `max_retries`",
        AmbiguousSubmit(""),
        LookUp(may_retry=False),
        LookUp(may_retry=False),
        LAST,
    ),
    Rule(
        "the same, if the API has no list of jobs",
        AmbiguousSubmit(""),
        Fail(),
        Fail(),
        can_list=False,
    ),
    Rule(
        "502, if the API has no list of jobs and no quota is configured",
        AmbiguousSubmit("", status=502),
        AGAIN,
        Stop(),
        can_list=False,
        has_quota=False,
    ),
    Rule(
        "the same, at the last attempt of `max_retries`",
        AmbiguousSubmit("", status=502),
        Fail(),
        Stop(),
        LAST,
        can_list=False,
        has_quota=False,
    ),
    Rule("{statuses}", NotFound(""), Fail(), Stop()),
    Rule("{statuses}", PermissionDenied(""), Fail(), Stop()),
    Rule("{statuses}; any other status", ApiError(""), Fail(), Stop()),
    Rule("the login, or a new token, was refused", AuthError(), Fail(), Fail()),
    Rule("the quota is used up (counted, or 400 that says so)", QuotaExhausted(""), Fail(), Stop()),
    Rule("the response reports that the job failed", JobFailed(), Fail(), Fail()),
    Rule("the journal cannot store the submit", JournalError(), Fail(), Fail()),
]


@pytest.mark.promise("no-double-submit")
@pytest.mark.parametrize("ahead", [False, True], ids=["awaited", "ahead"])
@pytest.mark.parametrize(
    "case", CASES, ids=[f"{type(case.error).__name__} {case.outcome}" for case in CASES]
)
def test_decision(case, ahead):
    """Each outcome has one decision for an awaited submit, and one for a start ahead of time."""
    decision = decide(
        case.error,
        None if ahead else case.attempt,
        can_list=case.can_list,
        has_quota=case.has_quota,
    )

    assert decision == (case.ahead if ahead else case.awaited)

"""The tables of docs/retries.md, out of the code that retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.errors import CXoneError, Throttled, Unavailable
from tap_cxone.http.error_table import ERROR_TABLE
from tap_cxone.http.rate_limit import ExportQuota, RateLimiter, RateLimits
from tap_cxone.jobs.submit_policy import Fail, LookUp, Retry, Stop, decide
from tests.support.run import FakeClock
from tests.unit.jobs.test_submit_policy import CASES

if TYPE_CHECKING:
    from tap_cxone.errors import ApiError
    from tap_cxone.jobs.submit_policy import Decision
    from tests.unit.jobs.test_submit_policy import Rule


def submit_rule_rows() -> str:
    """Return the table of submit outcomes, with the decisions of the code."""
    titles = "| outcome | error | counts against a quota | awaited | started ahead of time |"
    return "\n".join([titles, "|---|---|---|---|---|", *map(_row, CASES)])


def _row(case: Rule) -> str:
    decisions = [
        decide(case.error, attempt, can_list=case.can_list, has_quota=case.has_quota)
        for attempt in (case.attempt, None)
    ]
    cells = [
        case.outcome.format(statuses=_statuses(type(case.error))),
        f"`{type(case.error).__name__}`",
        "yes" if case.has_quota and _counts(case.error) else "no",
        *map(_wording, decisions),
    ]
    return f"| {' | '.join(cells)} |"


def _statuses(error: type[CXoneError]) -> str:
    rules = ERROR_TABLE.items()
    return " ".join(f"{s:d}" for s, rule in rules if rule.error_class(creates_job=True) is error)


def _counts(error: CXoneError) -> bool:
    """Return True if a submit that fails with the error leaves one export less."""
    limiter = RateLimiter(RateLimits(quota=ExportQuota(3)), FakeClock())
    try:
        with limiter.submitting():
            raise error
    except CXoneError:
        return limiter.remaining_exports() == 2


def _wording(decision: Decision) -> str:
    match decision:
        case Retry(delay):
            return "retry after a delay" if delay else "retry after a poll"
        case LookUp(may_retry):
            return "look up the job; retry if there is none" if may_retry else "look up the job"
        case Fail():
            return "fail"
        case Stop():
            return "start no more ahead"


def status_rows() -> str:
    """Return the table of HTTP statuses."""
    rows = [
        f"| {status:d} | `{rule.error.__name__}` "
        f"| `{rule.error_class(creates_job=True).__name__}` | {_action(rule.error)} "
        f"| {rule.hint or 'see the settings of the credentials'} |"
        for status, rule in ERROR_TABLE.items()
    ]
    titles = "| status | error | error of a submit | action for other requests | hint |"
    return "\n".join([titles, "|---|---|---|---|---|", *rows])


def _action(error: type[ApiError]) -> str:
    actions = {
        Throttled: "retry until `throttle_timeout_minutes`",
        Unavailable: "retry up to `max_retries` times",
    }
    return actions.get(error, "fail")

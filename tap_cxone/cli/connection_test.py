"""What can be tried at a family's API without spending an export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tap_cxone.errors import CXoneError, naming
from tap_cxone.http.rate_limit import Hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.context import Family
    from tap_cxone.http.transport import Answer

_MOST_SKEW = timedelta(minutes=2)
_MARKS = {True: "ok  ", False: "FAIL", None: "-   "}


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check, with the remedy if it failed; None if it could not be made."""

    family: str
    check: str
    passed: bool | None
    detail: str

    def __str__(self) -> str:
        """Show it as one line."""
        return f"{_MARKS[self.passed]} {self.family} {self.check}: {self.detail}"


def left_out(family: Family) -> Result:
    """Return why a family is not tried."""
    return Result(family.name, "not set up", None, family.remedy)


def probe(family: Family) -> Iterator[Result]:
    """Log in, read something harmless, tell what is left and compare the clocks.

    Stop at the first failure: what follows would fail for the same reason.
    """
    try:
        token = family.client.login.token()
    except CXoneError as error:
        yield Result(family.name, "login", False, str(error))
        return
    yield Result(family.name, "login", True, f"token for {family.host}")
    try:
        answer = _read(family)
    except CXoneError as error:
        yield Result(family.name, "read", False, str(error))
        return
    if answer is None:
        no = "not tried, for this API has no call but the login that costs no export"
        yield Result(family.name, "read", None, no)
    else:
        yield Result(family.name, "read", True, f"GET {family.harmless}")
    try:
        yield Result(family.name, "quota", True, _left(family, answer))
    except CXoneError as error:
        yield Result(family.name, "quota", False, str(error))
        return
    yield _skew(family, answer.headers.get("Date", "") if answer else token.dated)


def _read(family: Family) -> Answer | None:
    if family.harmless is None:
        return None
    with naming(family.granted):
        return family.client.get(family.harmless)


def _left(family: Family, answer: Answer | None) -> str:
    """Say what is left of the family's quota, and of its server's rate limit."""
    quota, left = family.limits.quota, family.limiter.exports_left()
    if quota is not None:
        words = f"{left} of {quota.exports} exports left now, as far as the state given knows"
        return words if left else f"{words}; {family.limiter.used_up()}"
    if answer is None:
        return "exports are not counted (exports_per_day is null)"
    words = family.left(family.client, answer.json) if family.left else "exports are not counted"
    hint = Hint.read(answer.headers, family.surroundings.clock.now())
    if hint.remaining is None:
        return words
    of = "" if hint.limit is None else f" of {hint.limit}"
    return f"{words}; {hint.remaining}{of} requests left of the rate limit"


def _skew(family: Family, date: str) -> Result:
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return Result(family.name, "clock", None, "not compared, the server told no time")
    skew = abs(family.surroundings.clock.now() - theirs)
    passed = skew <= _MOST_SKEW
    remedy = "" if passed else "; set this machine's clock, windows end at its 'now'"
    return Result(family.name, "clock", passed, f"{skew.total_seconds():.0f} s apart{remedy}")

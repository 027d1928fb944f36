"""What can be tried at a family's API without spending an export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tap_cxone.errors import CXoneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.family import Family
    from tap_cxone.transport import Answer

_MOST_SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check, with the remedy if it failed."""

    family: str
    check: str
    passed: bool
    detail: str

    def __str__(self) -> str:
        """Show it as one line."""
        return f"{'ok  ' if self.passed else 'FAIL'} {self.family} {self.check}: {self.detail}"


def probe(family: Family) -> Iterator[Result]:
    """Log in, read something harmless, and compare the clocks; stop at the first failure."""
    try:
        family.client.login.token()
    except CXoneError as error:
        yield Result(family.name, "login", False, str(error))
        return
    yield Result(family.name, "login", True, f"token from {family.host}")
    if family.harmless is None:
        return
    try:
        answer = family.client.get(family.harmless)
    except CXoneError as error:
        yield Result(family.name, "read", False, str(error))
        return
    yield Result(family.name, "read", True, f"GET {family.harmless}")
    yield _skew(family, answer)


def _skew(family: Family, answer: Answer) -> Result:
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return Result(family.name, "clock", True, "not compared, the server told no time")
    skew = abs(family.surroundings.clock.now() - theirs)
    passed = skew <= _MOST_SKEW
    remedy = "" if passed else "; set this machine's clock, windows end at its 'now'"
    return Result(family.name, "clock", passed, f"{skew.total_seconds():.0f} s apart{remedy}")

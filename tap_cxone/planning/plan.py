"""What a run would do, found out without spending an export."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from tap_cxone.clock import iso
from tap_cxone.planning.advice import advise
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_cxone.context import Family
    from tap_cxone.http.rate_limit import Quota

Unit = Literal["exports", "calls"]
_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Left:
    """What an API says is left of its quota: a number of calls, and its words."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Work:
    """What one stream has to do.

    Attributes:
        family: Its API.
        stream: Its name.
        unit: What a window costs: an export, or one call and one more a further page.
        windows: What it would read.
        due: Those of them that have no job yet.
        start: Where it would begin.
        asked_for: Where it was told to begin, if the API's memory does not reach so far.
    """

    family: str
    stream: str
    unit: Unit
    windows: tuple[Window, ...]
    due: tuple[Window, ...]
    start: datetime
    asked_for: datetime | None = None

    @property
    def days(self) -> int:
        """Return how many days there are to read, begun ones included."""
        if not self.windows:
            return 0
        return -(-(self.windows[-1].end - self.windows[0].start) // _DAY)


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What one stream has to do, and how long that takes at least.

    Attributes:
        work: What it has to do.
        at_least: How long the API's own limits make it take, if no other stream is in its way.
        left: What the API says is left, where it says so.
        finish: The earliest end, the family's other streams considered; None until they are.
    """

    work: Work
    at_least: timedelta
    left: Left | None = None
    finish: datetime | None = None

    @classmethod
    def of(cls, work: Work, family: Family, left: Left | None = None) -> StreamPlan:
        """Return the plan for some work of a family."""
        return cls(work, least(family, len(work.due), work.unit), left)

    def __str__(self) -> str:
        """Show it as one line."""
        work = self.work
        where = f"{work.family} {work.stream}"
        if not work.windows:
            return f"{where}: nothing to read yet from {_minute(work.start)} on"
        whole = Window(work.windows[0].start, work.windows[-1].end)
        said = f"{where}: {whole}, {_count(len(work.windows), 'window')}, {self._needs()}"
        if self.finish:
            said += f", done {_minute(self.finish)} at the earliest"
        return f"{said}; {self.left.words}" if self.left else said

    def _needs(self) -> str:
        asked = len(self.work.windows) - len(self.work.due)
        known = f" ({asked} asked for already)" if asked else ""
        return f"{_count(len(self.work.due), self.work.unit.removesuffix('s'))} needed{known}"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON: instants in UTC, durations in seconds."""
        work = self.work
        return {
            "family": work.family,
            "stream": work.stream,
            "start": iso(work.windows[0].start) if work.windows else None,
            "end": iso(work.windows[-1].end) if work.windows else None,
            "days": work.days,
            "windows": len(work.windows),
            "unit": work.unit,
            "needed": len(work.due),
            "to_ask_for": [{"start": iso(w.start), "end": iso(w.end)} for w in work.due],
            "left": self.left.number if self.left else None,
            "at_least_seconds": self.at_least.total_seconds(),
            "earliest_finish": iso(self.finish) if self.finish else None,
        }


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """What the limits of a family make of its streams' plans.

    Attributes:
        family: The API.
        streams: Its streams, in the order they run.
        per_day: How many exports it allows in 24 hours; None if it does not count them.
        left: How many exports, or calls, it allows now; None if that is not known.
        limits: Its other limits, in words.
        at_least: How long its limits make all of it take, the quota left out.
        finish: When all of it can be done.
        advice: What a colleague would say.
        window_days: How many days one export holds; 0 where that decides what a row is.
    """

    family: str
    streams: tuple[StreamPlan, ...]
    per_day: int | None
    left: int | None
    limits: str
    at_least: timedelta
    finish: datetime
    advice: tuple[str, ...]
    window_days: int

    @classmethod
    def of(cls, family: Family, plans: Sequence[StreamPlan]) -> FamilyPlan:
        """Return the plan of a family of which at least one stream is selected."""
        now, quota = family.surroundings.clock.now(), family.limits.quota
        told = min((plan.left.number for plan in plans if plan.left), default=None)
        left = family.limiter.exports_left() if quota else told
        timed = _timed(family, plans, now)
        works = [plan.work for plan in plans]
        needed = sum(len(work.due) for work in works)
        finishes = [plan.finish for plan in timed if plan.finish]
        return cls(
            family=family.name,
            streams=timed,
            per_day=quota.exports if quota else None,
            left=left,
            limits=_limits(family, works[0].unit),
            at_least=least(family, needed, works[0].unit),
            finish=max([now, *finishes]),
            advice=tuple(advise(family, works, left)),
            window_days=family.window_days,
        )

    @property
    def needed(self) -> int:
        """Return how many exports, or calls, all streams need."""
        return sum(len(plan.work.due) for plan in self.streams)

    def lines(self) -> Iterable[str]:
        """Yield a line a stream, one of the family, and one an advice."""
        yield from map(str, self.streams)
        if self.needed:
            yield f"{self.family}: {self._calculation()}"
        yield from (f"{self.family}: advice: {advice}" for advice in self.advice)

    def _calculation(self) -> str:
        due = [plan.work for plan in self.streams if plan.work.due]
        if self.per_day is None:
            least = timedelta(seconds=round(self.at_least.total_seconds()))
            total = _count(self.needed, due[0].unit.removesuffix("s"))
            return (
                f"{_count(len(due), 'stream')}, {total}, {self.limits}: at least {least}, done "
                f"{_minute(self.finish)} at the earliest"
            )
        nights = -(-self.needed // self.per_day)
        return (
            f"{max(work.days for work in due)} days × {len(due)} tables at {self.per_day} exports "  # noqa: RUF001 (times)
            f"a day = {_count(nights, 'day')}; {self.window_days}-day windows need "
            f"{_count(self.needed, 'export')}; {self.left} left now, the last is possible on "
            f"{_minute(self.finish)}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON: instants in UTC, durations in seconds."""
        return {
            "family": self.family,
            "streams": sum(bool(plan.work.due) for plan in self.streams),
            "days": max(plan.work.days for plan in self.streams),
            "window_days": self.window_days or None,
            "needed": self.needed,
            "per_day": self.per_day,
            "left": self.left,
            "at_least_seconds": self.at_least.total_seconds(),
            "earliest_finish": iso(self.finish),
            "advice": list(self.advice),
        }


def least(family: Family, exports: int, unit: Unit) -> timedelta:
    """Return how long a family's limits make so many exports take; calls take none."""
    if not exports or unit == "calls":
        return _NOTHING
    turns = -(-exports // family.limits.concurrent)
    return max(family.limits.spacing * (exports - 1), family.patience.poll * turns)


def _timed(family: Family, plans: Sequence[StreamPlan], now: datetime) -> tuple[StreamPlan, ...]:
    """Say of each plan when it can end, as its family's streams run one after the other."""
    quota, before, timed = family.limits.quota, 0, []
    # The day's exports go to the oldest windows of all streams.
    turns = sorted((window.start, p.work.stream) for p in plans for window in p.work.due)
    last = {stream: place for place, (_, stream) in enumerate(turns)}
    for plan in plans:
        before += len(plan.work.due)
        end = now + least(family, before, plan.work.unit) if plan.work.due else now
        if quota and plan.work.due:
            periods, place = divmod(last[plan.work.stream], quota.exports)
            end = _free(family, quota, now)[place] + periods * quota.period
        timed.append(replace(plan, finish=end))
    return tuple(timed)


def _free(family: Family, quota: Quota, now: datetime) -> list[datetime]:
    """Return when each of the exports that a quota allows is free, the earliest first."""
    taken = [at + quota.period for at in family.limiter.submits()][-quota.exports :]
    return [*[now] * (quota.exports - len(taken)), *taken]


def _limits(family: Family, unit: Unit) -> str:
    if unit == "calls":
        return "more where a window has several pages"
    spacing = family.limits.spacing.total_seconds()
    apart = f", {spacing:g} s apart" if spacing else ""
    return f"{family.limits.concurrent} at a time{apart}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def as_json(plans: Sequence[FamilyPlan]) -> dict[str, Any]:
    """Return the plans of all families as JSON."""
    return {
        "streams": [stream.as_json() for plan in plans for stream in plan.streams],
        "families": [plan.as_json() for plan in plans],
    }

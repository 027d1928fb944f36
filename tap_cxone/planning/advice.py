"""What a colleague would say of a plan: which setting would do better; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_cxone.context import Family
    from tap_cxone.planning.plan import Work


def advise(family: Family, works: Sequence[Work], left: int | None) -> Iterator[str]:
    """Yield advice on the settings of a family, for what its streams have to do.

    Args:
        family: Whose limits and settings these are.
        works: What there is to do.
        left: How many exports, or calls, are left now, if that is known.
    """
    for work in works:
        if work.asked_for:
            yield (
                f"{work.stream}: asked for {work.asked_for:%Y-%m-%d}, but the API gives nothing "
                f"before {work.start:%Y-%m-%d}; what is older cannot be had"
            )
    yield from _wider(family, works)
    yield from _side_by_side(family, works)
    if family.limits.quota:
        yield from _every_night(family, works, family.limits.quota.exports)
    yield from _too_few(family, works, left)


def _needed(works: Sequence[Work]) -> int:
    return sum(len(work.due) for work in works)


def _wider(family: Family, works: Sequence[Work]) -> Iterator[str]:
    """Yield that wider windows would need fewer exports."""
    due = [work for work in works if work.due]
    if not family.window_days or not due:
        return
    quota, setting = family.limits.quota, f"{family.name}.window_days"
    # A quota makes the widest window worth a trial; elsewhere the API has a limit.
    longest = max(work.days for work in due)
    wide = longest if quota and _needed(due) > quota.exports else 0
    doubt = ", if the API takes so long a window (it documents no limit)"
    for days, remark in ((family.most_days, ""), (wide, doubt)):
        fewer = sum(-(-work.days // days) for work in due) if days > family.window_days else 0
        if 0 < fewer < _needed(due):
            yield f"{setting}: {days} would need {fewer} exports, not {_needed(due)}{remark}"


def _side_by_side(family: Family, works: Sequence[Work]) -> Iterator[str]:
    """Yield that more jobs could run at once."""
    now, most = family.limits.concurrent, family.places
    if now < most and _needed(works) > now:
        yield (
            f"{family.name}.max_concurrent: {most} lets {most} exports run at once, not {now}, as "
            "far as the tenant's other exports leave room"
        )


def _every_night(family: Family, works: Sequence[Work], per_day: int) -> Iterator[str]:
    """Yield that a run every night will need more than a day's quota."""
    again = family.surroundings.settings.lookback.days + 1
    each = -(-again // (family.window_days or 1))
    nightly = len(works) * each
    if nightly > per_day:
        back = f" and lookback_days {again - 1}" if each > 1 else ""
        yield (
            f"every night {len(works)} tables{back} need {nightly} exports and {per_day} are "
            "allowed: some wait a day, by turns, and nothing is lost; name fewer in "
            f"{family.name}.tables to have each of them every day"
        )


def _too_few(family: Family, works: Sequence[Work], left: int | None) -> Iterator[str]:
    """Yield that calls will run out before the work is done."""
    needed = _needed(works)
    if left is not None and not family.limits.quota and needed > left:
        yield (
            f"{needed} calls or more are needed and {left} are left: the run stops when they are "
            "used up, keeps what is done, and the next one goes on"
        )

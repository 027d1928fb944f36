"""Rows for faults that do not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import ever
from tests.resilience.faults.outcomes import (
    AGAIN,
    APPLICATION,
    ELSEWHERE,
    LINKED,
    REDIRECTED,
    TWICE,
    WHO,
    outcome_of_status,
)
from tests.resilience.faults.play import Fails, Row
from tests.resilience.faults.scenes import READS, SCENES, SUBMITS

if TYPE_CHECKING:
    from collections.abc import Iterator


HERE = (("Location", "/"),)


def lasting_rows() -> Iterator[Row]:
    """Yield a row for each fault that does not pass, at each point."""
    for scene in SCENES:
        for place in (*READS[scene], *SUBMITS.get(scene, ())):
            for status in (400, 401, 403, 404, 405, 410, 413, 422, 429, 500):
                faults = ever(place, status=status)
                yield Row(
                    f"{place} {status} ever", scene, faults, outcome_of_status(scene, place, status)
                )
            if place in SUBMITS.get(scene, ()):
                continue
            yield Row(f"{place} html ever", scene, ever(place, "html"), no_json(scene, place))
            where = Fails(("302",), REDIRECTED)
            if place == "download" and scene in LINKED:
                where = Fails(("the storage returned 302",), ("tried 9 times (max_retries)",))
            for label, to in (("elsewhere", ELSEWHERE), ("here", HERE)):
                redirect = ever(place, status=302, headers=to)
                yield Row(f"{place} 302 {label}", scene, redirect, where)


def no_json(scene: str, place: str) -> Fails:
    """Return what comes of a page of HTML that stays."""
    if place == "download":
        return Fails(("an HTML or XML page", "a proxy may have sent it"), TWICE)
    remedy = (*AGAIN, WHO.get(scene, APPLICATION)) if place == "token" else AGAIN
    return Fails(("not JSON", "a proxy may have sent it", "We will be back soon"), remedy)

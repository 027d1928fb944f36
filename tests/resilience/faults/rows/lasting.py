"""Rows for faults that do not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import EXACT, ever
from tests.resilience.faults.outcomes import (
    AGAIN,
    ELSEWHERE,
    NOT_HTTPS,
    REDIRECTED,
    TWICE,
    outcome_of_status,
    who,
)
from tests.resilience.faults.play import Fails, Row
from tests.resilience.faults.scenes import READS, SCENES, SUBMITS

if TYPE_CHECKING:
    from collections.abc import Iterator


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
            spared = EXACT if place in SCENES[scene].dispensable else None
            must = spared or no_json(scene, place)
            yield Row(f"{place} html ever", scene, ever(place, "html"), must)
            for label, to in REDIRECTS.items():
                redirect = ever(place, status=302, headers=to)
                must = spared or outcome_of_redirect(scene, place, label)
                yield Row(f"{place} 302 {label}", scene, redirect, must)


TRIED = "tried 9 times (max_retries)"
REDIRECTS = {
    "elsewhere": ELSEWHERE,
    "here": (("Location", "/"),),
    "to http": (("Location", "http://elsewhere.invalid/"),),
}


def outcome_of_redirect(scene: str, place: str, label: str) -> Fails:
    """Return what comes of a redirect that stays: those of files and statuses are followed."""
    if place not in {"download", "poll"} or SCENES[scene].file_in_json:
        return Fails(("302",), REDIRECTED)
    if label == "to http":
        return NOT_HTTPS
    if label == "elsewhere":
        return Fails(("the download was interrupted",), ("allow connections to elsewhere.invalid",))
    return Fails(("404",), (TRIED, "no record was emitted"))


def no_json(scene: str, place: str) -> Fails:
    """Return what comes of a page of HTML that stays."""
    if place == "download":
        tried = (TRIED, *AGAIN) if SCENES[scene].file_in_json else TWICE
        return Fails(("an HTML or XML page", "a proxy may have sent it"), tried)
    remedy = (*AGAIN, who(scene)) if place == "token" else AGAIN
    return Fails(("not JSON", "a proxy may have sent it", "We will be back soon"), remedy)

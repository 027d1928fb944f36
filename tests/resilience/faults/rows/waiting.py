"""Rows for waits, silent servers, unreachable addresses and clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import EXACT, once
from tests.resilience.faults.outcomes import AGAIN, HOURS, REMEDIES, SILENCE, SPENT, UNLISTED
from tests.resilience.faults.play import Fails, Row
from tests.resilience.faults.scenes import READS, SCENES, SUBMITS
from tests.support.scene import Ability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator.faults import FaultPoint


# How long to wait

ABSURD = {
    "beyond numbers": "1e999",
    "no number": "nan",
    "without end": "inf",
    "negative": "-5",
    "a word": "soon",
    "hexadecimal": "0x10",
    "nearly nothing": "1e-999",
    "no date": "Fri, 99 Foo 2026 12:00:00 GMT",
    "year 1": "Mon, 01 Jan 0001 00:00:00 +2359",
    "another zone": "Fri, 20 Mar 2026 12:00:10 +9999",
    "no zone": "Fri, 20 Mar 2026 12:00:10",
    "past": "Fri, 20 Mar 2020 12:00:10 GMT",
    "400 digits": "9" * 400,
    "two": "120, 130",
}
TOO_LONG = {"3000 years": "99999999999", "year 9999": "Fri, 31 Dec 9999 23:59:59 -1200"}


def retry_after_rows() -> Iterator[Row]:
    """Yield rows for invalid forms of `Retry-After`."""
    points: tuple[tuple[str, FaultPoint, int, tuple[str, ...]], ...] = (
        ("async", "poll", 429, REMEDIES[429]),
        ("async", "async", 429, ("another client may be exporting",)),
        ("analytics", "list", 503, AGAIN),
        ("download", "page", 429, REMEDIES[429]),
    )
    for scene, place, status, remedy in points:
        for label, text in {**ABSURD, **TOO_LONG}.items():
            faults = once(place, status=status, headers=(("Retry-After", text),))
            must = Fails((str(status),), remedy) if label in TOO_LONG else EXACT
            yield Row(f"{place} {status} Retry-After {label}", scene, faults, must)


# Silence, and no way there


def silence_rows() -> Iterator[Row]:
    """Yield rows for answers that do not come, or not to their end."""
    for scene, places in READS.items():
        for number, place in enumerate(places):
            for label, cut in (("silent", None), ("silent amid the body", 10)):
                faults = once(place, "stall", cut=cut, seconds=30)
                slow = (number + (cut is None)) % 2 > 0
                yield Row(f"{place} {label}", scene, faults, EXACT, patience=SILENCE, slow=slow)
    for scene, places in SUBMITS.items():
        if not SCENES[scene].can(Ability.PENDING_JOBS):
            continue
        for place in places:
            must = SPENT if (scene, place) in UNLISTED else EXACT
            faults = once(place, "stall", seconds=30)
            yield Row(f"{place} silent", scene, faults, must, patience=SILENCE)


def unreachable_rows() -> Iterator[Row]:
    """Yield rows for addresses without the API."""
    for scene in SCENES:
        nowhere = {"base_url": "https://no-such-host.invalid"}
        reach = ("check region, tenant, base_url and endpoints, which name the host", "proxy")
        cause = ("NameResolutionError", "no connection")
        must = Fails(cause, (*reach, "no-such-host.invalid", "DNS"))
        once_only = {"max_retries": 0}
        slow = scene != "async"
        yield Row("no such name", scene, (), must, first=nowhere, settings=once_only, slow=slow)
        plain = {"base_url": "https://{host}"}
        remedy = ("region, base_url or endpoints name the right host", "REQUESTS_CA_BUNDLE")
        must = Fails(("SSLError",), remedy)
        yield Row("TLS where there is none", scene, (), must, first=plain)
        closed = {"base_url": "http://127.0.0.1:1"}
        must = Fails(("NewConnectionError", "no connection"), (*reach, "127.0.0.1:1"))
        yield Row("nobody listens", scene, (), must, first=closed)


# Clocks


def clock_rows() -> Iterator[Row]:
    """Yield rows for a server whose clock is not the tap's."""
    for scene in SCENES:
        for label, skew in (
            ("ahead", 7 * HOURS),
            ("behind", -7 * HOURS),
            ("far behind", -40 * HOURS),
        ):
            yield Row(f"clock {label}", scene, (), EXACT, skew=skew)
    behind = once("poll", status=429, headers=(("Retry-After", "Fri, 20 Mar 2026 05:00:10 GMT"),))
    yield Row("clock behind 429 date", "async", behind, EXACT, skew=-7 * HOURS)

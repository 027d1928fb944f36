"""Rows for responses to a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.resilience.faults.answers import EXACT, says
from tests.resilience.faults.outcomes import NO_ACCESS, who
from tests.resilience.faults.play import Fails, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Fault, Simulator
    from tests.resilience.faults.play import Script
    from tests.support.scene import Scene

LIVES = {
    "beyond numbers": "1e400",
    "a text beyond numbers": '"1e999"',
    "beyond dates": "1e15",
    "negative": "-5",
    "zero": "0",
    "null": "null",
    "a word": '"soon"',
    "a list": "[]",
}


def token_that_lives(life: str) -> Script:
    """Return a login whose token is good, and names its lifetime."""

    def script(sim: Simulator, scene: Scene) -> tuple[Fault, ...]:
        own = scene.family in {"analytics_exports", "scheduled_reports"}
        tokens = sim.backend.client_tokens if own else sim.backend.tokens
        token = tokens.issue(sim.backend.options.granted_scopes)
        return says("token", f'{{"access_token": "{token}", "expires_in": {life}}}')

    return script


def login_rows() -> Iterator[Row]:
    """Yield rows for answers to a login."""
    for scene in ("sync", "observability", "reports"):
        for label, life in LIVES.items():
            yield Row(f"token lives {label}", scene, token_that_lives(life), EXACT)
        remedy = (who(scene),)
        for label, token in (("of another script", "t\u00f6k\u20acn"), ("of two lines", "a\nb")):
            faults = says("token", {"access_token": token})
            yield Row(f"token {label}", scene, faults, Fails(("access_token",), remedy))
        for label, odd in (("of a number", 5), ("without a character", "")):
            faults = says("token", {"access_token": odd})
            yield Row(f"token {label}", scene, faults, Fails((NO_ACCESS,), remedy))

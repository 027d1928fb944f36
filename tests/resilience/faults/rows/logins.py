"""Rows for responses to a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator import Options
from tests.resilience.faults.answers import EXACT, says
from tests.resilience.faults.outcomes import NO_ACCESS, who
from tests.resilience.faults.play import Fails, Row
from tests.support.facts import token_store
from tests.support.scenes import FAMILY_SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Fault, Simulator
    from tests.resilience.faults.play import Script
    from tests.support.scene import Scene

EVERY_SCOPE = {*Options().granted_scopes, *Options().reporting_scopes}
ONE_OF_EACH_FAMILY = {scene.family: scene.name for scene in reversed(FAMILY_SCENES)}.values()
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
        token = token_store(sim, scene.family).issue(EVERY_SCOPE)
        return says("token", f'{{"access_token": "{token}", "expires_in": {life}}}')

    return script


def login_rows() -> Iterator[Row]:
    """Yield rows for answers to a login."""
    for scene in ONE_OF_EACH_FAMILY:
        for label, life in LIVES.items():
            yield Row(f"token lives {label}", scene, token_that_lives(life), EXACT)
        remedy = (who(scene),)
        for label, token in (("of another script", "t\u00f6k\u20acn"), ("of two lines", "a\nb")):
            faults = says("token", {"access_token": token})
            yield Row(f"token {label}", scene, faults, Fails(("access_token",), remedy))
        for label, odd in (("of a number", 5), ("without a character", "")):
            faults = says("token", {"access_token": odd})
            yield Row(f"token {label}", scene, faults, Fails((NO_ACCESS,), remedy))

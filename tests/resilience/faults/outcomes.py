"""Outcomes that rows of the table share: words of causes and of remedies."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import ACCESS_KEY
from tests.resilience.faults.answers import EXACT
from tests.resilience.faults.play import Exact, Fails
from tests.resilience.faults.scenes import SCENES
from tests.support.scene import Ability

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import FaultPoint
    from tests.support.scene import Scene

# What one more try mends, wherever something is only read

HTML = (("Content-Type", "text/html"),)
AFTER_NOON = "Fri, 20 Mar 2026 12:00:10 GMT"
USUAL: dict[str, Any] = {"kind": "status"}
PASSING: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503 Retry-After": {"status": 503, "headers": (("Retry-After", "7"),)},
    "429 date": {"status": 429, "headers": (("Retry-After", AFTER_NOON),)},
    "reset": {"kind": "reset"},
    "truncated": {"kind": "truncated"},
    "html": {"kind": "html"},
    "429": {"status": 429},
    "429 Retry-After": {"status": 429, "headers": (("Retry-After", "7"),)},
    "502 html": {"status": 502, "body": "<html>Bad</html>", "headers": HTML},
    "503": {"status": 503},
    "503 thrice": {"status": 503, "times": 3},
    "504": {"status": 504},
    "408": {"status": 408},
    "409": {"status": 409},
    "425": {"status": 425},
    "reply lost": {"kind": "reply-lost"},
}

# A submit, which must not be repeated blindly

SPENT = Fails(
    ("this API has no list of jobs",), ("counts as spent", "The next run submits the window again")
)
UNSETTLED = Fails(("the list of jobs is not available",), SPENT.remedy)
UNLISTED = {
    (scene.name, scene.submits[-1])
    for scene in SCENES.values()
    if scene.can(Ability.JOBS) and not scene.can(Ability.JOB_LIST)
}

# What stays

NOT_HTTPS = Fails(("link that is not https", "nothing was downloaded"), ("allow_insecure",))

ELSEWHERE = (("Location", "https://elsewhere.invalid/?key=abc"),)
REDIRECTED = ("redirects are not followed", "base_url")
AGAIN = ("run again",)
TWICE = ("both downloads failed", *AGAIN)
NOT_ACCEPTED = ("correct the setting that the response names", "report it")
WRONG_PLACE = ("check region, tenant, base_url and endpoints",)
KEY = "check access_key_id, access_key_secret"
APPLICATION = "check client_id, client_secret"
RIGHT = ("grant this permission to the user or application",)
REMEDIES: dict[int, tuple[str, ...]] = {
    400: NOT_ACCEPTED,
    404: WRONG_PLACE,
    405: WRONG_PLACE,
    410: WRONG_PLACE,
    413: ("lower window_days of the family",),
    422: NOT_ACCEPTED,
    429: ("throttle_timeout_minutes", "when no other client uses this API"),
    500: AGAIN,
}
WAITED = Fails(("throttle_timeout_minutes", "429"), ("another client may be exporting",))
LACKS_ENTRIES = Fails(("received 1 of 3 announced entries",), AGAIN)
UNKNOWN_JOB = Fails(("produced no file", "does not know the job"), AGAIN)


def who(scene: str) -> str:
    """Return the settings that a refused login names."""
    return KEY if SCENES[scene].credentials == ACCESS_KEY else APPLICATION


def outcome_of_status(name: str, place: FaultPoint, status: int) -> Exact | Fails:
    """Return what comes of a status that stays."""
    scene = SCENES[name]
    if place in scene.dispensable:
        return EXACT
    if words := scene.refusals.get((place, status)):
        return Fails(*words)
    if place == "poll" and status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return UNKNOWN_JOB
    if place in scene.submits and status == HTTPStatus.TOO_MANY_REQUESTS:
        return WAITED
    if (name, place) in UNLISTED and status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return SPENT
    return _usual_outcome(scene, place, status)


def _usual_outcome(scene: Scene, place: FaultPoint, status: int) -> Fails:
    cause, credentials = (str(status),), who(scene.name)
    if place == "download" and scene.can(Ability.PRESIGNED_LINKS):
        return Fails(cause, ("tried 9 times (max_retries)", "no record was emitted", "Run again"))
    if place == "token" and status not in {429, 500}:
        also = WRONG_PLACE if status in {404, 405, 410} else ()
        return Fails(("Login refused", *cause), (*also, credentials))
    permission = scene.permissions.get(place, scene.permission or RIGHT)
    if status == HTTPStatus.UNAUTHORIZED:
        is_first = place == scene.first_request
        first = (credentials,) if is_first else ()
        words = ("a new token was rejected too", "permission is missing", *first, *permission)
        return Fails(cause, words)
    if status == HTTPStatus.FORBIDDEN:
        return Fails(cause, permission)
    return Fails(cause, REMEDIES[status])


# JSON of another shape

NO_ACCESS = "the response has no valid access_token"
UNKNOWN_STATUS = Exact(warns=("tap-cxone does not know the status in", "Please report the status"))
OTHER_DAY = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T23:59:59Z"}
"""A day that no window has."""

# Silence

SILENCE = 0.2
"""Seconds that the tap bears it."""

# Clocks

HOURS = timedelta(hours=1)

"""Outcomes that rows of the table share: words of causes and of remedies."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from tests.resilience.faults.answers import EXACT
from tests.resilience.faults.play import Exact, Fails
from tests.resilience.faults.scenes import SCENES, SUBMITS

# What one more try mends, wherever something is only read

LINKED = {"sync", "async", "observability"}  # whose files lie in a storage of its own
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
UNLISTED = {("observability", "submit"), ("reports", "run")}

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
WHO = {"sync": KEY, "async": KEY, "contacts": KEY, "call_detail": KEY, "report_job": KEY}
PERMISSION: dict[tuple[str, str], tuple[str, ...]] = {
    ("sync", "sync"): ("QM Workflow API",),
    ("async", "async"): ("QM Workflow API",),
    ("observability", "submit"): ("permission to see the Observability Dashboard",),
    ("analytics", "list"): ("analytics:export:read",),
    ("analytics", "submit"): ("analytics:export:write",),
    ("contacts", "page"): ("permission to view this data",),
    ("call_detail", "download"): ("Data Download > View",),
    **{
        ("report_job", place): ("Custom Reports > Edit, and access to files",)
        for place in ("list", "submit", "poll", "download")
    },
    ("download", "catalogue"): ("api:custom-metrics:read",),
    ("download", "page"): ("api:data-download:read",),
    ("reports", "list"): ("analytics:reports:read",),
    ("reports", "submit"): ("analytics:reports:write",),
    ("reports", "update"): ("analytics:reports:write",),
}
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
ZONELESS = Fails(("time zone is unknown",), ("set timezone",))
WAITED = Fails(("throttle_timeout_minutes", "429"), ("another client may be exporting",))
UNREGISTERED = Fails(
    ("may have been registered", "500"), ("tried 9 times (max_retries)", "no run was spent")
)
NO_SUCH_REPORT = Fails(("404",), ("region", "endpoints.data_download"))
OWN: dict[tuple[str, str, int], Exact | Fails] = {
    **{("download", "me", status): ZONELESS for status in (401, 403, 404)},
    **{
        (s, "poll", 404): Fails(("produced no file", "does not know the job"), AGAIN)
        for s in SCENES
    },
    **{("download", place, 404): NO_SUCH_REPORT for place in ("page", "catalogue")},
    **{("sync", "sync", n): Fails((str(n),), ("set data_extraction.mode",)) for n in (404, 405)},
    **{(s, place, 429): WAITED for s, places in SUBMITS.items() for place in places},
    ("reports", "submit", 500): UNREGISTERED,
    **{(s, place, 500): SPENT for s, place in UNLISTED},
    ("reports", "run", 500): Fails(("500",), ("tried 9 times (max_retries)", *AGAIN)),
}


def outcome_of_status(scene: str, place: str, status: int) -> Exact | Fails:
    """Return what comes of a status that stays."""
    if must := EXACT if (scene, place) in DISPENSABLE else OWN.get((scene, place, status)):
        return must
    cause, who = (str(status),), WHO.get(scene, APPLICATION)
    if place == "download" and scene in LINKED:
        return Fails(cause, ("tried 9 times (max_retries)", "no record was emitted", "Run again"))
    if place == "token" and status not in {429, 500}:
        also = WRONG_PLACE if status in {404, 405, 410} else ()
        return Fails(("Login refused", *cause), (*also, who))
    if status == HTTPStatus.UNAUTHORIZED:
        missing = "a permission is missing", *PERMISSION.get((scene, place), RIGHT)
        remedy = (who,) if (scene, place) in FIRST else missing
        return Fails(cause, ("a new token was rejected too", *remedy))
    if status == HTTPStatus.FORBIDDEN:
        return Fails(cause, PERMISSION.get((scene, place), RIGHT))
    return Fails(cause, REMEDIES[status])


# What the run can do without, and what it requests before anything else that needs a token

DISPENSABLE = {("sync", "list"), ("async", "list")}
FIRST = {
    ("contacts", "page"),
    ("call_detail", "download"),
    ("report_job", "list"),
    ("observability", "submit"),
    ("analytics", "list"),
    ("download", "catalogue"),
    ("reports", "list"),
}

# JSON of another shape

NO_ACCESS = "the response has no valid access_token"

# Clocks

HOURS = timedelta(hours=1)

"""The table of faults: by family, point and fault, what must happen."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.http.messages import ApiRequest
from tap_cxone.simulator import Credentials, Fault
from tap_cxone.simulator.jsontext import encode
from tests.resilience.faults.play import ALWAYS, Exact, Fails, Played, Row, Stops
from tests.resilience.faults.scenes import READS, SCENES, SUBMITS, WINDOWS, snake
from tests.support.scheduled_reports import STREAM, definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FaultPoint
    from tests.resilience.faults.play import Script
    from tests.resilience.faults.scenes import Scene

EXACT = Exact()
JSON = "application/json"
DEEP = "[" * 100_000
HUGE = "1e999999999999999999999"
MB = 1_000_000


def once(at: FaultPoint, kind: Any = "status", **how: Any) -> tuple[Fault, ...]:
    """Return a fault that strikes one request."""
    return (Fault(at, kind, **how),)


def ever(at: FaultPoint, kind: Any = "status", **how: Any) -> tuple[Fault, ...]:
    """Return a fault that strikes every request."""
    return once(at, kind, times=ALWAYS, **how)


def says(
    at: FaultPoint, body: Any, *, media: str = JSON, status: int = 200, **how: Any
) -> tuple[Fault, ...]:
    """Return a fault that answers with a body: text and bytes as they are, others as JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = (("Content-Type", media),) if media else ()
    return once(at, status=status, headers=headers, body=text, **how)


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


def passing() -> Iterator[Row]:
    """Yield a row for each passing fault at each point that reads."""
    for scene, places in READS.items():
        for place in places:
            for label, how in PASSING.items():
                yield Row(f"{place} {label}", scene, once(place, **how), EXACT)
            if place != "download":
                half = once(place, "malformed-json")
                yield Row(f"{place} half the JSON", scene, half, EXACT)
                yield Row(f"{place} empty", scene, once(place, "empty"), EXACT)
            if place != "token":
                yield Row(f"{place} 401", scene, once(place, status=401), EXACT)


# A submit, which must not be repeated blindly

SPENT = Fails(("this API has no list of jobs",), ("counts as spent", "the next run asks anew"))
UNLISTED = {("observability", "submit"), ("reports", "run")}
NOT_STARTED: dict[str, dict[str, Any]] = {
    "401": {"status": 401},
    "409": {"status": 409},
    "429": {"status": 429},
    "429 Retry-After": {"status": 429, "headers": (("Retry-After", "40"),)},
    "503": {"status": 503},
    "503 date": {"status": 503, "headers": (("Retry-After", AFTER_NOON),)},
}
DOUBTFUL: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "504": {"status": 504},
    "408": {"status": 408},
    "425": {"status": 425},
    "reset": {"kind": "reset"},
    "reply lost": {"kind": "reply-lost"},
    "html": {"kind": "html"},
    "names nothing": {"status": 200, "body": '{"id": null, "runId": null, "jobStatus": null}'},
    "list": {"status": 200, "body": "[]"},
    "number": {"status": 200, "body": "5"},
    "no JSON": {"status": 200, "body": "accepted"},
}
SPOILED = ("empty", "malformed-json", "truncated")  # of the table's exports only `Location` counts


def submits() -> Iterator[Row]:
    """Yield rows for submits that were not accepted, or may have been."""
    for scene, places in SUBMITS.items():
        for place in places:
            lost = SPENT if (scene, place) in UNLISTED else EXACT
            for label, how in NOT_STARTED.items():
                yield Row(f"{place} {label}", scene, once(place, **how), EXACT)
            for label, how in DOUBTFUL.items():
                yield Row(f"{place} {label}", scene, once(place, **how), lost)
            for kind in SPOILED:
                must = EXACT if scene == "observability" else lost
                yield Row(f"{place} {kind}", scene, once(place, kind), must)
            yield Row(
                f"{place} 302",
                scene,
                once(place, status=302, headers=ELSEWHERE),
                Fails(("302",), REDIRECTED),
            )


# What stays

ELSEWHERE = (("Location", "https://elsewhere.invalid/?key=abc"),)
HERE = (("Location", "/"),)
REDIRECTED = ("redirects are not followed", "base_url")
AGAIN = ("run again",)
TWICE = ("it came so twice", *AGAIN)
NOT_ACCEPTED = ("correct the setting that these words are about", "report it")
WRONG_PLACE = ("check region, tenant, base_url and endpoints",)
KEY = "check access_key_id, access_key_secret"
APPLICATION = "check client_id, client_secret"
WHO = {"sync": KEY, "async": KEY}
PERMISSION: dict[tuple[str, str], tuple[str, ...]] = {
    ("sync", "sync"): ("QM Workflow API",),
    ("async", "async"): ("QM Workflow API",),
    ("observability", "submit"): ("permission to see the Observability Dashboard",),
    ("analytics", "list"): ("analytics:export:read",),
    ("analytics", "submit"): ("analytics:export:write",),
    ("download", "catalogue"): ("api:custom-metrics:read",),
    ("download", "page"): ("api:data-download:read",),
    ("reports", "list"): ("analytics:reports:read",),
    ("reports", "submit"): ("analytics:reports:write",),
}
RIGHT = ("give the user or application behind the credentials the right",)
REMEDIES: dict[int, tuple[str, ...]] = {
    400: NOT_ACCEPTED,
    404: WRONG_PLACE,
    405: WRONG_PLACE,
    410: WRONG_PLACE,
    413: ("lower the family's window_days",),
    422: NOT_ACCEPTED,
    429: ("throttle_timeout_minutes", "when nothing else asks in this tenant's name"),
    500: AGAIN,
}
ZONELESS = Fails(("time zone is not known",), ("set timezone",))


def lasting() -> Iterator[Row]:
    """Yield a row for each fault that does not pass, at each point."""
    for scene in SCENES:
        for place in (*READS[scene], *SUBMITS.get(scene, ())):
            for status in (400, 401, 403, 404, 405, 410, 413, 422, 429, 500):
                faults = ever(place, status=status)
                yield Row(f"{place} {status} ever", scene, faults, refused(scene, place, status))
            if place in SUBMITS.get(scene, ()):
                continue
            yield Row(f"{place} html ever", scene, ever(place, "html"), no_json(scene, place))
            where = Fails(("302",), REDIRECTED)
            if place == "download" and scene in LINKED:
                where = Fails(("the storage answered 302",), ("tried 9 times (max_retries)",))
            for label, to in (("elsewhere", ELSEWHERE), ("here", HERE)):
                redirect = ever(place, status=302, headers=to)
                yield Row(f"{place} 302 {label}", scene, redirect, where)


WAITED = Fails(("throttle_timeout_minutes", "429"), ("something else exporting",))
UNREGISTERED = Fails(
    ("may have been registered", "500"), ("tried 9 times (max_retries)", "no report was spent")
)
NO_SUCH_REPORT = Fails(("404",), ("region", "endpoints.data_download"))
OWN: dict[tuple[str, str, int], Exact | Fails] = {
    **{(s, "list", status): EXACT for s in ("sync", "async") for status in (403, 404)},
    **{("download", "me", status): ZONELESS for status in (403, 404)},
    **{(s, "poll", 404): Fails(("gave no file", "does not know it"), AGAIN) for s in SCENES},
    **{("download", place, 404): NO_SUCH_REPORT for place in ("page", "catalogue")},
    **{("sync", "sync", n): Fails((str(n),), ("set data_extraction.mode",)) for n in (404, 405)},
    **{(s, place, 429): WAITED for s, places in SUBMITS.items() for place in places},
    ("reports", "submit", 500): UNREGISTERED,
    **{(s, place, 500): SPENT for s, place in UNLISTED},
}


def refused(scene: str, place: str, status: int) -> Exact | Fails:
    """Return what comes of a status that stays."""
    if must := OWN.get((scene, place, status)):
        return must
    cause, who = (str(status),), WHO.get(scene, APPLICATION)
    if place == "download" and scene in LINKED:
        return Fails(cause, ("tried 9 times (max_retries)", "nothing was emitted", *AGAIN))
    if place == "token" and status not in {429, 500}:
        also = WRONG_PLACE if status in {404, 405, 410} else ()
        return Fails(("Login refused", *cause), (*also, who))
    if status == HTTPStatus.UNAUTHORIZED:
        return Fails(cause, ("a new token was refused too", who))
    if status == HTTPStatus.FORBIDDEN:
        return Fails(cause, PERMISSION.get((scene, place), RIGHT))
    return Fails(cause, REMEDIES[status])


def no_json(scene: str, place: str) -> Fails:
    """Return what comes of a page of HTML that stays."""
    if place == "download":
        return Fails(("a page of HTML or XML came", "is a proxy in the way"), TWICE)
    remedy = (*AGAIN, WHO.get(scene, APPLICATION)) if place == "token" else AGAIN
    return Fails(("not JSON", "is a proxy in the way", "We will be back soon"), remedy)


# JSON of another shape

UNKNOWN = ("does not know",)
ODD: dict[str, Any] = {
    "null status": {"status": None, "state": None},
    "null id": {"id": None},
    "null list": {"entities": None, "jobs": None, "data": None},
    "null": None,
    "number": 5,
    "text": '"some"',
    "list": [],
    "unknown word": {"status": "Zombie", "state": "Zombie"},
    "half a character": '{"odd": "\\ud800"}',
}
NO_ACCESS = "the answer has no access_token"
SHAPES: dict[tuple[str, FaultPoint], Exact | Fails] = {
    ("sync", "token"): Fails((NO_ACCESS,), (KEY,)),
    ("sync", "list"): EXACT,
    ("async", "poll"): Fails(("status",), ("re",)),
    ("observability", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("observability", "poll"): Fails(UNKNOWN, ("please report it",)),
    ("analytics", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("analytics", "list"): EXACT,
    ("analytics", "poll"): Fails(UNKNOWN, ("please report it",)),
    ("download", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("download", "me"): ZONELESS,
    ("download", "catalogue"): Fails(("no list of them",), ("base_url",)),
    ("download", "page"): Fails(("no list 'data'",), ("base_url",)),
    ("reports", "token"): Fails((NO_ACCESS,), (APPLICATION,)),
    ("reports", "list"): Fails(("no list of them",), ("base_url",)),
    ("reports", "poll"): Fails(UNKNOWN, ("please report it",)),
    ("reports", "page"): EXACT,
}
LISTS = {("download", "catalogue"), ("reports", "list")}  # where a list is an answer
TANGLED = {
    "nested deeply": DEEP,
    "huge exponent": f'{{"odd": {HUGE}}}',
    "NaN": '{"odd": NaN}',
    "5000 digits": f'{{"odd": {"1" * 5000}}}',
    "NUL": b'{"odd": "\0"}',
    "no text": b"\xff\xfe\x00\xd8",
    "no UTF-8": b'{"odd": "\xff"}',
}


def shapes() -> Iterator[Row]:
    """Yield rows for JSON that is not what was asked for, and for what is hardly JSON."""
    for (scene, place), must in SHAPES.items():
        for label, odd in ODD.items():
            if label == "list" and (scene, place) in LISTS:
                continue
            yield Row(f"{place} {label}", scene, says(place, odd), must)
        for label, text in TANGLED.items():
            yield Row(f"{place} {label}", scene, says(place, text), EXACT)
    for scene, places in SUBMITS.items():
        for place in places:
            must = SPENT if (scene, place) in UNLISTED else EXACT
            for label in ("nested deeply", "huge exponent"):
                yield Row(f"{place} {label}", scene, says(place, TANGLED[label]), must)


# Logins

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
    """Return a login whose token is good, and says so of its life."""

    def script(sim: Simulator, scene: Scene) -> tuple[Fault, ...]:
        own = scene.family in {"analytics_exports", "scheduled_reports"}
        tokens = sim.backend.client_tokens if own else sim.backend.tokens
        token = tokens.issue(sim.backend.options.granted_scopes)
        return says("token", f'{{"access_token": "{token}", "expires_in": {life}}}')

    return script


def logins() -> Iterator[Row]:
    """Yield rows for answers to a login."""
    for scene in ("sync", "observability", "reports"):
        for label, life in LIVES.items():
            yield Row(f"token lives {label}", scene, token_that_lives(life), EXACT)
        remedy = (WHO.get(scene, APPLICATION),)
        for label, token in (("of another script", "t\u00f6k\u20acn"), ("of two lines", "a\nb")):
            faults = says("token", {"access_token": token})
            yield Row(f"token {label}", scene, faults, Fails(("access_token",), remedy))
        for label, odd in (("of a number", 5), ("without a character", "")):
            faults = says("token", {"access_token": odd})
            yield Row(f"token {label}", scene, faults, Fails((NO_ACCESS,), remedy))


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


def waiting() -> Iterator[Row]:
    """Yield rows for `Retry-After` as nobody should write it."""
    points: tuple[tuple[str, FaultPoint, int, tuple[str, ...]], ...] = (
        ("async", "poll", 429, REMEDIES[429]),
        ("async", "async", 429, ("something else exporting",)),
        ("analytics", "list", 503, AGAIN),
        ("download", "page", 429, REMEDIES[429]),
    )
    for scene, place, status, remedy in points:
        for label, text in {**ABSURD, **TOO_LONG}.items():
            faults = once(place, status=status, headers=(("Retry-After", text),))
            must = Fails((str(status),), remedy) if label in TOO_LONG else EXACT
            yield Row(f"{place} {status} Retry-After {label}", scene, faults, must)


# Silence, and no way there

SILENT = 0.2


def silence() -> Iterator[Row]:
    """Yield rows for answers that do not come, or not to their end."""
    for scene, places in READS.items():
        for number, place in enumerate(places):
            for label, cut in (("silent", None), ("silent amid the body", 10)):
                faults = once(place, "stall", cut=cut, seconds=30)
                slow = (number + (cut is None)) % 2 > 0
                yield Row(f"{place} {label}", scene, faults, EXACT, patience=SILENT, slow=slow)
    for scene, places in SUBMITS.items():
        if scene == "sync":
            continue
        for place in places:
            must = SPENT if (scene, place) in UNLISTED else EXACT
            faults = once(place, "stall", seconds=30)
            yield Row(f"{place} silent", scene, faults, must, patience=SILENT)
    yield Row(
        "sync silent",
        "sync",
        once("sync", "stall", seconds=30),
        EXACT,
        options={"job_seconds": 1},
        settings={"job_timeout_minutes": 0.005},
    )
    mute = ever("page", "stall", seconds=30)
    tries = {"max_retries": 1}
    must = Fails(("data-download", "connection broke"), AGAIN)
    yield Row("page silent ever", "download", mute, must, settings=tries, patience=SILENT)


def no_way() -> Iterator[Row]:
    """Yield rows for addresses where nobody answers as the API does."""
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


# Schedules that are there already, and are to be changed; jobs of the synchronous endpoint


def outdated(*faults: Fault) -> Script:
    """Return these faults, and a schedule that is not what the settings say."""

    def script(sim: Simulator, scene: Scene) -> tuple[Fault, ...]:
        sim.add_schedule(definition(scene.stream, metrics=["wrapUpTime"]))
        return faults

    return script


CHANGES = {
    **{status: refused("reports", "update", status) for status in (400, 401, 404, 422, 429, 500)},
    403: Fails(("403",), ("analytics:reports:write",)),
}
UNCHANGED = Fails(("could not be changed",), ("run again",))


def updates() -> Iterator[Row]:
    """Yield rows for the change of a schedule, and for polls after a synchronous submit."""
    yield Row("update nothing", "reports", outdated(), EXACT)
    for label, how in PASSING.items():
        changed = outdated(Fault("update", **USUAL | how))
        must = UNCHANGED if label == "html" else EXACT
        yield Row(f"update {label}", "reports", changed, must)
    for status in (400, 401, 403, 404, 422, 429, 500):
        faults = outdated(*ever("update", status=status))
        yield Row(f"update {status} ever", "reports", faults, CHANGES[status])
    faults = outdated(*ever("update", status=302, headers=ELSEWHERE))
    yield Row("update 302", "reports", faults, Fails(("302",), REDIRECTED))
    twins = Fails(("two schedules are called",), ("delete all but one",))
    two = json.dumps({"entities": [{"scheduleId": n, "name": STREAM} for n in "ab"]})
    yield Row("list two of a name", "reports", says("list", two), twins)
    named = {"sync_response": "string-id"}
    for label, how in PASSING.items():
        running = once("poll", **how)
        yield Row(f"poll {label}", "sync", running, EXACT, options=named)


# Clocks

HOURS = timedelta(hours=1)


def clocks() -> Iterator[Row]:
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


# Jobs

GIVE_NOTHING = {
    "job-failed": "failed",
    "job-cancelled": "cancelled",
    "job-expired": "expired",
    "job-lost": "the API does not know it",
}


def jobs() -> Iterator[Row]:
    """Yield rows for jobs that give no file."""
    places: dict[str, FaultPoint] = {
        "async": "async",
        "observability": "submit",
        "analytics": "submit",
    }
    points: dict[str, tuple[FaultPoint, ...]] = {
        scene: (at, "poll") for scene, at in places.items()
    }
    for scene, both in {**points, "reports": ("run", "poll")}.items():
        for at in both:
            for kind, words in GIVE_NOTHING.items():
                yield Row(
                    f"{at} {kind}", scene, once(at, kind), Fails(("gave no file", words), AGAIN)
                )
        reason = once("poll", "job-failed", body="Sorry, 5 rows too many")
        must = Fails(("gave no file", "Sorry, 5 rows too many"), ("Run again; a smaller window",))
        yield Row("poll job-failed for a reason", scene, reason, must)
    for kind, words in (("job-failed", "FAILED"), ("job-cancelled", "CANCELLED")):
        yield Row(f"sync {kind}", "sync", once("sync", kind), Fails((words,), AGAIN))
    yield Row("sync job-lost", "sync", once("sync", "job-lost"), EXACT)
    places["sync"] = "sync"
    blocked = ("something else exporting",)
    for scene, at in places.items():
        # Of these jobs only one may run, so the one that never ends is in everybody's way.
        then = blocked if scene in {"sync", "async"} else ()
        must = Fails(("still running",), ("job_timeout_minutes",), later=25 * HOURS, then=then)
        yield Row(f"{at} job-stuck", scene, once(at, "job-stuck"), must)
    stuck = once("run", "job-stuck")
    must = Fails(("still running", "cancelled"), ("scheduled_reports.job_timeout_minutes",))
    yield Row("run job-stuck", "reports", stuck, must)
    for status in (400, 401, 403, 404, 409, 500):
        faults = (*stuck, *ever("cancel", status=status))
        must = Fails(("still running",), ("scheduled_reports.job_timeout_minutes",))
        if status == HTTPStatus.UNAUTHORIZED:
            must = Fails(("401", "a new token was refused too"), (APPLICATION,))
        yield Row(f"cancel {status}", "reports", faults, must)


# Files


def file(change: Callable[[str], bytes], windows: int = WINDOWS) -> Script:
    """Return downloads of the true files, changed; of the first ones only if so many are named."""

    def script(sim: Simulator, scene: Scene) -> list[Fault]:
        found = []
        for number in range(windows):
            rows = scene.rows(sim, number)
            json_file = scene.family == "analytics_exports"
            text = encode(rows).decode() if json_file else csv_of(rows)
            found.append(Fault("download", "bytes", body=change(text)))
        return found

    return script


def csv_of(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows as CSV."""
    return written([list(rows[0]), *(list(row.values()) for row in rows)])


def written(lines: Sequence[Sequence[str]]) -> str:
    """Write lines as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(lines)
    return out.getvalue()


def with_column(title: str, cell: str) -> Callable[[str], bytes]:
    """Return a change that adds a column with the same cell in every row."""

    def change(text: str) -> bytes:
        header, *lines = csv.reader(io.StringIO(text, newline=""))
        return written([[*header, title], *([*line, cell] for line in lines)]).encode()

    return change


def with_field(field: str) -> Callable[[str], bytes]:
    """Return a change that adds a field to every object."""
    return lambda text: text.replace('{"id":', f'{{"odd":"{field}","id":').encode()


def with_first(line: str) -> Callable[[str], bytes]:
    """Return a change that puts a line below the header."""

    def change(text: str) -> bytes:
        header, rest = text.split("\r\n", 1)
        return f"{header}\r\n{line}\r\n{rest}".encode()

    return change


def length(number: int) -> Callable[[Any], bool]:
    """Return what tells whether a value is as long."""
    return lambda value: isinstance(value, str) and len(value) == number


def packed(text: str) -> bytes:
    """Pack a file."""
    return gzip.compress(text.encode())


GOOD_FILES: dict[str, Callable[[str], bytes]] = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "BOM": lambda text: text.encode("utf-8-sig"),
    "gzip": packed,
    "gzip of gzip": lambda text: gzip.compress(packed(text)),
    "gzip members": lambda text: gzip.compress(text[:99].encode()) + packed(text[99:]),
    "gzip and zeros": lambda text: packed(text) + bytes(64),
    "blank lines": lambda text: text.encode() + b"\r\n\r\n",
}
NO_UTF_8 = Fails(("not UTF-8",), TWICE)
BAD_FILES: dict[str, tuple[str | bytes, Fails]] = {
    "no text": (bytes(range(128, 256)), NO_UTF_8),
    "a zip": (b"PK\x03\x04\xff\xfe", NO_UTF_8),
    "cut gzip": (gzip.compress(b"a,b" * 999)[:-9], Fails(("damaged or ends early",), TWICE)),
    "gzip and more": (packed("a") + b"more", Fails(("gzip data is damaged",), TWICE)),
    "gzip head only": (b"\x1f\x8b", Fails(("gzip data is damaged",), TWICE)),
    "html": (" \n<HTML>no</HTML>", Fails(("HTML",), ("proxy", *TWICE))),
    "xml error": ("<?xml version='1.0'?><Error/>", Fails(("HTML or XML",), ("proxy", *TWICE))),
}
CSV_ONLY: dict[str, tuple[str | bytes, Fails]] = {
    "JSON": ('[{"a": 1}]', Fails(("JSON came instead of CSV",), ("proxy", *TWICE))),
    "other columns": ("a,b\r\n1,2\r\n", Fails(("no column", "a, b"), ("primary_keys",))),
}
JSON_ONLY: dict[str, tuple[str | bytes, Fails]] = {
    "nested deeply": (DEEP, Fails(("not JSON",), TWICE)),
    "an object": ('{"message": "sorry"}', Fails(("lacks the required",), ("max_invalid_ratio",))),
    "null in a list": ("[null]", Fails(("is not an object",), ("max_invalid_ratio",))),
    "null keys": ('[{"id": null}]', Fails(("lacks the required",), ("required_fields",))),
    "latin-1": (b'[{"id": "\xe9"}]', NO_UTF_8),
    "huge exponent": (
        '[{"id":"a","type":"bot","dateFrom":null,"dateTo":null,"botId":"1","agentId":"2",'
        f'"duration":{HUGE}}}]',
        Fails(("not JSON",), TWICE),
    ),
    "cut in a string": ('[{"id": "a', Fails(("not JSON",), TWICE)),
    "more after its end": ("[] []", Fails(("not JSON", "more after"), TWICE)),
}
CUT = Fails(("connection broke",), AGAIN)
BROKEN: dict[str, Fails] = {
    "truncated": Fails(("broke off",), ("tried 9 times (max_retries)", *AGAIN)),
    "truncated-gzip": Fails(("gzip data is damaged or ends early",), TWICE),
    "corrupt-gzip": Fails(("gzip data is damaged",), TWICE),
}


def files() -> Iterator[Row]:
    """Yield rows for what a file may be."""
    for scene in ("sync", "async", "observability", "analytics"):
        for label, change in GOOD_FILES.items():
            yield Row(f"file {label}", scene, file(change), EXACT)
        bad = {**BAD_FILES, **(JSON_ONLY if scene == "analytics" else CSV_ONLY)}
        for label, (content, must) in bad.items():
            faults = ever("download", "bytes", body=content)
            yield Row(f"file {label} ever", scene, faults, must)
            damaged = once("download", "bytes", body=content)
            yield Row(f"file {label} once", scene, damaged, again(label, must))
        broken = BROKEN | ({"truncated": CUT} if scene == "analytics" else {})
        for kind, must in broken.items():
            yield Row(f"file {kind}", scene, once("download", kind), EXACT)
            yield Row(f"file {kind} ever", scene, ever("download", kind), must)
        chunks = once("download", "truncated")
        unannounced = {"content_length": False}
        yield Row("file truncated chunks", scene, chunks, EXACT, options=unannounced)
        for label, number in (("too long", "99999"), ("too short", "3")):
            told = (("Content-Length", number), ("Content-Type", "text/csv"))
            faults = once("download", status=200, headers=told, body="a,b\r\n")
            yield Row(f"file announced {label}", scene, faults, EXACT)
        yield Row("file empty", scene, once("download", "empty"), EXACT)
        half = once("download", status=206, headers=(("Content-Type", "text/csv"),), body="[]")
        yield Row("file 206", scene, half, EXACT)


def again(label: str, must: Fails) -> Exact | Fails:
    """Return what comes of a file that is wrong once: it is fetched again if it is damaged."""
    whole = {"other columns", "an object", "null in a list", "null keys"}
    return must if label in whole else EXACT


def csv_files() -> Iterator[Row]:
    """Yield rows for CSV."""
    for scene in ("async", "observability"):
        nul = Exact(more={"odd": "a\0b"})
        yield Row("file NUL", scene, file(with_column("Odd", "a\0b")), nul)
        title, number = ("Team", 17) if scene == "observability" else ("Team Name", 39)
        twice, more = file(with_column(title, "x")), {f"{snake(title)}_2": "x"}
        yield Row("file header twice", scene, twice, Exact(more=more))
        nameless = file(with_column("", "x"))
        yield Row("file header blank", scene, nameless, Exact(more={f"column_{number}": "x"}))
        for size, slow in ((20, False), (100, True)):
            big, found = file(with_column("Odd", "x" * size * MB)), {"odd": length(size * MB)}
            few = {"rows_per_day": 1}
            name = f"file field of {size} MB"
            late = slow or scene == "async"
            yield Row(name, scene, big, Exact(more=found), options=few, slow=late)
        for label, line in (("short", "too short"), ("long", "," * 60)):
            many = {"rows_per_day": 40}
            amid = file(with_first(line))
            yield Row(f"file {label} row amid", scene, amid, Exact(aside=2), options=many)
            amid = file(with_first(line), 1)
            aside = Fails(("rows do not fit", "cells where the header has"), ("max_invalid_ratio",))
            yield Row(f"file {label} row of few", scene, amid, aside, options={"rows_per_day": 2})
        last = Fails(("the last line", "the end of the file is lost"), TWICE)
        yield Row("file ragged end", scene, once("download", "ragged-csv"), EXACT)
        yield Row("file ragged end ever", scene, ever("download", "ragged-csv"), last)
        quote = Fails(("not CSV",), TWICE)
        yield Row("file open quote", scene, once("download", "malformed-csv"), EXACT)
        yield Row("file open quote ever", scene, ever("download", "malformed-csv"), quote)
        text = once("download", status=200, body="Service unavailable", headers=HTML)
        yield Row("file line of text", scene, text, EXACT)
        yield Row("file link expired", scene, once("download", "expired-link"), EXACT)
        ended = Fails(("download link was refused", "Request has expired"), ("max_retries", *AGAIN))
        yield Row("file link expired ever", scene, ever("download", "expired-link"), ended)
        short = {"link_seconds": 1}
        yield Row("file links end at once", scene, (), EXACT, options=short)
    served = {"report_result": "csv"}
    for kind in ("truncated", "truncated-gzip", "corrupt-gzip", "malformed-csv", "ragged-csv"):
        faults = once("download", kind)
        yield Row(f"file {kind}", "reports", faults, EXACT, options=served)
    for status in (403, 404, 500, 302):
        faults = once("download", status=status, headers=ELSEWHERE)
        yield Row(f"file {status}", "reports", faults, EXACT, options=served)
        faults = ever("download", status=status, headers=ELSEWHERE)
        must = Fails((str(status),), ("max_retries", *AGAIN))
        yield Row(f"file {status} ever", "reports", faults, must, options=served)


def json_files() -> Iterator[Row]:
    """Yield rows for JSON files."""
    scene = "analytics"
    nul = Exact(more={"odd": "a\0b"})
    yield Row("file NUL", scene, file(with_field("a\0b")), nul)
    yield Row("file escaped NUL", scene, file(with_field("a\\u0000b")), nul)
    for size, slow in ((20, False), (100, True)):
        big, found = file(with_field("x" * size * MB)), {"odd": length(size * MB)}
        few = {"rows_per_day": 1}
        yield Row(f"file field of {size} MB", scene, big, Exact(more=found), options=few, slow=slow)
    yield Row("file cut", scene, once("download", "malformed-json"), EXACT)
    cut = Fails(("not JSON", "the array ends early"), TWICE)
    yield Row("file cut ever", scene, ever("download", "malformed-json"), cut)
    for status in (500, 503, 408):
        yield Row(f"file {status}", scene, once("download", status=status), EXACT)
    yield Row("file 404", scene, once("download", status=404), EXACT)


# Pages

ROW = {"interactionId": "\u00e9", "agentId": "\u65e5", "duration": 1, "talkTime": 1}


def real_pages(media: str, charset: str = "utf-8") -> Script:
    """Return the true first page, called something else."""

    def script(sim: Simulator, scene: Scene) -> list[Fault]:
        rows = scene.rows(sim, 0)
        wanted = ("agentId", "agentName", "queueId", "handleTime", "talkTime", "callsHandled")
        data = [{name: row[name] for name in wanted} for row in rows]
        body = encode({"state": "completed", "data": data}).decode().encode(charset)
        return list(says("poll", body, media=media))

    return script


def pages() -> Iterator[Row]:
    """Yield rows for pages that are called something else than they are."""
    for label, media in (
        ("as text", "text/plain"),
        ("as html", "text/html"),
        ("as latin-1", "application/json; charset=iso-8859-1"),
        ("of no type", ""),
        ("of an unknown charset", "application/json; charset=klingon"),
    ):
        yield Row(f"poll page {label}", "reports", real_pages(media), EXACT)
    for charset in ("utf-8-sig", "utf-16", "utf-32"):
        pages = real_pages(JSON, charset)
        yield Row(f"poll page in {charset}", "reports", pages, EXACT)
    for label, url, words in (
        ("behind an at", "@elsewhere.invalid/x", "link"),
        ("of a number", 5, "no list 'data'"),
    ):
        faults = says("poll", {"state": "completed", "downloadUrl": url}, times=ALWAYS)
        yield Row(f"poll link {label}", "reports", faults, Fails((words,), ("max_retries", *AGAIN)))
    token = {"nextPageToken": [5]}
    more = says("poll", {"state": "completed", "data": [], **token})
    yield Row("poll page token of a list", "reports", more, EXACT)
    more = says("list", {"entities": [], **token})
    yield Row("list page token of a list", "reports", more, EXACT)
    wrong = says("page", {"totalRecords": 9, "returnedRecords": 5, "data": [ROW]})
    must = Fails(("5 rows and has 1",), ("run again",))
    yield Row("page of other length", "download", wrong, must)
    short = says("page", {"totalRecords": 9, "returnedRecords": 0, "data": []})
    must = Fails(("9 rows were announced, 0 came",), AGAIN)
    yield Row("page announced", "download", short, must)
    nothing = says("page", {"totalRecords": None, "returnedRecords": None, "data": None})
    yield Row("page null data", "download", nothing, Fails(("no list 'data'",), ("base_url",)))
    many, small = {"rows_per_day": 24}, {"data_download": {"page_size": 1}}
    for label, faults, then in QUOTAS:
        yield Row(f"quota {label}", "download", faults, then, options=many, settings=small)


LEFT = Stops(("allows no more calls",))
QUOTAS: tuple[tuple[str, tuple[Fault, ...], Exact | Fails | Stops], ...] = (
    ("500", once("quota", status=500), EXACT),
    ("500 ever", ever("quota", status=500), Fails(("quota", "500"), AGAIN)),
    ("403 ever", ever("quota", status=403), EXACT),
    ("404 ever", ever("quota", status=404), EXACT),
    ("null", says("quota", {"remaining": None}), EXACT),
    ("list", says("quota", []), EXACT),
    ("reset soon", says("quota", {"remaining": 5, "resetAt": "soon"}), EXACT),
    ("nothing left", says("quota", {"remaining": 0, "resetAt": None}), LEFT),
    ("less than nothing", says("quota", {"remaining": -1}), LEFT),
    ("nested deeply", says("quota", DEEP), EXACT),
)


# In the second window, the first one being complete


def second_windows() -> Iterator[Row]:
    """Yield rows for faults that strike when one window is complete."""
    refused: dict[str, Any] = {"times": ALWAYS, "status": 400}
    for scene in ("sync", "async", "observability", "analytics"):
        must = Fails(("400",), NOT_ACCEPTED if scene == "analytics" else AGAIN, done=1)
        yield Row("second file 400", scene, once("download", after=1, **refused), must)
        text = once("download", "bytes", times=ALWAYS, after=1, body=b"\xff")
        yield Row("second file no text", scene, text, Fails(("not UTF-8",), TWICE, done=1))
    submits: dict[str, FaultPoint] = {"sync": "sync", "async": "async", "observability": "submit"}
    for scene, place in submits.items():
        faults = once(place, after=1, **refused)
        yield Row("second submit 400", scene, faults, Fails(("400",), NOT_ACCEPTED, done=1))
    lost = once("submit", "reply-lost", after=1)
    must = Fails(("submit",), ("counts as spent",), done=1)
    yield Row("second submit lost", "observability", lost, must)
    faults = once("page", after=2, **refused)
    yield Row("second page 400", "download", faults, Fails(("400",), NOT_ACCEPTED, done=1))
    faults = once("run", after=1, **refused)
    yield Row("second run 400", "reports", faults, Fails(("400",), NOT_ACCEPTED, done=1))
    spent = once("submit", status=400, body='{"message": "Too many exports per 24 hours"}', after=1)
    stops = Stops(("the export quota is used up",), done=1)
    yield Row("second submit quota", "observability", spent, stops)


# What an error page may hold

SECRETS = (
    f"{Credentials.ACCESS_KEY_SECRET} {Credentials.ACCESS_KEY_ID} Bearer "
    "sim-access-token-0123456789 https://s3.example/?X-Amz-Signature=0abc "
)
_PAGE = 10 * MB


def error_pages() -> Iterator[Row]:
    """Yield rows for words that must not be repeated, or not all of them."""
    for scene in SCENES:
        for place in (*READS[scene], *SUBMITS.get(scene, ())):
            known = "" if scene in {"sync", "async"} else Credentials.CLIENT_SECRET
            faults = ever(place, status=400, body=SECRETS + known)
            yield Row(f"{place} says secrets", scene, faults, refused(scene, place, 400))
    for media in ("text/html", "application/xml", "application/octet-stream"):
        big = "<p>caf\u00e9 " * (_PAGE // 10)
        headers = (("Content-Type", media),)
        faults = once("poll", status=503, body=big, headers=headers)
        yield Row(f"poll page of 10 MB {media}", "async", faults, EXACT)
    faults = ever("page", status=400, body=big, headers=headers)
    yield Row("page of 10 MB", "download", faults, Fails(("400",), NOT_ACCEPTED))
    lines = once("poll", status=400, body="one\r\ntwo\n\x1b[31mthree\0")
    yield Row(
        "poll says lines", "analytics", lines, Fails(("400", "one two [31mthree;"), NOT_ACCEPTED)
    )


def by_turns(rows: Iterable[Row], number: int) -> Iterator[Row]:
    """Yield rows of which each so-manieth is tried every time, and the others are slow."""
    for place, row in enumerate(rows):
        yield replace(row, slow=row.slow or place % number > 0)


ROWS: list[Row] = [
    *(Row("nothing", scene, (), EXACT) for scene in SCENES),
    *by_turns(passing(), 61),
    *by_turns(submits(), 13),
    *by_turns(lasting(), 61),
    *by_turns(shapes(), 53),
    *by_turns(logins(), 7),
    *by_turns(waiting(), 13),
    *by_turns(silence(), 5),
    *by_turns(no_way(), 3),
    *by_turns(updates(), 7),
    *by_turns(clocks(), 5),
    *by_turns(jobs(), 7),
    *by_turns(files(), 23),
    *by_turns(csv_files(), 7),
    *json_files(),
    *by_turns(pages(), 5),
    *by_turns(second_windows(), 4),
    *by_turns(error_pages(), 7),
]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row,
            id=row.id,
            marks=[
                *([pytest.mark.slow] if row.slow else []),
                *([pytest.mark.xfail(strict=True, reason=row.unmended)] if row.unmended else []),
            ],
        )
        for row in ROWS
    ],
)
def test_fault(
    row: Row,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """What must happen happens."""
    if row.patience is not None:
        defaults = ApiRequest.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "read_seconds", row.patience)
        monkeypatch.setattr("tap_cxone.http.client.READ_SECONDS", row.patience)
    record_property("faults", Played(row, caplog).play())

"""Rows of the table of faults that concern the scheduled reports alone."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault
from tap_cxone.simulator.jsontext import encode
from tap_cxone.simulator.scheduled_reports.family import REPORT
from tests.resilience.faults.answers import EXACT, JSON, ever, once, says
from tests.resilience.faults.outcomes import (
    AGAIN,
    APPLICATION,
    ELSEWHERE,
    LACKS_ENTRIES,
    NO_ACCESS,
    NOT_ACCEPTED,
    NOT_HTTPS,
    OTHER_DAY,
    PASSING,
    REDIRECTED,
    UNKNOWN_STATUS,
    USUAL,
    outcome_of_status,
)
from tests.resilience.faults.play import ALWAYS, Exact, Fails, FaultRows, Row
from tests.resilience.faults.rows.jobs import ended_job_rows
from tests.resilience.faults.rows.shapes import shape_rows
from tests.resilience.faults.scenes import SCENES
from tests.support.scheduled_reports import FAMILY, STREAM, definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Simulator
    from tap_cxone.simulator.faults import FaultPoint
    from tests.resilience.faults.play import Script
    from tests.support.scene import Scene

CELL = {"agentId": "7", "queueId": "q", "handleTime": 1, "talkTime": 1, "callsHandled": 1}
TIMEOUT = f"{FAMILY}.job_timeout_minutes"


def report_fault_rows() -> Iterator[Row]:
    """Yield all rows."""
    yield from update_rows()
    yield from report_run_rows()
    yield from served_file_rows()
    yield from page_of_result_rows()
    yield from result_rows()
    shapes: dict[FaultPoint, Exact | Fails] = {
        "token": Fails((NO_ACCESS,), (APPLICATION,)),
        "list": Fails(("has no list",), ("base_url",)),
        "poll": UNKNOWN_STATUS,
        "page": EXACT,
    }
    yield from shape_rows("reports", shapes, lists=("list",))


def outdated(*faults: Fault) -> Script:
    """Return these faults, and a schedule that is not what the settings require."""

    def script(sim: Simulator, scene: Scene) -> tuple[Fault, ...]:
        sim.add_schedule(definition(scene.stream, metrics=["wrapUpTime"]))
        return faults

    return script


CHANGES = {
    **{
        status: outcome_of_status("reports", "update", status)
        for status in (400, 401, 422, 429, 500)
    },
    **dict.fromkeys((404, 410), EXACT),  # deleted meanwhile: registered once more
    403: Fails(("403",), ("analytics:reports:write",)),
}
FOREIGN = ("was not made by this tap",)
UNCHANGED = Fails(("could not be changed",), ("run again",))


TAKEN_OVER = {FAMILY: {"reports": [{**REPORT, "take_over": True}]}}


def update_rows() -> Iterator[Row]:
    """Yield rows for the change of a schedule."""
    taken: dict[str, Any] = {"settings": TAKEN_OVER}
    yield Row("update nothing", "reports", outdated(), EXACT, **taken)
    foreign = Fails(("was not made by this tap", "report.metrics"), ("take_over",), then=FOREIGN)
    yield Row("update not allowed", "reports", outdated(), foreign)
    for label, how in PASSING.items():
        changed = outdated(Fault("update", **USUAL | how))
        must = UNCHANGED if label == "html" else EXACT
        yield Row(f"update {label}", "reports", changed, must, **taken)
    for status in (400, 401, 403, 404, 410, 422, 429, 500):
        faults = outdated(*ever("update", status=status))
        yield Row(f"update {status} ever", "reports", faults, CHANGES[status], **taken)
    faults = outdated(*ever("update", status=302, headers=ELSEWHERE))
    yield Row("update 302", "reports", faults, Fails(("302",), REDIRECTED), **taken)
    twins = Fails(("several schedules have the name",), ("delete all but one",))
    two = json.dumps({"entities": [{"scheduleId": n, "name": STREAM} for n in "ab"]})
    yield Row("list two of a name", "reports", says("list", two), twins)


def report_run_rows() -> Iterator[Row]:
    """Yield rows for runs of a report that end badly, never, or are not accepted."""
    yield from ended_job_rows("reports", ("run", "poll"))
    yield Row("run job-stuck", "reports", once("run", "job-stuck"), EXACT)
    stuck = ever("run", "job-stuck")
    must = Fails(("still running", "cancelled"), (TIMEOUT,))
    yield Row("run job-stuck ever", "reports", stuck, must)
    for status in (400, 401, 403, 404, 409, 410, 500):
        faults = (*stuck, *ever("cancel", status=status))
        must = Fails(("still running",), (TIMEOUT,))
        if status == HTTPStatus.UNAUTHORIZED:
            must = Fails(("401", "a new token was rejected too"), SCENES["reports"].permission)
        yield Row(f"cancel {status}", "reports", faults, must)
    must = Fails(("502",), ("tried 9 times (max_retries)", *AGAIN))
    yield Row("run 502 ever without a quota", "reports", ever("run", status=502), must)
    faults = once("run", after=1, times=ALWAYS, status=400)
    yield Row("second run 400", "reports", faults, Fails(("400",), NOT_ACCEPTED, done=1))


def served_file_rows() -> Iterator[Row]:
    """Yield rows for results that are a file behind a link."""
    served = {"report_result": "csv"}
    for kind in ("truncated", "truncated-gzip", "corrupt-gzip", "malformed-csv", "ragged-csv"):
        faults = once("download", kind)
        yield Row(f"file {kind}", "reports", faults, EXACT, options=served)
    for status in (403, 404, 500, 302):
        faults = once("download", status=status, headers=ELSEWHERE)
        yield Row(f"file {status}", "reports", faults, EXACT, options=served)
        faults = ever("download", status=status, headers=ELSEWHERE)
        cause = "the download was interrupted" if status == HTTPStatus.FOUND else str(status)
        must = Fails((cause,), ("max_retries", *AGAIN))
        yield Row(f"file {status} ever", "reports", faults, must, options=served)


def real_pages(media: str, charset: str = "utf-8") -> Script:
    """Return the true first page, called something else."""

    def script(sim: Simulator, scene: Scene) -> list[Fault]:
        rows = scene.rows(sim, 0)
        wanted = ("agentId", "agentName", "queueId", "handleTime", "talkTime", "callsHandled")
        data = [{name: row[name] for name in wanted} for row in rows]
        body = encode({"state": "completed", "data": data}).decode().encode(charset)
        return list(says("poll", body, media=media))

    return script


def page_of_result_rows() -> Iterator[Row]:
    """Yield rows for pages that are called something else than they are, and for links."""
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
    no_link = Fails(("no list 'data'",), ("max_retries", *AGAIN))
    for label, url, must in (
        ("behind an at", "https://api@elsewhere.invalid/x", NOT_HTTPS),
        ("of http", "http://elsewhere.invalid/x", NOT_HTTPS),
        ("without a scheme", "@elsewhere.invalid/x", no_link),
        ("of a number", 5, no_link),
    ):
        faults = says("poll", {"state": "completed", "downloadUrl": url}, times=ALWAYS)
        yield Row(f"poll link {label}", "reports", faults, must)
    token = {"nextPageToken": [5]}
    more = says("poll", {"state": "completed", "data": [], **token})
    yield Row("poll page token of a list", "reports", more, EXACT)
    more = says("list", {"entities": [], **token})
    yield Row("list page token of a list", "reports", more, EXACT)


def result(**shown: Any) -> dict[str, Any]:
    """Return a completed result of one row, and what it shows beside it."""
    return {"state": "completed", "data": [CELL], **shown}


def result_rows() -> Iterator[Row]:
    """Yield rows for what answers about definitions and results contradict."""
    for total in (0, 9, "9"):
        faults = says("poll", result(totalRecords=total), times=9)
        must = Fails((f"received 1 of {total} announced rows",), ("no record was emitted", *AGAIN))
        yield Row(f"poll total of {total!r}", "reports", faults, must)
    faults = says("poll", result(dateRange=OTHER_DAY))
    yield Row("poll another day", "reports", faults, Fails(("not of the requested",), AGAIN))
    short = ever("list", status=200, body='{"entities": [{"id": "x"}], "total": 3}')
    yield Row("list lacks entries", "reports", short, LACKS_ENTRIES)
    for status in (404, 410, 500):
        yield Row(f"run {status} once", "reports", once("run", status=status), EXACT)
    words = says("submit", {"error": "The name is reserved"})
    must = Fails(("did not register", "The name is reserved"), ("correct what it names",))
    yield Row("submit 200 with an error", "reports", words, must)
    two = says("poll", {**result(), "data": [CELL, CELL]}, times=9)
    must = Fails(("rows 1 and 2 have the same key",), ("grouping", *AGAIN))
    yield Row("poll one group twice", "reports", two, must)


UNLISTED_SCHEDULE = Fails(
    ("was registered, but the API does not list it",),
    ("run again later", "another schedule_name"),
    then=("does not list it",),
)
SUBMITS: dict[tuple[FaultPoint, str], Exact | Fails] = {
    # A second run changes nothing; an accepted registration is never sent again.
    **{("run", str(status)): EXACT for status in (500, 502, 504)},
    **{("submit", label): UNLISTED_SCHEDULE for label in ("names nothing", "list", "number")},
}

FAULTS = FaultRows(report_fault_rows, SUBMITS)

"""Rows for pages and the quota."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator.jsontext import encode
from tests.resilience.faults.answers import DEEP, EXACT, JSON, ever, once, says
from tests.resilience.faults.outcomes import AGAIN, NOT_HTTPS
from tests.resilience.faults.play import ALWAYS, Exact, Fails, Row, Stops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cxone.simulator import Fault, Simulator
    from tests.resilience.faults.play import Script
    from tests.support.scene import Scene

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


def page_rows() -> Iterator[Row]:
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
    wrong = says("page", {"totalRecords": 9, "returnedRecords": 5, "data": [ROW]})
    must = Fails(("5 rows and has 1",), ("run again",))
    yield Row("page of other length", "download", wrong, must)
    short = says("page", {"totalRecords": 9, "returnedRecords": 0, "data": []})
    must = Fails(("received 0 of 9 announced rows",), AGAIN)
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

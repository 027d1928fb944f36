"""Rows for texts of errors that must not be repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.simulator import Credentials
from tests.resilience.faults.answers import EXACT, MB, ever, once
from tests.resilience.faults.outcomes import KEY, NOT_ACCEPTED, outcome_of_status, who
from tests.resilience.faults.play import Fails, Row
from tests.resilience.faults.scenes import READS, SCENES, SUBMITS

if TYPE_CHECKING:
    from collections.abc import Iterator


SECRETS = (
    f"{Credentials.ACCESS_KEY_SECRET} {Credentials.ACCESS_KEY_ID} Bearer "
    "sim-access-token-0123456789 https://s3.example/?X-Amz-Signature=0abc "
)
_PAGE = 10 * MB


def error_page_rows() -> Iterator[Row]:
    """Yield rows for words that must not be repeated, or not all of them."""
    for scene in SCENES:
        for place in (*READS[scene], *SUBMITS.get(scene, ())):
            known = "" if who(scene) == KEY else Credentials.CLIENT_SECRET
            faults = ever(place, status=400, body=SECRETS + known)
            yield Row(f"{place} says secrets", scene, faults, outcome_of_status(scene, place, 400))
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

"""Data download as tests see it: settings for short runs, requests, exact output, truth."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from requests.adapters import HTTPAdapter

from tap_cxone.output.packed_state import unpack_state
from tap_cxone.simulator import Fault, Simulator
from tap_cxone.simulator.metrics import PUBLISHED, CustomMetric
from tap_cxone.simulator.settings import tap_settings
from tests.support.requests import requests_to
from tests.support.run import FakeClock, Output, select, tap_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from requests import PreparedRequest, Response

    from tap_cxone.simulator import Simulator
    from tap_cxone.tap import TapCXone

FAMILY = "data_download"
STREAM = "custom_metrics_by_interaction"
CATALOGUE = "custom_metrics"
QUARANTINE = "quarantine"
TRUTH = "Interaction/Call"
TOKEN = "/api/v2/oauth/token"
ME = "/api/v2/users/me"
METRICS = "/api/v2/reporting/custom-metrics"
QUOTA = "/api/v2/reporting/quota"
DOWNLOAD = "/api/v2/reporting/data-download"

SCORE = "cm_9f8e7d6c5b4a3210"
FLAG = "cm_1a2b3c4d5e6f7890"
ORDER = "cm_00aa11bb22cc33dd"
CALLBACK = "cm_77ee88ff99aa00bb"
BASKET = "cm_0123456789abcdef"
SURVEY = "cm_fedcba9876543210"
IDS = (SCORE, FLAG, ORDER, CALLBACK, BASKET, SURVEY)

NEW_YORK = ZoneInfo("America/New_York")
FIRST = date(2026, 3, 15)
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
DOWNLOADS = [{"name": "a", "report": "Interaction/Call", "metrics": ["duration"]}]
NEW = CustomMetric(id="cm_5555555555555555", name="Greeting", type="string")
BY = {metric.id: metric for metric in PUBLISHED}
ALL: dict[str, Any] = {"max_invalid_ratio": 1}


def local(day: date, zone: ZoneInfo = NEW_YORK) -> datetime:
    """Return the midnight a local day begins with, in UTC; not for zones that skip it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def download_settings(  # noqa: PLR0913 (all by name but the days)
    sim: Simulator,
    number: int = 1,
    *,
    first: date = FIRST,
    zone: ZoneInfo = NEW_YORK,
    entry: dict[str, Any] | None = None,
    own: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return settings for so many local days.

    Args:
        sim: Whom to ask.
        number: How many days.
        first: The first of them.
        zone: Where they are days.
        entry: Changes of the one download.
        own: Changes of the family's settings.
        **changes: Changes of the others.
    """
    base = tap_settings(sim.url, families=(FAMILY,))
    (download,) = base.pop(FAMILY)["downloads"]
    return {
        **base,
        "start_date": local(first, zone).isoformat(),
        "end_date": local(first + number * DAY, zone).isoformat(),
        FAMILY: {"downloads": [{**download, **(entry or {})}], **(own or {})},
        **changes,
    }


def run_downloads(
    config: dict[str, Any],
    clock: FakeClock,
    *streams: str,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    wire: Wire | None = None,
) -> Output:
    """Run some streams, by default the download and the quarantine; fractions stay exact.

    Args:
        config: The settings.
        clock: The time, shared with the simulator.
        *streams: What is selected.
        state: Where to continue.
        catalog: Where to select it; by default what discovery shows with that state.
        wire: What leads the requests.
    """
    state = json.loads(json.dumps(state)) if state else None
    tap_class, names = tap_of(FAMILY), streams or (STREAM, QUARANTINE)
    catalog = catalog or select(config, *names, state=state, tap_class=tap_class)
    written = io.BytesIO()
    out = io.TextIOWrapper(written, encoding="utf-8")
    error: BaseException | None = None
    with contextlib.redirect_stdout(out):
        try:
            tap = tap_class(
                config=dict(config),
                clock=clock,
                catalog=catalog,
                state=state,
            )
            if wire is not None:
                wire.take(tap)
            tap.sync_all()
        except (Exception, SystemExit) as caught:  # noqa: BLE001 (the test judges it)
            error = caught
    out.flush()
    return Output([_exact(line) for line in written.getvalue().splitlines()], error)


def _exact(line: bytes) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(line)
    return json.loads(line, parse_float=Decimal) if message["type"] == "RECORD" else message


class Wire(HTTPAdapter):
    """Leads every host to the simulator, and remembers which one was meant."""

    def __init__(self, sim: Simulator) -> None:
        """Begin with nothing asked."""
        super().__init__()
        self.url = sim.url
        self.asked: list[tuple[str, str]] = []

    def take(self, tap: TapCXone) -> None:
        """Take the place of the family's connections."""
        session = tap.streams[CATALOGUE].family.client.transport.session  # type: ignore[attr-defined]
        session.mount("https://", self)
        session.mount("http://", self)

    @property
    def hosts(self) -> set[str]:
        """Return the hosts that were asked, token endpoint apart."""
        return {host for host, path in self.asked if path != TOKEN}

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send to the simulator what was meant for another."""
        meant = urlsplit(request.url or "")
        self.asked.append((f"{meant.scheme}://{meant.netloc}", meant.path))
        request.url = f"{self.url}{meant.path}"
        return super().send(request, *args, **kwargs)


def page_bodies(sim: Simulator) -> list[dict[str, Any]]:
    """Return the bodies of the page requests."""
    return [json.loads(seen.body) for seen in requests_to(sim, DOWNLOAD)]


def served(sim: Simulator) -> list[dict[str, Any]]:
    """Return the bodies of the page requests with a response."""
    return [json.loads(s.body) for s in requests_to(sim, DOWNLOAD) if s.status == 200]


def expected_interactions(
    sim: Simulator, number: int = 1, *, first: date = FIRST, zone: ZoneInfo = NEW_YORK
) -> list[dict[str, Any]]:
    """Return the interactions of so many local days."""
    return sim.expected_rows(TRUTH, local(first, zone), local(first + number * DAY, zone))


def sorted_ids(rows: Iterable[dict[str, Any]], key: str = "interaction_id") -> list[str]:
    """Return the identities of rows, sorted."""
    return sorted(row[key] for row in rows)


def exact_value(value: Any) -> Any:
    """Return a value of the truth as a number where it is one: a long one is a text there."""
    return value if isinstance(value, bool) or value is None else Decimal(str(value))


def page(*rows: Any, total: int | None = None, **changes: Any) -> dict[str, Any]:
    """Return an answer that is a page."""
    count = len(rows)
    total = count if total is None else total
    return {"totalRecords": total, "returnedRecords": count, "data": list(rows), **changes}


def interaction(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a row of the configured download that is whole."""
    return {
        "interactionId": f"i{number}",
        "agentId": "007",
        "duration": 10,
        "talkTime": 5,
        "customMetrics": {},
        **changes,
    }


def serve_pages(sim: Simulator, *answers: Any) -> None:
    """Make these the next answers to a download; a text is served as it is."""
    for answer in answers:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        sim.faults.add(_answered("page", text))


def publish(sim: Simulator, answer: Any) -> None:
    """Make this the next answer to the question for the catalogue."""
    sim.faults.add(_answered("catalogue", json.dumps(answer)))


def _answered(at: Any, text: str) -> Fault:
    headers = (("Content-Type", "application/json"),)
    return Fault(at, "status", status=200, headers=headers, body=text)


def hosted(sim: Simulator, **changes: Any) -> dict[str, Any]:
    """Return settings with a tenant in place of a host, and whatever else is to be changed."""
    config = download_settings(sim, tenant="acme")
    del config["base_url"]
    return config | changes


def wait(seconds: int, after: int = 1) -> Fault:
    """Return the request to wait before a page is answered."""
    headers = (("Retry-After", str(seconds)),)
    return Fault("page", "status", status=429, headers=headers, after=after)


def one_day(sim: Simulator, size: int, **changes: Any) -> dict[str, Any]:
    """Return settings for a day of UTC in pages of so many rows."""
    return download_settings(sim, zone=UTC_ZONE, own={"page_size": size}, **changes)


def expected(sim: Simulator, number: int = 1) -> list[str]:
    """Return the identities of so many days' rows."""
    return sorted_ids(expected_interactions(sim, number, zone=UTC_ZONE), "interactionId")


def version(out: Output) -> Any:
    """Return the version of the catalogue in a state, which has it once."""
    bookmarks = unpack_state(out.state)["bookmarks"]
    states = [s for s in bookmarks.values() if "tenant_info" in s]
    (tenant_info,) = [state["tenant_info"][FAMILY] for state in states]
    return tenant_info["catalogue"]["version"]


def properties(out: Output, stream: str = STREAM) -> dict[str, Any]:
    """Return the columns of the last SCHEMA of a stream."""
    found: dict[str, Any] = out.of("SCHEMA", stream)[-1]["schema"]["properties"]
    return found


def run_next_day(
    sim: Simulator, clock: FakeClock, first: Output, *, number: int = 2, **changes: Any
) -> Output:
    """Run once more, with one day more to read."""
    return run_downloads(download_settings(sim, number, **changes), clock, state=first.state)

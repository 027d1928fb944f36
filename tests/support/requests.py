"""Requests that a simulator received, by what they mean in any family."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from tap_cxone.simulator import RecordedRequest, Simulator

_LOGIN = r"/authentication/v1/token/access-key|/auth/token|/oauth/token"
_SUBMIT = r"/v1/jobs|/v1/jobs/sync|/export-data|/analytics/exports|/runs"
_POLL = r"/v1/jobs/.+|/status|/analytics/exports/[^/]+|/reports/results/[^/]+"
_LISTING = r"/v1/jobs|/analytics/exports"
_DOWNLOAD = r"/files/.+|/download"


def sent(sim: Simulator, method: str, path: str) -> list[RecordedRequest]:
    """Return the requests with a method whose path ends with a pattern."""
    ends = re.compile(rf"({path})$")
    return [seen for seen in sim.requests if seen.method == method and ends.search(seen.path)]


def requests_to(sim: Simulator, path: str) -> list[RecordedRequest]:
    """Return the requests to exactly this path."""
    return [seen for seen in sim.requests if seen.path == path]


def logins(sim: Simulator) -> list[RecordedRequest]:
    """Return the logins."""
    return sent(sim, "POST", _LOGIN)


def submits(sim: Simulator) -> list[RecordedRequest]:
    """Return the submits: requests that start a job."""
    return sent(sim, "POST", _SUBMIT)


def polls(sim: Simulator) -> list[RecordedRequest]:
    """Return the polls; a request for a further page of a result is none."""
    return [seen for seen in sent(sim, "GET", _POLL) if "pageToken" not in seen.query]


def listings(sim: Simulator) -> list[RecordedRequest]:
    """Return the requests for the list of jobs."""
    return sent(sim, "GET", _LISTING)


def downloads(sim: Simulator) -> list[RecordedRequest]:
    """Return the downloads of files."""
    return sent(sim, "GET", _DOWNLOAD)


def json_body(seen: RecordedRequest) -> Any:
    """Return the JSON in the body of a request."""
    return json.loads(seen.body)


def form_body(seen: RecordedRequest) -> dict[str, list[str]]:
    """Return the form in the body of a request."""
    return parse_qs(seen.body.decode(), strict_parsing=True)


def submit_bodies(sim: Simulator) -> list[Any]:
    """Return the JSON of each submit."""
    return [json_body(seen) for seen in submits(sim)]


def statuses(sim: Simulator) -> Counter[int | None]:
    """Count the responses by status."""
    return Counter(seen.status for seen in sim.requests)

"""Control interface of a simulator that runs as a process; not part of CXone, no login."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tap_cxone.simulator.faults import Fault
from tap_cxone.simulator.jsontext import encode
from tap_cxone.simulator.request_log import CONTROL_PREFIX

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.backend import Backend
    from tap_cxone.simulator.request_log import RecordedRequest


def routes(backend: Backend) -> list[BaseRoute]:
    """Return the routes under `/_simulator/`."""

    async def add_faults(request: Request) -> Response:
        try:
            script = [_parse_fault(item) for item in json.loads(await request.body())]
        except (TypeError, ValueError, AttributeError) as error:
            return JSONResponse({"message": str(error)}, 400)
        backend.faults.add(*script)
        return JSONResponse({"pending": len(backend.faults.pending)})

    async def list_requests(_: Request) -> Response:
        return JSONResponse([_request_as_json(request) for request in backend.log.entries()])

    async def get_expected_rows(request: Request) -> Response:
        query = request.query_params
        try:
            start, end = _parse_instant(query["start"]), _parse_instant(query["end"])
            zone = ZoneInfo(query.get("zone", "UTC"))
            rows = backend.expected_rows(query["entity"], start, end, zone=zone)
            return Response(encode(rows), media_type="application/json")
        except (KeyError, ValueError) as error:
            return JSONResponse({"message": f"entity, start and end are needed: {error}"}, 400)

    async def get_state(_: Request) -> Response:
        state = {
            "now": backend.clock.now().isoformat(),
            "refusals": backend.limit_violations,
            "requests": len(backend.log.entries()),
            "pending_faults": len(backend.faults.pending),
        }
        for family in backend.families:
            state |= family.state()
        return JSONResponse(state)

    return [
        Route(f"{CONTROL_PREFIX}faults", add_faults, methods=["POST"]),
        Route(f"{CONTROL_PREFIX}requests", list_requests),
        Route(f"{CONTROL_PREFIX}truth", get_expected_rows),
        Route(f"{CONTROL_PREFIX}state", get_state),
    ]


def _parse_fault(item: dict[str, Any]) -> Fault:
    """Parse a fault; its headers are an object or a list of pairs."""
    headers = item.get("headers", ())
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Fault(**{**item, "headers": tuple((str(name), str(v)) for name, v in pairs)})


def _request_as_json(request: RecordedRequest) -> dict[str, Any]:
    """Return a request as JSON values."""
    body = request.body.decode("utf-8", "replace")
    return {**asdict(request), "body": body, "at": request.at.isoformat()}


def _parse_instant(text: str) -> datetime:
    """Parse a date or a date-time; without an offset it is in UTC."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

"""The way in for whoever runs the simulator as a process: no part of CXone, no login."""

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

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.log import Seen
    from tap_cxone.simulator.world import World

PREFIX = "/_simulator/"


def routes(world: World) -> list[BaseRoute]:
    """Return the routes under `/_simulator/`."""

    async def faults(request: Request) -> Response:
        try:
            script = [_fault(item) for item in json.loads(await request.body())]
        except (TypeError, ValueError, AttributeError) as error:
            return JSONResponse({"message": str(error)}, 400)
        world.faults.add(*script)
        return JSONResponse({"pending": len(world.faults.pending)})

    async def requests(_: Request) -> Response:
        return JSONResponse([_shown(seen) for seen in world.log.entries()])

    async def truth(request: Request) -> Response:
        query = request.query_params
        try:
            start, end = _instant(query["start"]), _instant(query["end"])
            zone = ZoneInfo(query.get("zone", "UTC"))
            rows = world.truth(query["entity"], start, end, zone=zone)
            return Response(encode(rows), media_type="application/json")
        except (KeyError, ValueError) as error:
            return JSONResponse({"message": f"entity, start and end are needed: {error}"}, 400)

    async def state(_: Request) -> Response:
        return JSONResponse(
            {
                "now": world.clock.now().isoformat(),
                "refusals": world.refusals,
                "quota_refusals": world.exports.quota_refusals,
                "conflicts": world.analytics.conflicts,
                "download_refusals": world.downloads.refusals,
                "download_quota_remaining": world.downloads.quota.remaining,
                "custom_metrics": world.downloads.catalogue.ids(),
                "fast_polls": world.report_runs.fast_polls,
                "cancelled_runs": world.report_runs.cancelled,
                "schedules": [
                    {"id": one.id, "versions": one.versions, "body": one.body}
                    for one in world.schedules.all()
                ],
                "report_runs": [
                    {
                        "id": run.id,
                        "schedule": run.schedule_id,
                        "start": run.start.isoformat(),
                        "end": run.end.isoformat(),
                        "state": run.state,
                    }
                    for run in world.report_runs.standings()
                ],
                "requests": len(world.log.entries()),
                "pending_faults": len(world.faults.pending),
                "jobs": [
                    {"id": job.id, "status": job.status(world.clock.now()), **job.order.shown()}
                    for job in world.extraction.jobs()
                ],
                "exports": [
                    {
                        "id": export.id,
                        "status": export.status(world.clock.now()),
                        **export.order.shown(),
                    }
                    for export in world.exports.all()
                ],
                "analytics_exports": [
                    {
                        "id": export.id,
                        "status": export.word(world.clock.now()),
                        "query": export.order.query(),
                    }
                    for export in world.analytics.ordered()
                ],
            }
        )

    return [
        Route(f"{PREFIX}faults", faults, methods=["POST"]),
        Route(f"{PREFIX}requests", requests),
        Route(f"{PREFIX}truth", truth),
        Route(f"{PREFIX}state", state),
    ]


def _fault(item: dict[str, Any]) -> Fault:
    """Read a fault; its headers are an object or a list of pairs."""
    headers = item.get("headers", ())
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Fault(**{**item, "headers": tuple((str(name), str(v)) for name, v in pairs)})


def _shown(seen: Seen) -> dict[str, Any]:
    """Write a request as JSON."""
    body = seen.body.decode("utf-8", "replace")
    return {**asdict(seen), "body": body, "at": seen.at.isoformat()}


def _instant(text: str) -> datetime:
    """Read a date or a date-time; without an offset it is UTC."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

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
    from tap_cxone.simulator.scheduled_reports.runs import RunSnapshot


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
        return JSONResponse(_limits(backend) | _work(backend))

    return [
        Route(f"{CONTROL_PREFIX}faults", add_faults, methods=["POST"]),
        Route(f"{CONTROL_PREFIX}requests", list_requests),
        Route(f"{CONTROL_PREFIX}truth", get_expected_rows),
        Route(f"{CONTROL_PREFIX}state", get_state),
    ]


def _limits(backend: Backend) -> dict[str, Any]:
    """Return the counters of requests, faults and broken limits as JSON values."""
    return {
        "now": backend.clock.now().isoformat(),
        "refusals": backend.limit_violations,
        "quota_refusals": backend.exports.quota_violations,
        "conflicts": backend.analytics_exports.conflicts,
        "download_refusals": backend.downloads.limit_violations,
        "download_quota_remaining": backend.downloads.quota.remaining,
        "fast_polls": backend.report_runs.fast_polls,
        "requests": len(backend.log.entries()),
        "pending_faults": len(backend.faults.pending),
    }


def _work(backend: Backend) -> dict[str, Any]:
    """Return the jobs, exports, schedules, runs and custom metrics as JSON values."""
    now = backend.clock.now()
    return {
        "custom_metrics": backend.downloads.metric_catalog.ids(),
        "cancelled_runs": backend.report_runs.cancelled,
        "schedules": [
            {"id": schedule.id, "versions": schedule.versions, "body": schedule.body}
            for schedule in backend.schedules.all()
        ],
        "report_runs": [_run_as_json(run) for run in backend.report_runs.snapshots()],
        "jobs": [
            {"id": job.id, "status": job.status(now), **job.spec.to_json()}
            for job in backend.extraction_jobs.jobs()
        ],
        "exports": [
            {"id": export.id, "status": export.status(now), **export.spec.to_json()}
            for export in backend.exports.all()
        ],
        "analytics_exports": [
            {"id": export.id, "status": export.api_status(now), "query": export.spec.query()}
            for export in backend.analytics_exports.submitted_by_callers()
        ],
    }


def _run_as_json(run: RunSnapshot) -> dict[str, Any]:
    """Return a report run as JSON values."""
    return {
        "id": run.id,
        "schedule": run.schedule_id,
        "start": run.start.isoformat(),
        "end": run.end.isoformat(),
        "state": run.state,
    }


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

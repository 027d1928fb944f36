"""Response bodies of the dashboard's export API.

They are not documented, so the options choose their fields and names.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.fake_values import instant
from tap_cxone.simulator.jobs import Status

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.requests import Request

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.observability.exports import Export
    from tap_cxone.simulator.observability.options import ObservabilityOptions

PATH = "/observabilitydashboard/v2/tables"


def accepted_response(export: Export, base_url: str, options: ObservabilityOptions) -> Response:
    """Return the response to a submit; the header `Location` names the URL for polling.

    Without that header, the body names the export.
    """
    kind, _, status = options.location.partition("-")
    host = base_url.rstrip("/") if kind == "absolute" else ""
    location = f"{host}{PATH}/export-data/{export.id}{'/status' if status else ''}"
    headers = {} if kind == "absent" else {"location": location}
    if options.export_body == "empty" and headers:
        return Response(status_code=202, headers=headers)
    body = {"exportId": export.id, options.export_status_key: _api_status(Status.RUNNING, options)}
    return JSONResponse(body, 202, headers)


def status_response(
    export: Export, status: Status, url: str | None, options: ObservabilityOptions
) -> Response:
    """Return the response to a poll; `url` is the link to the file."""
    if url is not None and options.export_link_form == "relative":
        url = f"/{url.split('/', 3)[3]}"
    if url is not None and options.export_redirect:
        return Response(status_code=302, headers={"location": url})
    body = _export_status(export, status, url, options)
    key = options.export_answer_key
    return JSONResponse({key: body} if key else body)


def _export_status(
    export: Export, status: Status, url: str | None, options: ObservabilityOptions
) -> dict[str, str]:
    body: dict[str, str] = {options.export_status_key: _api_status(status, options)}
    if url is not None:
        link: dict[str, str] = {options.export_link_key: url}
        return link if options.export_link_only else body | link
    return body | ({"message": export.reason} if status is Status.FAILED else {})


def _api_status(status: Status, options: ObservabilityOptions) -> str:
    """Return a status with the tenant's name for it."""
    running, completed, failed = options.export_status_names
    names = {Status.RUNNING: running, Status.SUCCEEDED: completed, Status.FAILED: failed}
    return names.get(status, status.title())


def error_response(request: Request, error: HTTPException, clock: Clock) -> Response:
    """Return an error response; a 401 has a different format."""
    status = error.status_code
    body: dict[str, Any] = {"message": error.detail, "statusCode": status}
    if status == HTTPStatus.UNAUTHORIZED:
        body = {"status": status, "error": "Unauthorized", "path": request.url.path}
        return JSONResponse({"timestamp": instant(clock.now()), **body}, status)
    return JSONResponse({**body, "traceId": uuid4().hex}, status)

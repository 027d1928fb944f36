"""Response bodies of the reporting API, in both generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.fake_values import instant
from tap_cxone.simulator.jsontext import encode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.exceptions import HTTPException

    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.rows import Row

_OLD_NAMES = {
    "acwSeconds": "ACWSeconds",
    "conferenceSeconds": "confSeconds",
    "contactStartDate": "contactStart",
    "mediaTypeId": "mediaType",
    "fromAddress": "fromAddr",
    "toAddress": "toAddr",
}


def list_response(  # noqa: PLR0913 (all are parts of one response)
    data_key: str,
    rows: Sequence[Row],
    total: int,
    now: datetime,
    options: ReportingOptions,
    *,
    old_names: bool = False,
) -> Response:
    """Return the response to a list; 204 if the whole list is empty.

    Args:
        data_key: Key of the list.
        rows: The rows of the page.
        total: Number of rows of the whole list.
        now: The present instant.
        options: The options, with the generation of the response.
        old_names: Whether the rows have other names in the old generation.
    """
    if not total:
        return Response(status_code=204)
    body: dict[str, Any] = {
        "businessUnitId": 4597,
        "totalRecords": total,
        "lastPollTime": instant(now),
        "_links": {"self": "string", "next": None},
        data_key: rows,
    }
    if options.reporting_total == "absent":
        del body["totalRecords"]
    if options.reporting_generation == "old":
        body[data_key] = [_old_row(row, rename=old_names) for row in rows]
        body = {"resultSet": body}
    return Response(encode(body), media_type="application/json")


def _old_row(row: Row, *, rename: bool) -> Row:
    names = _OLD_NAMES if rename else {}
    return {names.get(name, name): _old_value(name, value) for name, value in row.items()}


def _old_value(name: str, value: Any) -> Any:
    """Return a value as the old generation sends it: numbers and booleans are texts."""
    if isinstance(value, int | float):
        return str(value) if isinstance(value, bool) or name.endswith("Id") else f"{value:,}"
    return value


def error_response(error: HTTPException, options: ReportingOptions) -> Response:
    """Return an error response: text in the body or in a header."""
    if options.reporting_errors == "header":
        return Response(
            status_code=error.status_code, headers={"icStatusDescription": error.detail}
        )
    body = {"error": "invalid_request", "error_description": error.detail}
    return JSONResponse(body, error.status_code)

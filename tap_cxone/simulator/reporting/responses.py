"""Response bodies of the reporting API, in both generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.fake_values import instant
from tap_cxone.simulator.jsontext import encode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from starlette.exceptions import HTTPException

    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.rows import Row

CONTACT_NAMES: Final = {
    "acwSeconds": "ACWSeconds",
    "conferenceSeconds": "confSeconds",
    "contactStartDate": "contactStart",
    "mediaTypeId": "mediaType",
    "fromAddress": "fromAddr",
    "toAddress": "toAddr",
}
SAME_NAMES: Final[Mapping[str, str]] = {}


def list_response(  # noqa: PLR0913 (all are parts of one response)
    data_key: str,
    rows: Sequence[Row],
    total: int,
    now: datetime,
    options: ReportingOptions,
    *,
    old_names: Mapping[str, str] = SAME_NAMES,
    has_envelope: bool = True,
) -> Response:
    """Return the response to a list; 204 if the whole list is empty.

    Args:
        data_key: Key of the list.
        rows: The rows of the page.
        total: Number of rows of the whole list.
        now: The present instant.
        options: The options, with the generation of the response.
        old_names: Names of fields that differ in the old generation.
        has_envelope: Whether the response has more than the list.
    """
    if not total:
        return Response(status_code=204)
    body: dict[str, Any] = {data_key: rows}
    if has_envelope:
        body |= {
            "businessUnitId": 4597,
            "lastPollTime": instant(now),
            "_links": {"self": "string", "next": None},
        }
    if has_envelope and options.reporting_total != "absent":
        body["totalRecords"] = len(rows) if options.reporting_total == "page" else total
    if options.reporting_generation == "old":
        body[data_key] = [_old_row(row, old_names) for row in rows]
        body = {"resultSet": body}
    return Response(encode(body), media_type="application/json")


def with_durations(row: Row, names: Collection[str]) -> Row:
    """Return a row whose durations are spelled as ISO 8601."""
    return {key: _duration(value) if key in names else value for key, value in row.items()}


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"PT{hours}H{minutes}M{rest:.10g}S"


def _old_row(row: Row, names: Mapping[str, str]) -> Row:
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

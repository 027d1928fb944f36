"""Response bodies of the Analytics Exports API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.fake_values import instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from tap_cxone.simulator.analytics_exports.exports import ApiStatus, Export
    from tap_cxone.simulator.analytics_exports.options import AnalyticsExportsOptions
    from tap_cxone.simulator.options import StatusCase


def accepted_response(export: Export, options: AnalyticsExportsOptions) -> Response:
    """Return the response to a submit; its status is always `queued`."""
    return JSONResponse(
        {"id": export.id, "status": _spell_status("queued", options.status_case)}, 202
    )


def export_status(
    export: Export, now: datetime, options: AnalyticsExportsOptions
) -> dict[str, str]:
    """Return the body of a response to a poll."""
    body = _summary(export, now, options)
    return body | (
        {"errorMessage": export.failure_reason(now)} if export.api_status(now) == "failed" else {}
    )


def export_list(
    exports: Iterable[Export],
    statuses: Collection[str],
    now: datetime,
    options: AnalyticsExportsOptions,
) -> dict[str, Any]:
    """Return the list of the exports that have one of these statuses."""
    matching = [export for export in exports if export.api_status(now) in statuses]
    return {"entities": [_entity(export, now, options) for export in matching]}


def _entity(export: Export, now: datetime, options: AnalyticsExportsOptions) -> dict[str, Any]:
    """Return the list entry of an export."""
    entry = _summary(export, now, options)
    if not options.list_queries:
        return entry
    request = _without(export.spec.to_json(), options.unlisted_fields)
    return {**entry, **request, "createdDate": instant(export.submitted_at)}


def _without(request: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """Return a request without these fields; a dot leads to a field of an object."""
    kept = {name: value for name, value in request.items() if name not in paths}
    inner = {path.removeprefix("query.") for path in paths if path.startswith("query.")}
    if "query" in kept:
        kept["query"] = {n: value for n, value in kept["query"].items() if n not in inner}
    return kept


def _summary(export: Export, now: datetime, options: AnalyticsExportsOptions) -> dict[str, str]:
    """Return the id and the status of an export."""
    return {"id": export.id, "status": _spell_status(export.api_status(now), options.status_case)}


def _spell_status(status: ApiStatus, case: StatusCase | None) -> str:
    """Return a status in the tenant's case."""
    match case:
        case "lower" | None:
            return status
        case "upper":
            return status.upper()
        case "title":
            return status.title()

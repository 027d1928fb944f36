"""Response bodies of the data download API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from tap_cxone.simulator.fake_values import instant
from tap_cxone.simulator.jsontext import encode

if TYPE_CHECKING:
    from tap_cxone.simulator.data_download.downloads import Page
    from tap_cxone.simulator.data_download.options import DataDownloadOptions
    from tap_cxone.simulator.data_download.rate_limit import FixedWindowLimit
    from tap_cxone.simulator.data_download.validation import DownloadSpec


def json_response(value: Any) -> Response:
    """Return a JSON response with exact fractions."""
    return Response(encode(value), media_type="application/json")


def me(options: DataDownloadOptions) -> dict[str, Any]:
    """Return the user and the time zone of the tenant."""
    user = {"id": "11ef-sim-user", "name": "Reporting, nightly"}
    match options.zone_shape:
        case "absent":
            return user
        case "tenant":
            return user | {"tenant": {"timeZone": options.tenant_zone}}
        case name:
            return user | {name: options.tenant_zone}


def quota(limit: FixedWindowLimit) -> dict[str, Any]:
    """Return the limit and the remaining number of data downloads."""
    return {
        "limit": limit.limit,
        "remaining": limit.remaining,
        "resetAt": instant(limit.resets_at),
    }


def rate_headers(limit: FixedWindowLimit) -> dict[str, str]:
    """Return the rate limit headers of every response."""
    return {
        "X-RateLimit-Limit": str(limit.limit),
        "X-RateLimit-Remaining": str(limit.remaining),
    }


def download_page(page: Page, spec: DownloadSpec, options: DataDownloadOptions) -> dict[str, Any]:
    """Return the body of a page of a data download."""
    one_more = options.page_quirk == "wrong-returned"
    body = {
        "totalRecords": page.total,
        "returnedRecords": len(page.rows) + one_more,
        "report": spec.report,
        "metrics": list(spec.metrics),
        "customMetrics": list(spec.custom),
        "data": page.rows,
    }
    if options.page_quirk == "no-total":
        del body["totalRecords"]
    return body

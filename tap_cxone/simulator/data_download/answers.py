"""What the API says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from tap_cxone.simulator.jsontext import encode
from tap_cxone.simulator.values import instant

if TYPE_CHECKING:
    from tap_cxone.simulator.data_download.allowance import Allowance
    from tap_cxone.simulator.data_download.downloads import Page
    from tap_cxone.simulator.data_download.orders import Order
    from tap_cxone.simulator.options import Options


def json_answer(value: Any) -> Response:
    """Answer with a value, its fractions as exact as they are."""
    return Response(encode(value), media_type="application/json")


def me(options: Options) -> dict[str, Any]:
    """Return who the caller is and which time its tenant keeps."""
    user = {"id": "11ef-sim-user", "name": "Reporting, nightly"}
    match options.zone_shape:
        case "absent":
            return user
        case "tenant":
            return user | {"tenant": {"timeZone": options.tenant_zone}}
        case name:
            return user | {name: options.tenant_zone}


def quota(allowance: Allowance) -> dict[str, Any]:
    """Return how many data downloads are left."""
    return {
        "limit": allowance.limit,
        "remaining": allowance.remaining,
        "resetAt": instant(allowance.resets_at),
    }


def rate_headers(allowance: Allowance) -> dict[str, str]:
    """Return what every answer tells of the limit of requests."""
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
    }


def downloaded(page: Page, order: Order, options: Options) -> dict[str, Any]:
    """Return a page of a data download."""
    one_more = options.page_quirk == "wrong-returned"
    answer = {
        "totalRecords": page.total,
        "returnedRecords": len(page.rows) + one_more,
        "report": order.report,
        "metrics": list(order.metrics),
        "customMetrics": list(order.custom),
        "data": page.rows,
    }
    if options.page_quirk == "no-total":
        del answer["totalRecords"]
    return answer

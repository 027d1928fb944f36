"""Endpoints of the data download API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tap_cxone.simulator.data_download.downloads import Downloads, Page
from tap_cxone.simulator.data_download.metric_catalog import metric_list
from tap_cxone.simulator.data_download.responses import (
    download_page,
    json_response,
    me,
    quota,
    rate_headers,
)
from tap_cxone.simulator.data_download.validation import parse_spec
from tap_cxone.simulator.endpoint import Endpoint, json_body
from tap_cxone.simulator.validation import error_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.faults import FaultPoint

    Handler = Callable[[Request], Awaitable[Response]]

_PATH: Final = "/api/v2/reporting"
_METRICS: Final = "api:custom-metrics:read"
_DOWNLOAD: Final = "api:data-download:read"
_REPORTING: Final = "api:reporting:read"


def routes(context: ServerContext, downloads: Downloads) -> list[BaseRoute]:
    """Return the endpoints of the data download API."""
    api = _Api(context, downloads)

    def endpoint(handler: Handler, fault_point: FaultPoint) -> Endpoint:
        return Endpoint(
            api.rate_limited(handler), context.faults, fault_point, family="data_download"
        )

    return [
        endpoint(api.me, "me").route("GET", "/api/v2/users/me"),
        endpoint(api.custom_metrics, "catalogue").route("GET", f"{_PATH}/custom-metrics"),
        endpoint(api.quota, "quota").route("GET", f"{_PATH}/quota"),
        endpoint(api.download, "page").route("POST", f"{_PATH}/data-download"),
    ]


class _Api:
    """Handlers of the four endpoints."""

    def __init__(self, context: ServerContext, downloads: Downloads) -> None:
        """Create the handlers of the API."""
        self._tokens = context.reporting_tokens
        self._downloads = downloads
        self._options = context.options

    def rate_limited(self, handler: Handler) -> Handler:
        """Return the handler with the rate limit and its headers."""
        rate = self._downloads.rate

        async def counted(request: Request) -> Response:
            try:
                if rate is not None:
                    rate.consume()
                response = await handler(request)
            except HTTPException as error:
                response = error_response(request, error)
            if rate is not None:
                response.headers.update(rate_headers(rate))
            return response

        return counted

    async def me(self, request: Request) -> Response:
        """Return the user."""
        self._tokens.require(request)
        return json_response(me(self._options))

    async def custom_metrics(self, request: Request) -> Response:
        """Return the custom metrics."""
        self._tokens.require(request, _METRICS)
        metrics = self._downloads.metric_catalog.metrics
        return json_response(metric_list(metrics, request.query_params, self._options))

    async def quota(self, request: Request) -> Response:
        """Return the remaining number of data downloads."""
        self._tokens.require(request, _REPORTING)
        return json_response(quota(self._downloads.quota))

    async def download(self, request: Request) -> Response:
        """Return a page of a report."""
        self._tokens.require(request, _DOWNLOAD)
        spec = parse_spec(await json_body(request), self._downloads.metric_catalog.ids())
        self._downloads.quota.consume()
        if not self._is_other_region():
            page = await run_in_threadpool(self._downloads.page, spec)
        elif self._options.wrong_region == "empty":
            page = Page((), 0)
        else:
            raise HTTPException(404, f"There is no report {spec.report}")
        return json_response(download_page(page, spec, self._options))

    def _is_other_region(self) -> bool:
        """Return True if the tenant's data are in another region."""
        served = self._options.data_region
        return served is not None and served != self._options.token_region

"""Endpoints of the data download API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from typing_extensions import override

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
from tap_cxone.simulator.endpoint import json_body
from tap_cxone.simulator.handlers import ApplicationHandlers

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.data_download.options import DataDownloadOptions
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.tokens import TokenStore

NAME: Final = "data_download"
_PATH: Final = "/api/v2/reporting"
_METRICS: Final = "api:custom-metrics:read"
_DOWNLOAD: Final = "api:data-download:read"
_REPORTING: Final = "api:reporting:read"


def routes(context: ServerContext, downloads: Downloads) -> list[BaseRoute]:
    """Return the endpoints of the data download API."""
    api = _Api(context, downloads)
    metrics = api.endpoint(api.custom_metrics, "catalogue", scope=_METRICS)
    return [
        api.endpoint(api.me, "me").route("GET", "/api/v2/users/me"),
        metrics.route("GET", f"{_PATH}/custom-metrics"),
        api.endpoint(api.quota, "quota", scope=_REPORTING).route("GET", f"{_PATH}/quota"),
        api.endpoint(api.download, "page", scope=_DOWNLOAD).route("POST", f"{_PATH}/data-download"),
    ]


class _Api(ApplicationHandlers):
    """Handlers of the four endpoints."""

    name = NAME
    _options: DataDownloadOptions

    def __init__(self, context: ServerContext, downloads: Downloads) -> None:
        """Create the handlers of the API."""
        super().__init__(context)
        self._downloads = downloads

    @property
    @override
    def tokens(self) -> TokenStore:
        return self._context.regional_tokens

    @override
    async def respond(self, request: Request, handler: Handler, scope: str | None) -> Response:
        """Count each request against the rate limit, and show the limit in the headers."""
        rate = self._downloads.rate
        if rate is None:
            return await super().respond(request, handler, scope)
        try:
            rate.consume()
            response = await super().respond(request, handler, scope)
        except HTTPException as error:
            response = self.error_response(request, error)
        response.headers.update(rate_headers(rate))
        return response

    async def me(self, _: Request) -> Response:
        """Return the user."""
        return json_response(me(self._options))

    async def custom_metrics(self, request: Request) -> Response:
        """Return the custom metrics."""
        metrics = self._downloads.metric_catalog.metrics
        return json_response(metric_list(metrics, request.query_params, self._options))

    async def quota(self, _: Request) -> Response:
        """Return the remaining number of data downloads."""
        return json_response(quota(self._downloads.quota))

    async def download(self, request: Request) -> Response:
        """Return a page of a report."""
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

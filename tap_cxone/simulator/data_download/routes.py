"""The endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from tap_cxone.simulator.data_download.answers import (
    downloaded,
    json_answer,
    me,
    quota,
    rate_headers,
)
from tap_cxone.simulator.data_download.catalogue import listed
from tap_cxone.simulator.data_download.downloads import Page
from tap_cxone.simulator.data_download.orders import read_order
from tap_cxone.simulator.door import Door, json_body
from tap_cxone.simulator.strict import refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.faults import Place
    from tap_cxone.simulator.world import World

    Answer = Callable[[Request], Awaitable[Response]]

_PATH: Final = "/api/v2/reporting"
_METRICS: Final = "api:custom-metrics:read"
_DOWNLOAD: Final = "api:data-download:read"
_REPORTING: Final = "api:reporting:read"


def routes(world: World) -> list[BaseRoute]:
    """Return the endpoints of the data download API."""
    api = _Api(world)

    def door(answer: Answer, place: Place) -> Door:
        return Door(api.limited(answer), world.faults, place, family="data_download")

    return [
        door(api.me, "me").route("GET", "/api/v2/users/me"),
        door(api.catalogue, "catalogue").route("GET", f"{_PATH}/custom-metrics"),
        door(api.quota, "quota").route("GET", f"{_PATH}/quota"),
        door(api.download, "page").route("POST", f"{_PATH}/data-download"),
    ]


class _Api:
    """The four calls."""

    def __init__(self, world: World) -> None:
        """Answer for this world's tenant."""
        self._tokens = world.reporting_tokens
        self._downloads = world.downloads
        self._options = world.options

    def limited(self, answer: Answer) -> Answer:
        """Return an answer that counts as a request and tells how many are left."""
        rate = self._downloads.rate

        async def counted(request: Request) -> Response:
            try:
                if rate is not None:
                    rate.take()
                response = await answer(request)
            except HTTPException as refused:
                response = refusal(request, refused)
            if rate is not None:
                response.headers.update(rate_headers(rate))
            return response

        return counted

    async def me(self, request: Request) -> Response:
        """Answer with who the caller is."""
        self._tokens.require(request)
        return json_answer(me(self._options))

    async def catalogue(self, request: Request) -> Response:
        """Answer with the custom metrics."""
        self._tokens.require(request, _METRICS)
        return json_answer(listed(self._downloads.catalogue.metrics, self._options))

    async def quota(self, request: Request) -> Response:
        """Answer with how many data downloads are left."""
        self._tokens.require(request, _REPORTING)
        return json_answer(quota(self._downloads.quota))

    async def download(self, request: Request) -> Response:
        """Answer with a page of a report."""
        self._tokens.require(request, _DOWNLOAD)
        order = read_order(await json_body(request), self._downloads.catalogue.ids())
        self._downloads.quota.take()
        if not self._elsewhere():
            page = await run_in_threadpool(self._downloads.page, order)
        elif self._options.wrong_region == "empty":
            page = Page((), 0)
        else:
            raise HTTPException(404, f"There is no report {order.report}")
        return json_answer(downloaded(page, order, self._options))

    def _elsewhere(self) -> bool:
        """Return whether the tenant's data are in another region."""
        served = self._options.data_region
        return served is not None and served != self._options.token_region

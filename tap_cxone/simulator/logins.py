"""Token endpoints of the families, which may share one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.family import SimulatedFamily
    from tap_cxone.simulator.faults import FamilyName, FaultScript


def routes(faults: FaultScript, families: Iterable[SimulatedFamily]) -> list[BaseRoute]:
    """Return the token endpoints of the families; families may share one."""
    by_path: dict[str, list[SimulatedFamily]] = {}
    for family in families:
        by_path.setdefault(family.token_path, []).append(family)
    return [
        _endpoint(faults, sharing).route("POST", token_path)
        for token_path, sharing in by_path.items()
    ]


def _endpoint(faults: FaultScript, families: Sequence[SimulatedFamily]) -> Endpoint:
    """Return the token endpoint that some families share."""
    handlers = {family.name: family.login_handler() for family in families}

    async def family_name(request: Request) -> FamilyName:
        return (await _family_of_login(request, families)).name

    async def login(request: Request) -> Response:
        return await handlers[await family_name(request)](request)

    if families[0].uses_application:
        return Endpoint(
            login, faults, "token", family=family_name, error_response=_oauth_error_response
        )
    return Endpoint(login, faults, "token", family=family_name)


async def _family_of_login(
    request: Request, families: Sequence[SimulatedFamily]
) -> SimulatedFamily:
    """Return the family whose scopes a login requests, by default the first family."""
    scopes = dict(parse_qsl((await request.body()).decode("utf-8", "replace"))).get("scope", "")
    for family in families:
        prefix = family.scope_prefix
        if prefix and any(scope.startswith(prefix) for scope in scopes.split()):
            return family
    return families[0]


def _oauth_error_response(_request: Request, exception: HTTPException) -> Response:
    """Return an error response in the OAuth format."""
    error, _, description = exception.detail.partition(": ")
    return JSONResponse({"error": error, "errorDescription": description}, exception.status_code)

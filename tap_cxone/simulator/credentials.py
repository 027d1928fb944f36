"""Who may call the simulator: its own credentials, and the logins with them."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote_plus

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.door import Door, json_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.faults import Family
    from tap_cxone.simulator.options import ClientAuth
    from tap_cxone.simulator.tokens import Tokens
    from tap_cxone.simulator.world import World


class Credentials:
    """The one access key and the one registered application that the simulator accepts."""

    ACCESS_KEY_ID: Final = "SIM-ACCESS-KEY-ID===="
    ACCESS_KEY_SECRET: Final = "SIM-ACCESS-KEY-SECRET===="  # noqa: S105 - invented
    CLIENT_ID: Final = "SIM-CLIENT-ID"
    CLIENT_SECRET: Final = "SIM-CLIENT-SECRET+/="  # noqa: S105 - invented, to be encoded in a form


def routes(world: World) -> list[BaseRoute]:
    """Return the token endpoints: of access keys, of applications for a user, of these alone."""
    options = world.options

    async def access_key(request: Request) -> Response:
        body = await json_body(request)
        if (body.get("accessKeyId"), body.get("accessKeySecret")) != _ACCESS_KEY:
            raise HTTPException(401, "The access key is unknown or its secret is wrong")
        return _answer(world.tokens)

    async def password(request: Request) -> Response:
        form = await _form(request)
        if form.get("grant_type") != "password":
            raise HTTPException(400, "unsupported_grant_type: The grant_type must be password")
        if not _knows_client(request, form, options.client_auth):
            raise HTTPException(401, "invalid_client: The client is unknown or not where it may be")
        if (form.get("username"), form.get("password")) != _ACCESS_KEY:
            raise HTTPException(401, "invalid_grant: The access key is unknown or its secret wrong")
        return _answer(world.tokens)

    with_key = Door(access_key, world.faults, "token", family="data_extraction")
    with_client = Door(
        password, world.faults, "token", family="observability", refusal=_oauth_refusal
    )
    alone = Door(
        _application(
            world.client_tokens,
            options.granted_scopes,
            options.client_auth,
            timedelta(seconds=options.report_token_seconds),
        ),
        world.faults,
        "token",
        family=_whose,
        refusal=_oauth_refusal,
    )
    for_reporting = Door(
        _application(world.reporting_tokens, options.reporting_scopes, options.client_auth),
        world.faults,
        "token",
        family="data_download",
        refusal=_oauth_refusal,
    )
    return [
        with_key.route("POST", "/authentication/v1/token/access-key"),
        with_client.route("POST", "/auth/token"),
        alone.route("POST", "/oauth/token"),
        for_reporting.route("POST", "/api/v2/oauth/token"),
    ]


def _application(
    tokens: Tokens,
    granted: Collection[str],
    client_auth: ClientAuth,
    reports_life: timedelta | None = None,
) -> Callable[[Request], Awaitable[Response]]:
    """Return the login of an application alone.

    Args:
        tokens: Where its tokens come from.
        granted: The scopes of which they may have some.
        client_auth: Where it may put its credentials.
        reports_life: How long a token is good that was asked for reports, if not as any.
    """

    async def client_credentials(request: Request) -> Response:
        form = await _form(request)
        if form.get("grant_type") != "client_credentials":
            raise HTTPException(
                400, "unsupported_grant_type: The grant_type must be client_credentials"
            )
        if not _knows_client(request, form, client_auth):
            raise HTTPException(400, "invalid_client: The client is unknown or not where it may be")
        life = reports_life if _for_reports(form) else None
        life = tokens.life if life is None else life
        return _scoped_answer(tokens, _scopes(form, granted), life)

    return client_credentials


def _answer(tokens: Tokens) -> Response:
    """Answer a login with a new token."""
    return JSONResponse(
        {
            "access_token": tokens.issue(),
            "token_type": "Bearer",
            "expires_in": round(tokens.life.total_seconds()),
            "refresh_token": f"sim-refresh-token-{secrets.token_hex(12)}",
            "id_token": f"sim-id-token-{secrets.token_hex(12)}",
        }
    )


def _scoped_answer(tokens: Tokens, scopes: Collection[str], life: timedelta) -> Response:
    """Answer the login of an application alone: no refresh, but scopes."""
    return JSONResponse(
        {
            "access_token": tokens.issue(scopes, life),
            "token_type": "Bearer",
            "expires_in": round(life.total_seconds()),
            "scope": " ".join(scopes),
        }
    )


def _scopes(form: Mapping[str, str], granted: Collection[str]) -> Collection[str]:
    """Return the scopes that a login asks for, each once; if for none, all that are granted.

    Raises:
        HTTPException: One of them is not granted.
    """
    asked = tuple(dict.fromkeys(form.get("scope", "").split())) or granted
    beyond = [scope for scope in asked if scope not in granted]
    if beyond:
        raise HTTPException(400, f"invalid_scope: Not granted: {', '.join(beyond)}")
    return asked


async def _whose(request: Request) -> Family:
    """Return the family of a login that two of them share."""
    form = parse_qsl((await request.body()).decode("utf-8", "replace"))
    return "scheduled_reports" if _for_reports(dict(form)) else "analytics_exports"


def _for_reports(form: Mapping[str, str]) -> bool:
    """Return whether a login asks for the scope of reports."""
    return any(scope.startswith(_REPORTS) for scope in form.get("scope", "").split())


async def _form(request: Request) -> dict[str, str]:
    """Return the form in a request's body.

    Raises:
        HTTPException: The body does not claim to be one.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise HTTPException(400, "invalid_request: The body must be form-urlencoded")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _knows_client(request: Request, form: Mapping[str, str], allowed: ClientAuth) -> bool:
    """Return whether the application named itself rightly, where it may, and there only."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    posted = "client_id" in form or "client_secret" in form
    if posted == (scheme.lower() == "basic"):
        return False
    if posted:
        given = form.get("client_id"), form.get("client_secret")
        return allowed != "basic" and given == _CLIENT
    return allowed != "post" and encoded in _BASIC


def _oauth_refusal(_request: Request, refused: HTTPException) -> Response:
    """Write a refusal as OAuth does."""
    error, _, description = refused.detail.partition(": ")
    return JSONResponse({"error": error, "errorDescription": description}, refused.status_code)


def _basic(client_id: str, client_secret: str) -> str:
    """Return credentials as HTTP Basic writes them."""
    return b64encode(f"{client_id}:{client_secret}".encode()).decode()


_REPORTS = "analytics:reports:"
_ACCESS_KEY = Credentials.ACCESS_KEY_ID, Credentials.ACCESS_KEY_SECRET
_CLIENT = Credentials.CLIENT_ID, Credentials.CLIENT_SECRET
# RFC 6749 wants them form-encoded before they are joined; many clients do not.
_BASIC = {_basic(*_CLIENT), _basic(*(quote_plus(part) for part in _CLIENT))}

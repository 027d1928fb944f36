"""Credentials that the simulator accepts, and the handlers of its logins."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote_plus

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.endpoint import json_body

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta

    from starlette.requests import Request

    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.options import ClientAuth
    from tap_cxone.simulator.tokens import TokenStore


class Credentials:
    """The only access key and the only registered application that the simulator accepts."""

    ACCESS_KEY_ID: Final = "SIM-ACCESS-KEY-ID===="
    ACCESS_KEY_SECRET: Final = "SIM-ACCESS-KEY-SECRET===="  # noqa: S105 - invented
    CLIENT_ID: Final = "SIM-CLIENT-ID"
    CLIENT_SECRET: Final = "SIM-CLIENT-SECRET+/="  # noqa: S105 - invented, to be encoded in a form


def access_key_handler(tokens: TokenStore) -> Handler:
    """Return the handler of a login with an access key."""

    async def access_key(request: Request) -> Response:
        body = await json_body(request)
        if (body.get("accessKeyId"), body.get("accessKeySecret")) != _ACCESS_KEY:
            raise HTTPException(401, "The access key is unknown or its secret is wrong")
        return _token_response(tokens)

    return access_key


def password_handler(tokens: TokenStore, client_auth: ClientAuth) -> Handler:
    """Return the handler of a password grant: an application logs in for an access key."""

    async def password(request: Request) -> Response:
        form = await _form(request)
        if form.get("grant_type") != "password":
            raise HTTPException(400, "unsupported_grant_type: The grant_type must be password")
        if not _is_known_client(request, form, client_auth):
            raise HTTPException(401, "invalid_client: The client is unknown or not where it may be")
        if (form.get("username"), form.get("password")) != _ACCESS_KEY:
            raise HTTPException(401, "invalid_grant: The access key is unknown or its secret wrong")
        return _token_response(tokens)

    return password


def client_credentials_handler(
    tokens: TokenStore,
    allowed_scopes: Collection[str],
    client_auth: ClientAuth,
    token_lifetime: timedelta | None = None,
) -> Handler:
    """Return the handler of a client credentials login.

    Args:
        tokens: The store that issues the tokens.
        allowed_scopes: The scopes that may be requested.
        client_auth: Where the client may send its credentials.
        token_lifetime: Lifetime of the tokens; None for that of the store.
    """

    async def client_credentials(request: Request) -> Response:
        form = await _form(request)
        if form.get("grant_type") != "client_credentials":
            raise HTTPException(
                400, "unsupported_grant_type: The grant_type must be client_credentials"
            )
        if not _is_known_client(request, form, client_auth):
            raise HTTPException(400, "invalid_client: The client is unknown or not where it may be")
        lifetime = tokens.lifetime if token_lifetime is None else token_lifetime
        return _scoped_token_response(tokens, _requested_scopes(form, allowed_scopes), lifetime)

    return client_credentials


def _token_response(tokens: TokenStore) -> Response:
    """Return the response to a login of a user."""
    return JSONResponse(
        {
            "access_token": tokens.issue(),
            "token_type": "Bearer",
            "expires_in": round(tokens.lifetime.total_seconds()),
            "refresh_token": f"sim-refresh-token-{secrets.token_hex(12)}",
            "id_token": f"sim-id-token-{secrets.token_hex(12)}",
        }
    )


def _scoped_token_response(
    tokens: TokenStore, scopes: Collection[str], lifetime: timedelta
) -> Response:
    """Return the response to a client credentials login: scopes, but no refresh token."""
    return JSONResponse(
        {
            "access_token": tokens.issue(scopes, lifetime),
            "token_type": "Bearer",
            "expires_in": round(lifetime.total_seconds()),
            "scope": " ".join(scopes),
        }
    )


def _requested_scopes(form: Mapping[str, str], allowed_scopes: Collection[str]) -> Collection[str]:
    """Return the requested scopes without duplicates; all allowed scopes if none is requested.

    Raises:
        HTTPException: A requested scope is not allowed.
    """
    requested = tuple(dict.fromkeys(form.get("scope", "").split())) or allowed_scopes
    not_allowed = [scope for scope in requested if scope not in allowed_scopes]
    if not_allowed:
        raise HTTPException(400, f"invalid_scope: Not granted: {', '.join(not_allowed)}")
    return requested


async def _form(request: Request) -> dict[str, str]:
    """Return the form in a request's body.

    Raises:
        HTTPException: The content type is not that of a form.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise HTTPException(400, "invalid_request: The body must be form-urlencoded")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _is_known_client(request: Request, form: Mapping[str, str], allowed: ClientAuth) -> bool:
    """Return True if the client credentials are right and only in an allowed location."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    posted = "client_id" in form or "client_secret" in form
    if posted == (scheme.lower() == "basic"):
        return False
    if posted:
        client = form.get("client_id"), form.get("client_secret")
        return allowed != "basic" and client == _CLIENT
    return allowed != "post" and encoded in _BASIC


def _basic_credentials(client_id: str, client_secret: str) -> str:
    """Return credentials in the format of HTTP Basic."""
    return b64encode(f"{client_id}:{client_secret}".encode()).decode()


_ACCESS_KEY = Credentials.ACCESS_KEY_ID, Credentials.ACCESS_KEY_SECRET
_CLIENT = Credentials.CLIENT_ID, Credentials.CLIENT_SECRET
# RFC 6749 requires form-encoding before joining; many clients omit it.
_BASIC = {_basic_credentials(*_CLIENT), _basic_credentials(*(quote_plus(part) for part in _CLIENT))}

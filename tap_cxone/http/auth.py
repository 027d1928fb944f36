"""Tokens: one login per token life, renewed before its end, and once after a 401."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from urllib3.util import make_headers

from tap_cxone.errors import ApiError, AuthError, Throttled, Unavailable
from tap_cxone.http.transport import ApiRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.config.connection import AccessKey, Application
    from tap_cxone.http.transport import Transport

_RENEW_AFTER_FRACTION = 0.8  # the part of a token's life after which it is renewed
_RENEW_MARGIN = timedelta(seconds=60)  # nor in a token's last minute, unless it lives hardly longer
_MAX_LIFETIME = timedelta(days=1)  # longer than any run; it bounds what an answer can do
_DEFAULT_LIFETIME = timedelta(hours=1)
_REFUSED_STATUSES = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Grant(Protocol):
    """How one kind of credential is exchanged for a token."""

    def token_request(self) -> ApiRequest:
        """Return the login request."""

    def identity(self) -> str:
        """Return who logs in, without what proves it."""

    def credentials_hint(self) -> str:
        """Return which settings to check when it is refused."""


@dataclass(frozen=True, slots=True)
class AccessKeyGrant:
    """A JSON login with an access key (`/authentication/v1/token/access-key`)."""

    url: str
    key: AccessKey = field(repr=False)

    def token_request(self) -> ApiRequest:
        """Return the login request."""
        body = {"accessKeyId": self.key.key_id, "accessKeySecret": self.key.secret}
        return ApiRequest(method="POST", url=self.url, body=body)

    def identity(self) -> str:
        """Return who logs in, without what proves it."""
        return self.key.key_id

    def credentials_hint(self) -> str:
        """Return which settings to check when it is refused."""
        return "check access_key_id, access_key_secret and region (the key's user must be active)"


@dataclass(frozen=True, slots=True)
class PasswordGrant:
    """A form login of a registered application in the name of an access key (`/auth/token`)."""

    url: str
    application: Application = field(repr=False)
    key: AccessKey = field(repr=False)

    def token_request(self) -> ApiRequest:
        """Return the login request, with the application's secret in the form or in a header."""
        form = {
            "grant_type": "password",
            "username": self.key.key_id,
            "password": self.key.secret,
        }
        return _form_request(self.url, form, self.application)

    def identity(self) -> str:
        """Return who logs in, without what proves it."""
        return f"{self.application.client_id} {self.key.key_id}"

    def credentials_hint(self) -> str:
        """Return which settings to check when it is refused."""
        return f"{_APPLICATION_HINT}, access_key_id and access_key_secret"


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """A form login of a registered application in its own name (`/oauth/token`)."""

    url: str
    application: Application = field(repr=False)
    scopes: tuple[str, ...] = ()

    def token_request(self) -> ApiRequest:
        """Return the login request; without scopes it asks for all that were granted."""
        form = {"grant_type": "client_credentials"}
        if self.scopes:
            form["scope"] = " ".join(self.scopes)
        return _form_request(self.url, form, self.application)

    def identity(self) -> str:
        """Return who logs in, without what proves it."""
        return self.application.client_id

    def credentials_hint(self) -> str:
        """Return which settings to check when it is refused."""
        return f"{_APPLICATION_HINT}" + (" and scopes" if self.scopes else "")


_APPLICATION_HINT = (
    "check client_id, client_secret, client_auth_method (how the application was registered)"
)


def _form_request(url: str, form: Mapping[str, str], application: Application) -> ApiRequest:
    """Return a login whose application shows its secret in the form, or as HTTP Basic."""
    client_id, secret = application.client_id, application.secret
    if application.use_basic_auth:
        headers = make_headers(basic_auth=f"{client_id}:{secret}")
        return ApiRequest(method="POST", url=url, form=form, headers=headers)
    credentials = {"client_id": client_id, "client_secret": secret}
    return ApiRequest(method="POST", url=url, form={**form, **credentials})


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, the instant from which a new one is due, and the `Date` of its answer."""

    value: str = field(repr=False)
    renew_at: datetime
    date_header: str = ""


@dataclass(slots=True)
class TokenProvider:
    """The current token of one family; safe to share between threads."""

    grant: Grant
    transport: Transport
    _token: Token | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self) -> Token:
        """Return a token with at least a fifth of its life left, logging in when needed.

        Raises:
            AuthError: The credentials were refused.
            ApiError: The token endpoint could not be reached or kept failing.
        """
        with self._lock:
            if self._token is None or self._token.renew_at <= self.transport.clock.now():
                self._token = self._request_token()
            return self._token

    def renew(self, refused: Token) -> Token:
        """Return another token than `refused`, which the API no longer takes."""
        with self._lock:
            if self._token is refused:
                self._token = None
        return self.token()

    def _request_token(self) -> Token:
        requested_at = self.transport.clock.now()
        try:
            response = self.transport.send(self.grant.token_request())
        except ApiError as error:
            if error.status is None:
                raise  # nobody refused anything
            if isinstance(error, Throttled | Unavailable) and error.status != HTTPStatus.OK:
                raise
            message = error.message if error.status in _REFUSED_STATUSES else error
            msg = f"Login refused: {message}; {self.grant.credentials_hint()}"
            raise AuthError(msg) from error
        payload = response.json
        value = payload.get("access_token") if isinstance(payload, dict) else None
        if not isinstance(value, str) or not (value.isascii() and value.isprintable() and value):
            msg = f"Login: the answer has no access_token that could be sent; {self.grant.credentials_hint()}"
            raise AuthError(msg)
        date_header = response.headers.get("Date", "")
        token = Token(value, _renew_at(requested_at, payload), date_header)
        self.transport.redact.add_secrets(token.value)
        return token


def _renew_at(requested_at: datetime, payload: Mapping[str, object]) -> datetime:
    lifetime = _parse_lifetime(payload.get("expires_in"))
    return requested_at + min(
        lifetime * _RENEW_AFTER_FRACTION, max(lifetime - _RENEW_MARGIN, lifetime / 2)
    )


def _parse_lifetime(seconds: object) -> timedelta:
    try:
        lifetime = timedelta(seconds=float(str(seconds)))
    except (ValueError, OverflowError):
        return _DEFAULT_LIFETIME
    return min(lifetime, _MAX_LIFETIME)

"""Bearer tokens: one login per token lifetime, renewal before expiry and once after a 401."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote_plus

from msgspec import Struct, field
from urllib3.util import make_headers

from tap_cxone.errors import (
    ApiError,
    AuthError,
    PermissionDenied,
    Throttled,
    TokenRefused,
    Unavailable,
)
from tap_cxone.http.error_table import PERMISSION_HINT
from tap_cxone.http.json_body import error_of
from tap_cxone.http.messages import ApiRequest
from tap_cxone.redact import SecretStruct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.config.connection import AccessKey, Application
    from tap_cxone.http.transport import Transport

_RENEW_AFTER_FRACTION = 0.8  # share of the lifetime after which a token is renewed
_RENEW_MARGIN = timedelta(seconds=60)  # a token with less time remaining is renewed too
_MAX_LIFETIME = timedelta(days=1)  # longer than any run; an upper bound for `expires_in`
_DEFAULT_LIFETIME = timedelta(hours=1)
_REFUSED_STATUSES = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Grant(Protocol):
    """Exchange of one kind of credential for a token."""

    def token_request(self) -> ApiRequest:
        """Return the login request."""

    def identity(self) -> str:
        """Return the public part of the credentials, without the secret."""

    def account(self) -> str:
        """Return the access key ID or client ID, each of which belongs to one tenant."""

    def credentials_hint(self) -> str:
        """Return the settings to check after a refused login, as text for the message."""


class AccessKeyGrant(SecretStruct, frozen=True):
    """JSON login with an access key (`/authentication/v1/token/access-key`)."""

    url: str
    key: AccessKey

    def token_request(self) -> ApiRequest:
        """Return the login request."""
        body = {"accessKeyId": self.key.key_id, "accessKeySecret": self.key.secret}
        return ApiRequest(method="POST", url=self.url, body=body)

    def identity(self) -> str:
        """Return the public part of the credentials, without the secret."""
        return self.key.key_id

    def account(self) -> str:
        """Return the access key ID."""
        return self.key.key_id

    def credentials_hint(self) -> str:
        """Return the settings to check after a refused login, as text for the message."""
        return "check access_key_id, access_key_secret and region (the key's user must be active)"


class PasswordGrant(SecretStruct, frozen=True):
    """Form login of a registered application on behalf of an access key (`/auth/token`)."""

    url: str
    application: Application
    key: AccessKey

    def token_request(self) -> ApiRequest:
        """Return the login request, with the client secret in the form or in a header."""
        form = {
            "grant_type": "password",
            "username": self.key.key_id,
            "password": self.key.secret,
        }
        return _form_request(self.url, form, self.application)

    def identity(self) -> str:
        """Return the public part of the credentials, without the secret."""
        return f"{self.application.client_id} {self.key.key_id}"

    def account(self) -> str:
        """Return the access key ID."""
        return self.key.key_id

    def credentials_hint(self) -> str:
        """Return the settings to check after a refused login, as text for the message."""
        return f"{_APPLICATION_HINT}, access_key_id and access_key_secret"


class ClientCredentialsGrant(SecretStruct, frozen=True):
    """Form login of a registered application with client credentials (`/oauth/token`)."""

    url: str
    application: Application
    scopes: tuple[str, ...] = ()

    def token_request(self) -> ApiRequest:
        """Return the login request; without `scopes` the API grants all scopes of the client."""
        form = {"grant_type": "client_credentials"}
        if self.scopes:
            form["scope"] = " ".join(self.scopes)
        return _form_request(self.url, form, self.application)

    def identity(self) -> str:
        """Return the public part of the credentials, without the secret."""
        return self.application.client_id

    def account(self) -> str:
        """Return the client ID of the application."""
        return self.application.client_id

    def credentials_hint(self) -> str:
        """Return the settings to check after a refused login, as text for the message."""
        scopes = " ".join(self.scopes)
        hint = f"{_APPLICATION_HINT} and the scopes of the application ({scopes})"
        return hint if scopes else _APPLICATION_HINT


_APPLICATION_HINT = (
    "check client_id, client_secret, client_auth_method (how the application was registered)"
)


def _form_request(url: str, form: Mapping[str, str], application: Application) -> ApiRequest:
    """Return a login request with the client credentials in the form, or as HTTP Basic.

    In HTTP Basic each of the two is form-encoded first (RFC 6749, section 2.3.1).
    """
    client_id, secret = application.client_id, application.secret
    if application.use_basic_auth:
        headers = make_headers(basic_auth=":".join(map(quote_plus, (client_id, secret))))
        return ApiRequest(method="POST", url=url, form=form, headers=headers)
    credentials = {"client_id": client_id, "client_secret": secret}
    return ApiRequest(method="POST", url=url, form={**form, **credentials})


class Token(SecretStruct, frozen=True):
    """Bearer token.

    Attributes:
        value: The token itself.
        renew_at: Instant in UTC from which the token is renewed.
        date_header: `Date` header of the login response, or an empty text.
        region: Region that the login response names beside the token, or an empty text.
    """

    value: str
    renew_at: datetime
    date_header: str = ""
    region: str = ""


class TokenProvider(Struct):
    """Provider of the current token of one family; thread-safe.

    Attributes:
        grant: Credentials to exchange for a token.
        transport: Sender of the login requests.
    """

    grant: Grant
    transport: Transport
    _token: Token | None = None
    _accepted: bool = False
    _clock_offset: timedelta = timedelta(0)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self) -> Token:
        """Return a valid token; log in if there is none or its renewal is due.

        A token is renewed after four fifths of its lifetime.

        Raises:
            AuthError: The credentials were refused.
            ApiError: The token endpoint could not be reached, or all retries failed.
        """
        with self._lock:
            if self._token is None or self._token.renew_at <= self.transport.clock.now():
                self._token = self._request_token()
            return self._token

    @property
    def clock_offset(self) -> timedelta:
        """Return the server's time at the last login minus that of this machine.

        It is zero before the first login, and if the server sends no valid `Date`.
        """
        return self._clock_offset

    @property
    def accepted(self) -> bool:
        """Return True if the API accepted a token of this login for some request."""
        return self._accepted

    def mark_accepted(self) -> None:
        """Store that the API accepted a token of this login."""
        self._accepted = True

    def renew(self, refused: Token) -> Token:
        """Return a token other than `refused`, which the API rejected.

        Args:
            refused: The rejected token.

        Raises:
            AuthError: The credentials were refused.
            ApiError: The token endpoint could not be reached, or all retries failed.
        """
        with self._lock:
            if self._token is refused:
                self._token = None
        return self.token()

    def refused_token_error(self, error: ApiError) -> TokenRefused | PermissionDenied:
        """Return the error for a 401 to a new token: the credentials, or a missing permission."""
        message = f"{error.message}; a new token was rejected too"
        denial = PermissionDenied(
            f"{message}, but the API accepts this login for other requests: a permission is "
            "missing",
            status=error.status,
            remedy=PERMISSION_HINT,
        )
        if self.accepted:
            return denial
        message += f"; {self.grant.credentials_hint()}"
        message += "; if other streams work, a permission is missing"
        return TokenRefused(message, denial, lambda: self.accepted)

    def _request_token(self) -> Token:
        request, requested_at = self.grant.token_request(), self.transport.clock.now()
        self.transport.network.log_login(self.transport.redact(str(request)))
        try:
            response = self.transport.send(request)
        except ApiError as error:
            if error.status is None:
                raise  # no response, so nothing was refused
            if isinstance(error, Throttled | Unavailable) and error.status != HTTPStatus.OK:
                raise
            message = error.message if error.status in _REFUSED_STATUSES else error
            msg = f"Login refused: {message}; {self.grant.credentials_hint()}"
            raise AuthError(msg) from error
        payload = response.json
        value = payload.get("access_token") if isinstance(payload, dict) else None
        if not isinstance(value, str) or not (value.isascii() and value.isprintable() and value):
            words, hint = self.transport.redact(error_of(payload)), self.grant.credentials_hint()
            shown = f" ({words})" if words else ""
            msg = f"Login failed: the response has no valid access_token{shown}; {hint}"
            raise AuthError(msg)
        date_header = response.headers.get("Date", "")
        now = self.transport.clock.now()
        self._clock_offset = clock_offset(date_header, now) or timedelta(0)
        region = str(payload.get("region") or "")
        token = Token(value, _renew_at(requested_at, payload), date_header, region)
        self.transport.redact.add_secrets(token.value)
        return token


def clock_offset(date_header: str, now: datetime) -> timedelta | None:
    """Return the server's time in a `Date` header minus `now`; None if the header has no time."""
    try:
        server_time = parsedate_to_datetime(date_header)
    except ValueError:
        return None
    return (server_time if server_time.tzinfo else server_time.replace(tzinfo=UTC)) - now


def _renew_at(requested_at: datetime, payload: Mapping[str, object]) -> datetime:
    # In the last minute a token is not used, unless its lifetime is hardly longer than that.
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

"""Ask a family's API: limit → token → send → classify; and fetch files, anonymously."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HTTPError

from tap_cxone.errors import ApiError, AuthError, DownloadError, LinkExpired
from tap_cxone.http.error_table import hint_for_storage
from tap_cxone.http.rate_limit import RateLimitHeaders
from tap_cxone.http.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    ApiRequest,
    describe_connection_error,
    is_unreachable_or_untrusted,
    open_session,
    spool_response,
)
from tap_cxone.redact import is_secure_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.http.auth import Token, TokenProvider
    from tap_cxone.http.rate_limit import RateLimiter
    from tap_cxone.http.transport import ApiResponse, ClassifyError, ParseBody, Transport
    from tap_cxone.redact import Redactor
    from tap_cxone.spool import Spool

_LINK_REFUSED_STATUSES = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
}


@dataclass(frozen=True, slots=True)
class Client:
    """One family's API at one host, for one login.

    Attributes:
        host: Where it is.
        login: Its tokens.
        limiter: Its limits.
        transport: What sends.
        classify: Its own way to refuse.
        insecure: Whether a download link may be http to another machine.
        plane: Says of a token at which other host its data are; None: at `host`.
    """

    base_url: str
    token_provider: TokenProvider
    rate_limiter: RateLimiter
    transport: Transport
    classify_error: ClassifyError | None = None
    base_url_from_token: Callable[[str], str | None] | None = None
    allow_insecure: bool = False

    @property
    def redact(self) -> Redactor:
        """Return what takes secrets out of the API's words."""
        return self.transport.redact

    def get(self, path: str) -> ApiResponse:
        """Read; repeated freely."""
        return self._execute(ApiRequest(method="GET", url=self._url(path)))

    def put(self, path: str, body: Any) -> ApiResponse:
        """Replace something; repeated freely, for the second time changes nothing."""
        return self._execute(
            ApiRequest(method="PUT", url=self._url(path), body=body, response_type="any")
        )

    def delete(self, path: str) -> ApiResponse:
        """End something; repeated freely."""
        return self._execute(ApiRequest(method="DELETE", url=self._url(path), response_type="any"))

    def post_idempotent(self, path: str, body: Any, parse: ParseBody | None = None) -> ApiResponse:
        """Read what only a POST can ask for; it starts nothing, so it is repeated freely."""
        return self._execute(ApiRequest(method="POST", url=self._url(path), body=body, parse=parse))

    def _url(self, path: str) -> str:
        if not path.startswith("/") or path.startswith("//"):  # it would name another host
            msg = f"{self.base_url} was to be asked for something that is no path; nothing was sent"
            raise ApiError(msg)
        token_base_url = (
            self.base_url_from_token(self.token_provider.token().value)
            if self.base_url_from_token
            else None
        )
        return f"{token_base_url or self.base_url}{path}"

    def submit(self, path: str, body: Any, *, read_seconds: float | None = None) -> ApiResponse:
        """Start remote work once.

        Args:
            path: Where to post.
            body: What to send as JSON.
            read_seconds: How long the answer may take, where the API answers only when done.

        Raises:
            Throttled: The API asks to wait; nothing was started.
            AmbiguousSubmit: The answer was lost or cannot be read.
            SystemExit: A signal arrived, or the run has ended; nothing was sent.
        """
        self.transport.signals.raise_if_interrupted()
        request = ApiRequest(method="POST", url=self._url(path), body=body, creates_job=True)
        return self._execute(
            replace(request, read_seconds=read_seconds) if read_seconds else request
        )

    def _execute(self, request: ApiRequest) -> ApiResponse:
        self.rate_limiter.throttle()
        response = self._send_with_token_renewal(request)
        self.rate_limiter.update_from_headers(
            RateLimitHeaders.parse(response.headers, self.transport.clock.now())
        )
        return response

    def _send_with_token_renewal(self, request: ApiRequest) -> ApiResponse:
        token = self.token_provider.token()
        try:
            return self._send(request, token)
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        # The token ended early, or was revoked: one new login, then the request again.
        try:
            return self._send(request, self.token_provider.renew(token))
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            msg = f"{error.message}; a new token was refused too: {self.token_provider.grant.credentials_hint()}"
            raise AuthError(msg) from error

    def _send(self, request: ApiRequest, token: Token) -> ApiResponse:
        headers = {**request.headers, "Authorization": f"Bearer {token.value}"}
        authorized_request = request.with_headers(headers)
        if not request.creates_job:
            return self.transport.send(authorized_request, self.classify_error)
        with self.rate_limiter.submitting():
            return self.transport.send(authorized_request, self.classify_error)

    def download_authorized(self, path: str, description: str) -> Spool:
        """Read a file that the API itself serves, with the login; repeated like any read.

        Raises:
            DownloadError: The file did not come whole.
        """
        request = ApiRequest(
            method="GET", url=self._url(path), response_type="file", description=description
        )
        file = self._execute(request).file
        assert file is not None  # noqa: S101 (what was asked for is there, or an error was raised)
        return file

    def download(self, link: str, description: str) -> Spool:
        """Fetch a file completely, with no credentials: the link carries its own.

        Args:
            link: A presigned address, https or on this machine.
            name: What to call the file in a message; the link itself never shows.

        Raises:
            LinkExpired: The storage no longer takes the link.
            DownloadError: The file did not come whole.
        """
        if not is_secure_url(link, insecure=self.allow_insecure):
            msg = f"{description}: the API gave a download link that is not https; nothing was fetched"
            raise DownloadError(msg)
        try:
            with self.transport.signals.interruptible(), open_session() as session:
                return self._download_link(session, link, description)
        except (requests.RequestException, HTTPError) as error:
            msg = f"{description}: the download broke off ({describe_connection_error(error)})"
            msg += f"; {hint_for_storage(link)}" if is_unreachable_or_untrusted(error) else ""
            raise DownloadError(msg) from None

    def _download_link(self, session: requests.Session, link: str, description: str) -> Spool:
        # A session of its own: storage refuses a second way to authenticate, and must not get it.
        headers = {"User-Agent": self.transport.user_agent}
        # A redirect could lead the file, and whoever may read it, over an open line.
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with session.get(
            link, headers=headers, stream=True, timeout=timeout, allow_redirects=False
        ) as response:
            if response.status_code in _LINK_REFUSED_STATUSES:
                error_text = self.transport.error_text(response)
                msg = f"{description}: the download link was refused: {response.status_code} {error_text}"
                raise LinkExpired(msg)
            if not response.ok or response.is_redirect:
                msg = f"{description}: the storage answered {response.status_code}"
                raise DownloadError(msg)
            return spool_response(response, description)

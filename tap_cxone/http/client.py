"""Client of one family's API: rate limit, token, request; and downloads without credentials."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct, field, structs

from tap_cxone.errors import ApiError, TokenRequired, Unavailable, with_permission_hint
from tap_cxone.http.download import download_link, download_refused, download_with_token
from tap_cxone.http.error_table import RETRY_LATER_HINT
from tap_cxone.http.json_body import error_of
from tap_cxone.http.links import is_same_origin
from tap_cxone.http.messages import ApiRequest
from tap_cxone.http.rate_limit_headers import RateLimitHeaders
from tap_cxone.redact import is_allowed_host, is_secure_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_cxone.http.auth import Token, TokenProvider
    from tap_cxone.http.messages import ApiResponse, ClassifyError, ParseBody, UnwrapBody
    from tap_cxone.http.rate_limit import RateLimiter
    from tap_cxone.http.transport import Transport
    from tap_cxone.redact import Redactor
    from tap_cxone.spool import Spool


class Client(Struct, frozen=True):
    """Client of one family's API at one host, for one login.

    Attributes:
        base_url: Base URL of the API.
        token_provider: Provider of its tokens.
        rate_limiter: Limiter of its requests and submits.
        transport: Sender of its requests.
        classify_error: The family's mapping from status and error text to an error class.
        base_url_from_token: Function that reads another base URL from a token. `base_url` is used
            if the function is None or returns None.
        allow_insecure: Whether a download link may be http to another machine.
        permission_hint: Permissions that the API needs, for messages; empty if they differ by
            request.
        unreachable: Base URLs named in a token that did not answer; `base_url` stands in for them.
    """

    base_url: str
    token_provider: TokenProvider
    rate_limiter: RateLimiter
    transport: Transport
    classify_error: ClassifyError | None = None
    base_url_from_token: Callable[[Token], str | None] | None = None
    unreachable: set[str] = field(default_factory=set)
    allow_insecure: bool = False
    permission_hint: str = ""

    @property
    def redact(self) -> Redactor:
        """Return the redactor of error texts."""
        return self.transport.redact

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        parse: ParseBody | None = None,
        *,
        accepts_redirect: bool = False,
    ) -> ApiResponse:
        """Send a GET request; retried, since it is idempotent.

        Args:
            path: Path below the base URL.
            params: Query parameters.
            parse: Parser of the JSON body, by default `parse_json_exact`.
            accepts_redirect: Whether a redirect is a response; otherwise it is an error.
        """
        return self._execute(
            ApiRequest(
                method="GET",
                url=self._url(path),
                params=params,
                parse=parse,
                accepts_redirect=accepts_redirect,
            )
        )

    def get_once(self, path: str) -> ApiResponse:
        """Send a GET request for a response that the caller can do without; never retried."""
        return self._execute(ApiRequest(method="GET", url=self._url(path), is_retried=False))

    def put(self, path: str, body: Any) -> ApiResponse:
        """Send a PUT request; retried, since it is idempotent."""
        return self._execute(
            ApiRequest(method="PUT", url=self._url(path), body=body, response_type="any")
        )

    def delete(self, path: str) -> ApiResponse:
        """Send a DELETE request; retried, since it is idempotent."""
        return self._execute(ApiRequest(method="DELETE", url=self._url(path), response_type="any"))

    def get_url(self, url: str, allowed_hosts: Iterable[str]) -> ApiResponse:
        """Send a GET request to a URL that the API gave, such as the link of the next page.

        Args:
            url: URL on the API's own host or an allowed one.
            allowed_hosts: Hosts that may receive the token, subdomains included.

        Raises:
            ApiError: The URL is on another host; nothing was sent.
        """
        self._require_allowed(url, allowed_hosts)
        return self._execute(ApiRequest(method="GET", url=url))

    def post_idempotent(
        self,
        path: str,
        body: Any,
        parse: ParseBody | None = None,
        *,
        params: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """Send a POST request that only reads; retried, since it starts no job.

        Args:
            path: Path below the base URL.
            body: Value to send as JSON; None for no body.
            parse: Parser of the JSON body, by default `parse_json_exact`.
            params: Query parameters.
        """
        url = self._url(path)
        return self._execute(
            ApiRequest(method="POST", url=url, params=params, body=body, parse=parse)
        )

    def _url(self, path: str) -> str:
        if not path.startswith("/") or path.startswith("//"):  # it could name another host
            msg = f"{self.base_url}: the path of the request is invalid; nothing was sent"
            raise ApiError(msg)
        return f"{self._token_base_url() or self.base_url}{path}"

    def _token_base_url(self) -> str | None:
        """Return the base URL that the token names, unless it did not answer."""
        if self.base_url_from_token is None:
            return None
        url = self.base_url_from_token(self.token_provider.token())
        return None if url in self.unreachable else url

    def _require_allowed(self, url: str, hosts: Iterable[str], setting: str = "") -> None:
        """Raise `ApiError` unless the token may be sent to a URL that the API gave."""
        is_secure = is_secure_url(url, insecure=self.allow_insecure)
        if is_secure and is_allowed_host(url, (urlsplit(self.base_url).netloc, *hosts)):
            return
        msg = f"{self.base_url} returned a URL that may not receive the token; nothing was sent"
        if not is_secure or not setting:
            raise ApiError(msg)
        hint = f"if the host {urlsplit(url).netloc} may receive it, add it to {setting}"
        raise ApiError(msg, remedy=hint)

    def submit(
        self,
        path: str,
        body: Any,
        *,
        params: Mapping[str, str] | None = None,
        read_seconds: float | None = None,
    ) -> ApiResponse:
        """Send a POST request that starts remote work; only a rejected token causes a second one.

        Args:
            path: Path below the base URL.
            body: Value to send as JSON; None for no body.
            params: Query parameters.
            read_seconds: Maximum wait for the response, for an API that responds when the work is
                done.

        Raises:
            Throttled: The API throttled the request; nothing was started.
            AmbiguousSubmit: The response was lost or cannot be parsed.
            Interrupted: A signal arrived; nothing was sent.
            SystemExit: The run abandoned this thread; nothing was sent.
        """
        self.transport.signals.raise_if_interrupted()
        request = ApiRequest(
            method="POST", url=self._url(path), params=params, body=body, creates_job=True
        )
        return self._execute(structs.replace(request, read_seconds=read_seconds))

    def _execute(self, request: ApiRequest) -> ApiResponse:
        self.rate_limiter.slow_down()
        with with_permission_hint(self.permission_hint):
            response = self._send_to_any_host(request)
        self.token_provider.mark_accepted()
        if not request.creates_job and (error_text := error_of(response.json)):
            error_text = self.redact(error_text)
            msg = f"{request}: {response.status} with an error in place of a result: {error_text}"
            raise ApiError(msg, status=response.status, remedy=RETRY_LATER_HINT)
        self.rate_limiter.update_from_headers(
            RateLimitHeaders.parse(response.headers, self.rate_limiter.clock.now())
        )
        return response

    def _send_to_any_host(self, request: ApiRequest) -> ApiResponse:
        """Send a request; if the host that the token names does not answer, send it to `base_url`.

        A response of any status is an answer, so a wrong region is still reported.
        """
        token_base_url = self._token_base_url()
        try:
            return self._send_with_token_renewal(request)
        except Unavailable as error:
            if (
                error.status is not None
                or not token_base_url
                or not request.url.startswith(token_base_url)
            ):
                raise
            self.unreachable.add(token_base_url)
            self.transport.network.log_other_host(token_base_url, self.base_url)
        path = request.url.removeprefix(token_base_url)
        return self._send_with_token_renewal(structs.replace(request, url=f"{self.base_url}{path}"))

    def _send_with_token_renewal(self, request: ApiRequest) -> ApiResponse:
        token = self.token_provider.token()
        try:
            return self._send(request, token)
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        # The token expired early or was revoked: log in once, then send the request again.
        try:
            return self._send(request, self.token_provider.renew(token))
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            raise self.token_provider.refused_token_error(error) from error

    def _send(self, request: ApiRequest, token: Token) -> ApiResponse:
        authorization = {"Authorization": f"Bearer {token.value}"}
        request = request.with_headers({**request.headers, **authorization})
        if not request.creates_job:
            return self.transport.send(request, self.classify_error)
        with self.rate_limiter.submitting() as timing, timing.observe():
            return self.transport.send(request, self.classify_error)

    def download_authorized(self, path: str, description: str) -> Spool:
        """Download a file that the API itself serves, with a token; retried like any read.

        Args:
            path: Path below the base URL.
            description: Name of the file in messages.

        Raises:
            DownloadError: The file is incomplete.
        """
        return self._download_file(self._url(path), description)

    def fetch_url(
        self,
        url: str,
        allowed_hosts: Iterable[str],
        description: str,
        *,
        unwrap: UnwrapBody | None = None,
        hosts_setting: str = "",
    ) -> Spool:
        """Download a file, with a token, from a URL that the API gave; retried like any read.

        Args:
            url: URL on the API's own host or an allowed one.
            allowed_hosts: Hosts that may receive the token, subdomains included.
            description: Name of the file in messages; the URL itself never appears.
            unwrap: Converter of the body, such as `Base64Field.decode`.
            hosts_setting: Full path of the setting that allows another host, for the error.

        Raises:
            ApiError: The URL is on another host; nothing was sent.
            DownloadError: The file is incomplete.
        """
        self._require_allowed(url, allowed_hosts, hosts_setting)
        return self._download_file(url, description, unwrap)

    def post_for_file(
        self,
        path: str,
        params: Mapping[str, str],
        description: str,
        *,
        unwrap: UnwrapBody,
        read_seconds: float,
    ) -> Spool:
        """Send a POST request that returns a file and creates no job; retried like any read.

        Args:
            path: Path below the base URL.
            params: Query parameters.
            description: Name of the file in messages.
            unwrap: Converter of the body, such as `Base64Field.decode`.
            read_seconds: Maximum wait for the response.

        Raises:
            DownloadError: The file is incomplete.
        """
        request = ApiRequest(
            method="POST",
            url=self._url(path),
            params=params,
            response_type="file",
            description=description,
            unwrap=unwrap,
            read_seconds=read_seconds,
        )
        return download_with_token(request, self._execute, self.download)

    def _download_file(self, url: str, description: str, unwrap: UnwrapBody | None = None) -> Spool:
        """Download a file with the token. A redirect to another host is followed without it."""
        request = ApiRequest(
            method="GET",
            url=url,
            response_type="file",
            description=description,
            unwrap=unwrap,
            accepts_redirect=unwrap is None,
        )
        return download_with_token(request, self._execute, self.download)

    def download(self, link: str, description: str) -> Spool:
        """Download a complete file without the token, since a presigned link contains credentials.

        Args:
            link: Presigned link, https or on this machine; or a path on the API's own host. A link
                to this host that is refused is sent once with the token, unless it has a signature.
            description: Name of the file in messages; the link itself never appears.

        Raises:
            InsecureLink: The link is not https.
            LinkExpired: The storage rejected the link.
            DownloadError: The file is incomplete.
        """
        url = self._url(link) if link.startswith("/") else link
        try:
            return download_link(self.transport, url, description, insecure=self.allow_insecure)
        except TokenRequired as refusal:
            if not is_same_origin(url, self._url("/")):
                raise
            return download_refused(refusal, lambda: self._download_file(url, description))

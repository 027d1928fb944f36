"""Send HTTP requests: one session, retries where they are safe, errors with a remedy."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from decimal import InvalidOperation
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from msgspec import Struct, field
from typing_extensions import override
from urllib3.exceptions import HTTPError

from tap_cxone.errors import AmbiguousSubmit, ApiError, Throttled, Unavailable
from tap_cxone.http.connection_error import connection_error
from tap_cxone.http.error_body import describe_body
from tap_cxone.http.error_table import (
    FAMILY_RULES,
    RESPONSE_TOO_LARGE_HINT,
    RETRY_LATER_HINT,
    rule_for,
)
from tap_cxone.http.json_numbers import encode_json
from tap_cxone.http.links import location, resolve
from tap_cxone.http.messages import (
    CONNECT_SECONDS,
    READ_SECONDS,
    ApiRequest,
    ApiResponse,
    ClassifyError,
    iter_body,
    parse_json_exact,
    spool_response,
)
from tap_cxone.http.network import Network
from tap_cxone.http.rate_limit_headers import RateLimitHeaders
from tap_cxone.http.retry import Attempts
from tap_cxone.http.send_timing import ObservedAdapter
from tap_cxone.progress.activity import sleep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from tap_cxone.clock import Clock
    from tap_cxone.http.error_table import ErrorRule
    from tap_cxone.http.retry import Attempt, RetryPolicy
    from tap_cxone.redact import Redactor
    from tap_cxone.signals import SignalHandler


# At DEBUG urllib3 logs every address with its query, and the query of a presigned link is a secret.
logging.getLogger("urllib3").setLevel(logging.INFO)

_MAX_ERROR_BYTES = 1 << 16


class _Session(requests.Session):
    """Session that reads proxies and certificates from the environment once per host.

    `requests` itself searches the whole environment twice for every request.
    """

    def __init__(self) -> None:
        super().__init__()
        self._environment_settings: dict[tuple[str, str, Any], Any] = {}

    @override
    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc, stream)
        if key not in self._environment_settings:
            settings = super().merge_environment_settings(url, proxies, stream, verify, cert)
            self._environment_settings[key] = settings
        return dict(self._environment_settings[key])


def open_session() -> requests.Session:
    """Return a session that sends no credentials from a `.netrc` file."""
    session = _Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, ObservedAdapter())
    session.auth = lambda request: request
    session.headers["Accept-Encoding"] = "gzip"
    return session


class Transport(Struct, frozen=True, kw_only=True):
    """Sender of requests over one session. It never follows a redirect.

    Attributes:
        clock: Source of time and sleep.
        redact: Redactor of error texts.
        signals: Handler of SIGINT and SIGTERM.
        user_agent: Value of the `User-Agent` header.
        retry_policy: Policy of requests that create no job. Its time limit is for all errors.
        session: Session of the `requests` library.
        error_header: Response header with the error text, for an API that may send no error body.
        network: The network of the run, shared by its families.
        max_bytes: Maximum size of a JSON body. A page of 10,000 rows is far smaller.
    """

    clock: Clock
    redact: Redactor
    signals: SignalHandler
    user_agent: str
    retry_policy: RetryPolicy
    session: requests.Session = field(default_factory=open_session)
    error_header: str = ""
    network: Network = field(default_factory=Network)
    max_bytes: int = 256_000_000

    def send(self, request: ApiRequest, classify_error: ClassifyError | None = None) -> ApiResponse:
        """Send a request and return its successful response; retry where that is safe.

        A read is retried after a failure of the server or the network, and while it is throttled.
        A submit is never retried by the transport; its caller decides.

        Args:
            request: The request.
            classify_error: The family's mapping from status and error text to an error class.

        Raises:
            ApiError: The request failed. The subclass determines the reaction of the caller.
            DownloadError: A file is incomplete, or the disk has no space for it.
        """
        if request.creates_job or not request.is_retried:
            return self.send_once(request, classify_error)
        attempts = Attempts(self.retry_policy, self.clock)
        while True:
            try:
                return self.send_once(request, classify_error)
            except (Throttled, Unavailable) as error:
                attempt = self.network.limit(attempts.record(error), error)
                if reason := _reason_to_stop(error, attempt):
                    raise error.as_exhausted(reason) from error
                self.network.log_retry(attempt, error)
            sleep(self.clock, attempt.delay, "waiting to retry the request")

    def send_once(
        self, request: ApiRequest, classify_error: ClassifyError | None = None
    ) -> ApiResponse:
        """Send a request once and return its successful response.

        Args:
            request: The request.
            classify_error: The family's mapping from status and error text to an error class.

        Raises:
            ApiError: The request failed.
            DownloadError: A file is incomplete, or the disk has no space for it.
        """
        try:
            with self._interruptible(request), self._send_request(request) as response:
                self.network.has_responded = True
                if response.ok and not response.is_redirect:
                    return self._read_response(request, response)
                if response.is_redirect and request.accepts_redirect:
                    redirect = resolve(request.url, location(response.headers))
                    return ApiResponse(
                        None, response.status_code, response.headers, redirect=redirect
                    )
                error_text = self.error_text(response)
        except (requests.RequestException, HTTPError) as error:
            raise connection_error(request, self.redact(str(request)), error) from None
        family_error = classify_error and classify_error(response.status_code, error_text)
        general_rule = rule_for(response.status_code, error_text)
        rule = FAMILY_RULES[family_error] if family_error else general_rule
        raise self._error_from_response(request, response, error_text, rule)

    def _interruptible(self, request: ApiRequest) -> AbstractContextManager[None]:
        # A signal must not lose the response to a submit.
        return nullcontext() if request.creates_job else self.signals.interruptible()

    def _read_response(self, request: ApiRequest, response: requests.Response) -> ApiResponse:
        is_file = request.response_type == "file"
        file = spool_response(response, str(request), request.unwrap) if is_file else None
        parsed = self._parse_json(request, response) if request.response_type == "json" else None
        return ApiResponse(parsed, response.status_code, response.headers, file)

    def _parse_json(self, request: ApiRequest, response: requests.Response) -> Any:
        content = self._read_body(request, response)
        no_content = response.status_code == HTTPStatus.NO_CONTENT
        if no_content or (request.creates_job and not content.strip()):
            return None
        try:
            return (request.parse or parse_json_exact)(content)
        except (ValueError, RecursionError, InvalidOperation):
            # The `Location` header alone is a complete response to a submit.
            if request.creates_job and "Location" in response.headers:
                return None
            body_text = self._describe_body(response, content) or "empty"
            msg = f"{request}: the response is not JSON (a proxy may have sent it): {body_text}"
            error_class = AmbiguousSubmit if request.creates_job else Unavailable
            raise error_class(msg, status=response.status_code, remedy=RETRY_LATER_HINT) from None

    def _send_request(self, request: ApiRequest) -> requests.Response:
        headers = {"User-Agent": self.user_agent, "Accept": "application/json", **request.headers}
        data: Mapping[str, str] | bytes | None = request.form
        if request.body is not None:
            is_encoded = isinstance(request.body, bytes)
            data = request.body if is_encoded else encode_json(request.body)
            headers["Content-Type"] = "application/json"
        if request.response_type == "file":
            headers["Accept"] = "*/*"
        if request.creates_job:
            # A server may reset an idle connection. Then it is unknown whether the submit arrived.
            self.session.close()
        return self.session.request(
            request.method,
            request.url,
            params=request.params,
            headers=headers,
            data=data,
            timeout=(CONNECT_SECONDS, request.read_seconds or READ_SECONDS),
            allow_redirects=False,
            stream=True,
        )

    def _error_from_response(
        self,
        request: ApiRequest,
        response: requests.Response,
        error_text: str,
        rule: ErrorRule,
    ) -> ApiError:
        status = response.status_code
        message = (
            f"{request}: {status} {_status_phrase(status)}{f': {error_text}' if error_text else ''}"
        )
        rate_limit_headers = RateLimitHeaders.parse(response.headers, self.clock.now())
        return rule.error_class(creates_job=request.creates_job)(
            message, status=status, retry_after=rate_limit_headers.wait, remedy=rule.hint
        )

    def _read_body(self, request: ApiRequest, response: requests.Response) -> bytes:
        """Return the unpacked body.

        Raises:
            ApiError: The body is larger than `max_bytes`. It is AmbiguousSubmit for a submit.
        """
        content = b"".join(iter_body(response, self.max_bytes))
        if len(content) > self.max_bytes:
            msg = f"{request}: the response is larger than {self.max_bytes / 1e6:g} MB"
            error_class = AmbiguousSubmit if request.creates_job else ApiError
            raise error_class(msg, status=response.status_code, remedy=RESPONSE_TOO_LARGE_HINT)
        return content

    def error_text(self, response: requests.Response) -> str:
        """Return the words of an error body and its header, on one line without secrets."""
        content = b"".join(iter_body(response, _MAX_ERROR_BYTES))
        words = self._describe_body(response, content)
        header = self.redact(response.headers.get(self.error_header, ""))
        return words if header in words else "; ".join(filter(None, (words, header)))

    def _describe_body(self, response: requests.Response, content: bytes) -> str:
        """Return the start of a body that has no rows on one line, or the size of any other."""
        text = content.decode(response.encoding or "utf-8", errors="replace")
        content_type = response.headers.get("Content-Type", "")
        return self.redact(describe_body(text, len(content), content_type))


def _status_phrase(status: int) -> str:
    """Return the standard phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def _reason_to_stop(error: Throttled | Unavailable, attempt: Attempt) -> str:
    """Return why a read is not retried; empty if it is."""
    time_limit = attempt.policy.time_limit
    if isinstance(error, Throttled):
        return "" if attempt.ends_in_time else attempt.throttle_text(error)
    if attempt.is_last:
        return attempt.count_text
    return "" if attempt.ends_in_time else f"tried {attempt.count} in {time_limit}"

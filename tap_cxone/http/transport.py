"""One HTTP request, repeated where that is safe, answered or explained."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import backoff
import msgspec
import requests
from typing_extensions import override
from urllib3.exceptions import ConnectTimeoutError, HTTPError, SSLError

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    DownloadError,
    NotFound,
    PermissionDenied,
    Throttled,
    Unavailable,
)
from tap_cxone.http.error_table import (
    RESPONSE_TOO_LARGE_HINT,
    RETRY_LATER_HINT,
    hint_for_certificate,
    hint_for_no_connection,
    hint_for_response,
)
from tap_cxone.http.rate_limit import RateLimitHeaders
from tap_cxone.progress.activity import sleep
from tap_cxone.spool import spool_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from tap_cxone.clock import Clock
    from tap_cxone.redact import Redactor
    from tap_cxone.signals import SignalHandler
    from tap_cxone.spool import Spool

# At DEBUG it logs every address with its query, and a presigned link's query is a key.
logging.getLogger("urllib3").setLevel(logging.INFO)

CONNECT_SECONDS = 30
READ_SECONDS = 120
_CHUNK_BYTES = 1 << 16
_MAX_ERROR_BYTES = 1 << 16
_MAX_BACKOFF = timedelta(minutes=2)
_ERROR_BY_STATUS: dict[int, type[ApiError]] = {
    HTTPStatus.FORBIDDEN: PermissionDenied,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Throttled,
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
}
_RETRYABLE_STATUSES = {408, 425, 500, 502, 503, 504}
_COMPLETE_STATUSES = {
    HTTPStatus.OK,
    HTTPStatus.NO_CONTENT,
}  # a part of a file (206) could end with a line
_JSON_ENCODER = msgspec.json.Encoder(decimal_format="number")
_JSON_DECODER = msgspec.json.Decoder(float_hook=Decimal)  # takes less than JSON writers have dared


ParseBody = Callable[[bytes], Any]
"""From the body of an answer to what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request to make.

    Attributes:
        method: HTTP method.
        url: Where to; its query never shows in a message.
        headers: Beside those every request has.
        body: What to send as JSON.
        form: What to send as a form, in place of JSON.
        submits: Whether it starts work that must not be started twice.
        answer: What is answered: JSON, a file to be kept, or nothing that matters.
        parse: How JSON is read, if not whole and exactly. It raises ValueError where it is none.
        read_seconds: How long the server may be silent.
        name: What to call it in a message; by default its method and address.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    creates_job: bool = False
    response_type: Literal["json", "file", "any"] = "json"
    parse: ParseBody | None = None
    read_seconds: float = READ_SECONDS
    description: str = ""

    def with_headers(self, headers: Mapping[str, str]) -> ApiRequest:
        """Return the same request with other headers."""
        return replace(self, headers=headers)

    def __str__(self) -> str:
        """Show the name, or the method and the address without its query."""
        return self.description or f"{self.method} {self.url.split('?')[0]}"


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A successful response, reduced to what is read of it.

    Attributes:
        json: The parsed body; None if a submit was answered without one, or if it is no JSON that
            was asked for.
        status: HTTP status.
        headers: By any spelling of their names.
        file: The body, where a file was asked for.
    """

    json: Any = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    file: Spool | None = None


ClassifyError = Callable[[int, str], type[ApiError] | None]
"""What a family knows of its own refusals: by status and words, the error they mean, or None."""


class _Session(requests.Session):
    """A session that asks once per host which proxy and which certificates the environment names.

    For every request `requests` looks through all of the environment, twice.
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
    """Return a session that sends what it is told, and no credentials out of a `.netrc`."""
    session = _Session()
    session.auth = lambda request: request
    session.headers["Accept-Encoding"] = "gzip"
    return session


def backoff_delays(first_delay: timedelta) -> Iterator[timedelta]:
    """Yield growing waits with jitter: `first`, twice as much, … two minutes, less up to half."""
    steps = backoff.expo(base=2, factor=first_delay.total_seconds())
    next(steps)
    for seconds in steps:
        bounded = min(seconds, _MAX_BACKOFF.total_seconds())
        yield timedelta(seconds=bounded / 2 + backoff.full_jitter(bounded / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Send requests over one session, without ever following a redirect with credentials."""

    clock: Clock
    redact: Redactor
    signals: SignalHandler
    user_agent: str
    max_retries: int
    max_elapsed: timedelta
    max_elapsed_setting: str = ""  # the path of the setting; none for a fixed limit
    session: requests.Session = field(default_factory=open_session)
    max_bytes: int = 256_000_000  # of an answer; a page of 10 000 rows comes nowhere near

    def send(self, request: ApiRequest, classify_error: ClassifyError | None = None) -> ApiResponse:
        """Send `call` until it is answered with success, as often as its kind allows.

        A read repeats after a failure of server or network, `max_retries` times, and waits when
        told to, `patience` long in all. A submit is never repeated here: who submits decides.

        Raises:
            ApiError: Or the subclass that says what to do next.
            DownloadError: A file did not come whole, or there is no room for it.
        """
        if request.creates_job:
            return self.send_once(request, classify_error)
        deadline = self.clock.now() + self.max_elapsed
        failures = 0
        for backoff_delay in backoff_delays(timedelta(seconds=1)):
            try:
                return self.send_once(request, classify_error)
            except Throttled as error:
                delay = error.retry_after or backoff_delay
                if self.clock.now() + delay > deadline:
                    waited = f"it said 'wait' for {self._describe_limit()}"
                    raise error.as_exhausted(waited) from error
            except Unavailable as error:
                failures += 1
                delay = error.retry_after or backoff_delay
                if failures > self.max_retries:
                    tried = f"tried {failures} times (max_retries)"
                    raise error.as_exhausted(tried) from error
                if self.clock.now() + delay > deadline:
                    tried = f"tried {failures} times in {self._describe_limit()}"
                    raise error.as_exhausted(tried) from error
            sleep(self.clock, delay, "the API did not answer as it should")
        raise AssertionError  # pragma: no cover (the waits never end)

    def _describe_limit(self) -> str:
        setting = f" ({self.max_elapsed_setting})" if self.max_elapsed_setting else ""
        return f"{self.max_elapsed}{setting}"

    def send_once(
        self, request: ApiRequest, classify_error: ClassifyError | None = None
    ) -> ApiResponse:
        """Send `call` once and return its answer if that is a success."""
        try:
            with self._interruptible(request), self._send_request(request) as response:
                if response.ok and not response.is_redirect:
                    return self._read_response(request, response)
                error_text = self.error_text(response)
        except (requests.RequestException, HTTPError) as error:
            raise self._connection_error(request, error) from None
        error_class = classify_error and classify_error(response.status_code, error_text)
        raise self._error_from_response(
            request,
            response,
            error_text,
            error_class or _default_error_class(request, response.status_code),
        )

    def _interruptible(self, request: ApiRequest) -> AbstractContextManager[None]:
        # A signal must not lose the answer to a submit.
        return nullcontext() if request.creates_job else self.signals.interruptible()

    def _read_response(self, request: ApiRequest, response: requests.Response) -> ApiResponse:
        file = spool_response(response, str(request)) if request.response_type == "file" else None
        parsed = self._parse_json(request, response) if request.response_type == "json" else None
        return ApiResponse(parsed, response.status_code, response.headers, file)

    def _parse_json(self, request: ApiRequest, response: requests.Response) -> Any:
        # A submit is answered by its `Location` too, whatever the body says.
        content = self._read_body(request, response)
        body_is_optional = not content.strip() or "Location" in response.headers
        try:
            parse = request.parse or parse_json_exact
            return None if request.creates_job and body_is_optional else parse(content)
        except (ValueError, RecursionError, InvalidOperation):
            response_text = self.redact(content.decode(errors="replace")) or "empty"
            msg = f"{request}: the answer is not JSON (is a proxy in the way?): {response_text}"
            error_class = AmbiguousSubmit if request.creates_job else Unavailable
            raise error_class(msg, status=response.status_code, remedy=RETRY_LATER_HINT) from None

    def _send_request(self, request: ApiRequest) -> requests.Response:
        headers = {"User-Agent": self.user_agent, "Accept": "application/json", **request.headers}
        data: Mapping[str, str] | bytes | None = request.form
        if request.body is not None:
            headers["Content-Type"], data = "application/json", _JSON_ENCODER.encode(request.body)
        if request.response_type == "file":
            headers["Accept"] = "*/*"
        return self.session.request(
            request.method,
            request.url,
            headers=headers,
            data=data,
            timeout=(CONNECT_SECONDS, request.read_seconds),
            allow_redirects=False,
            stream=True,
        )

    def _connection_error(self, request: ApiRequest, error: Exception) -> ApiError:
        message = f"{self.redact(str(request))}: {describe_connection_error(error)}"
        if isinstance(error, requests.exceptions.SSLError):
            return ApiError(message, remedy=hint_for_certificate(request.url))
        if _never_connected(error):
            return Unavailable(
                f"{message}; no connection", remedy=hint_for_no_connection(request.url)
            )
        if request.creates_job:
            return AmbiguousSubmit(
                f"{message}; the answer to the submit was lost", remedy=RETRY_LATER_HINT
            )
        message += "; the connection broke before the answer was complete"
        return Unavailable(message, remedy=RETRY_LATER_HINT)

    def _error_from_response(
        self,
        request: ApiRequest,
        response: requests.Response,
        error_text: str,
        error_class: type[ApiError],
    ) -> ApiError:
        status = response.status_code
        message = (
            f"{request}: {status} {_status_phrase(status)}{f': {error_text}' if error_text else ''}"
        )
        rate_limit_headers = RateLimitHeaders.parse(response.headers, self.clock.now())
        remedy = hint_for_response(error_class, status)
        return error_class(
            message, status=status, retry_after=rate_limit_headers.retry_after, remedy=remedy
        )

    def _read_body(self, request: ApiRequest, response: requests.Response) -> bytes:
        """Return the body of an answer, unpacked, if it is not more than memory should hold."""
        content = b"".join(_iter_body(self.max_bytes, response))
        if len(content) > self.max_bytes:
            msg = f"{request}: the answer is of more than {self.max_bytes / 1e6:g} MB"
            error_class = AmbiguousSubmit if request.creates_job else ApiError
            raise error_class(msg, status=response.status_code, remedy=RESPONSE_TOO_LARGE_HINT)
        return content

    def error_text(self, response: requests.Response) -> str:
        """Return what the API said, on one line and without secrets; of a book its beginning."""
        content = b"".join(_iter_body(_MAX_ERROR_BYTES, response))
        return self.redact(content.decode(response.encoding or "utf-8", errors="replace"))


def _iter_body(max_bytes: int, response: requests.Response) -> Iterator[bytes]:
    """Yield a body until it is longer than `most` bytes: a small answer may unpack without end."""
    size = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        yield chunk
        size += len(chunk)
        if size > max_bytes:
            break


def parse_json_exact(content: bytes) -> Any:
    """Parse JSON without rounding a fraction; NaN is none, and its bytes alone say its encoding.

    Raises:
        ValueError: It is no JSON; RecursionError or InvalidOperation, it is JSON only in form.
    """
    try:
        return _JSON_DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError, InvalidOperation):
        return json.loads(content, parse_float=Decimal, parse_constant=_reject_constant)


def _reject_constant(constant: str) -> None:
    raise ValueError(constant)


def spool_response(response: requests.Response, description: str) -> Spool:
    """Keep the body of a response in a spool. Raises `DownloadError` if it does not come whole."""
    if response.status_code not in _COMPLETE_STATUSES:
        msg = f"{description}: {response.status_code} came, which is no whole file"
        raise DownloadError(msg)
    content_length = response.headers.get("Content-Length", "")
    # Undecoded: what is gzip shows in its first bytes, whatever the headers say about it.
    chunks = response.raw.stream(_CHUNK_BYTES, decode_content=False)
    size = int(content_length) if content_length.isdecimal() else None
    return spool_chunks(chunks, expected_size=size, description=description)


def _default_error_class(request: ApiRequest, status: int) -> type[ApiError]:
    if status in _RETRYABLE_STATUSES:
        # Whether the submit arrived is known only where the server says that it took nothing.
        is_ambiguous = request.creates_job and status != HTTPStatus.SERVICE_UNAVAILABLE
        return AmbiguousSubmit if is_ambiguous else Unavailable
    return _ERROR_BY_STATUS.get(status, ApiError)


def _status_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def describe_connection_error(error: Exception) -> str:
    """Name what broke a connection; of TLS in the words of the library that checks it."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    tls_error = reason.args[0] if isinstance(reason, SSLError) and reason.args else None
    detail = getattr(tls_error, "verify_message", "") or getattr(tls_error, "reason", "") or ""
    return f"{type(reason or error).__name__}{f' ({detail})' if detail else ''}"


def _never_connected(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, ConnectTimeoutError)


def is_unreachable_or_untrusted(error: Exception) -> bool:
    """Tell whether a host was not reached, or not trusted."""
    return _never_connected(error) or isinstance(error, requests.exceptions.SSLError)

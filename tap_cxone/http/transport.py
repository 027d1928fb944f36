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
    LATER,
    TOO_LONG,
    for_answer,
    for_certificate,
    for_no_connection,
)
from tap_cxone.http.rate_limit import Hint
from tap_cxone.progress.activity import rest
from tap_cxone.spool import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from tap_cxone.clock import Clock
    from tap_cxone.redact import Redactor
    from tap_cxone.signals import Interrupts
    from tap_cxone.spool import Spool

# At DEBUG it logs every address with its query, and a presigned link's query is a key.
logging.getLogger("urllib3").setLevel(logging.INFO)

CONNECT_SECONDS = 30
READ_SECONDS = 120
_CHUNK = 1 << 16
_MOST_WORDS = 1 << 16
_LONGEST_WAIT = timedelta(minutes=2)
_KINDS: dict[int, type[ApiError]] = {
    HTTPStatus.FORBIDDEN: PermissionDenied,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Throttled,
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
}
_RETRIABLE = {408, 425, 500, 502, 503, 504}
_WHOLE = {HTTPStatus.OK, HTTPStatus.NO_CONTENT}  # a part of a file (206) could end with a line
_JSON = msgspec.json.Encoder(decimal_format="number")
_QUICK = msgspec.json.Decoder(float_hook=Decimal)  # takes less than JSON writers have dared


Parse = Callable[[bytes], Any]
"""From the body of an answer to what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
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
    submits: bool = False
    answer: Literal["json", "file", "any"] = "json"
    parse: Parse | None = None
    read_seconds: float = READ_SECONDS
    name: str = ""

    def with_headers(self, headers: Mapping[str, str]) -> Call:
        """Return the same request with other headers."""
        return replace(self, headers=headers)

    def __str__(self) -> str:
        """Show the name, or the method and the address without its query."""
        return self.name or f"{self.method} {self.url.split('?')[0]}"


@dataclass(frozen=True, slots=True)
class Answer:
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


Classify = Callable[[int, str], type[ApiError] | None]
"""What a family knows of its own refusals: by status and words, the error they mean, or None."""


class _Session(requests.Session):
    """A session that asks once per host which proxy and which certificates the environment names.

    For every request `requests` looks through all of the environment, twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._surroundings: dict[tuple[str, str, Any], Any] = {}

    @override
    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        parts = urlsplit(url)
        place = (parts.scheme, parts.netloc, stream)
        if place not in self._surroundings:
            found = super().merge_environment_settings(url, proxies, stream, verify, cert)
            self._surroundings[place] = found
        return dict(self._surroundings[place])


def open_session() -> requests.Session:
    """Return a session that sends what it is told, and no credentials out of a `.netrc`."""
    session = _Session()
    session.auth = lambda request: request
    session.headers["Accept-Encoding"] = "gzip"
    return session


def waits(first: timedelta) -> Iterator[timedelta]:
    """Yield growing waits with jitter: `first`, twice as much, … two minutes, less up to half."""
    steps = backoff.expo(base=2, factor=first.total_seconds())
    next(steps)
    for seconds in steps:
        bounded = min(seconds, _LONGEST_WAIT.total_seconds())
        yield timedelta(seconds=bounded / 2 + backoff.full_jitter(bounded / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Send requests over one session, without ever following a redirect with credentials."""

    clock: Clock
    redact: Redactor
    interrupts: Interrupts
    user_agent: str
    max_retries: int
    patience: timedelta
    session: requests.Session = field(default_factory=open_session)
    most_bytes: int = 256_000_000  # of an answer; a page of 10 000 rows comes nowhere near

    def send(self, call: Call, classify: Classify | None = None) -> Answer:
        """Send `call` until it is answered with success, as often as its kind allows.

        A read repeats after a failure of server or network, `max_retries` times, and waits when
        told to, `patience` long in all. A submit is never repeated here: who submits decides.

        Raises:
            ApiError: Or the subclass that says what to do next.
            DownloadError: A file did not come whole, or there is no room for it.
        """
        if call.submits:
            return self.once(call, classify)
        give_up = self.clock.now() + self.patience
        failures = 0
        for wait in waits(timedelta(seconds=1)):
            try:
                return self.once(call, classify)
            except Throttled as error:
                pause = error.retry_after or wait
                if self.clock.now() + pause > give_up:
                    waited = f"it said 'wait' for {self.patience} (job_timeout_minutes)"
                    raise error.given_up(waited) from error
            except Unavailable as error:
                failures += 1
                pause = error.retry_after or wait
                if failures > self.max_retries or self.clock.now() + pause > give_up:
                    tried = f"tried {failures} times (max_retries)"
                    raise error.given_up(tried) from error
            rest(self.clock, pause, "the API did not answer as it should")
        raise AssertionError  # pragma: no cover (the waits never end)

    def once(self, call: Call, classify: Classify | None = None) -> Answer:
        """Send `call` once and return its answer if that is a success."""
        try:
            with self._interruptible(call), self._request(call) as response:
                if response.ok and not response.is_redirect:
                    return self._answer(call, response)
                words = self.words(response)
        except (requests.RequestException, HTTPError) as error:
            raise self._broken(call, error) from None
        kind = classify and classify(response.status_code, words)
        raise self._refusal(call, response, words, kind or _kind(call, response.status_code))

    def _interruptible(self, call: Call) -> AbstractContextManager[None]:
        # A signal must not lose the answer to a submit.
        return nullcontext() if call.submits else self.interrupts.allowed()

    def _answer(self, call: Call, response: requests.Response) -> Answer:
        file = save(response, str(call)) if call.answer == "file" else None
        found = self._json(call, response) if call.answer == "json" else None
        return Answer(found, response.status_code, response.headers, file)

    def _json(self, call: Call, response: requests.Response) -> Any:
        # A submit is answered by its `Location` too, whatever the body says.
        content = self._content(call, response)
        told = not content.strip() or "Location" in response.headers
        try:
            parse = call.parse or exactly
            return None if call.submits and told else parse(content)
        except (ValueError, RecursionError, InvalidOperation):
            words = self.redact(content.decode(errors="replace")) or "empty"
            msg = f"{call}: the answer is not JSON (is a proxy in the way?): {words}"
            kind = AmbiguousSubmit if call.submits else Unavailable
            raise kind(msg, status=response.status_code, remedy=LATER) from None

    def _request(self, call: Call) -> requests.Response:
        headers = {"User-Agent": self.user_agent, "Accept": "application/json", **call.headers}
        data: Mapping[str, str] | bytes | None = call.form
        if call.body is not None:
            headers["Content-Type"], data = "application/json", _JSON.encode(call.body)
        if call.answer == "file":
            headers["Accept"] = "*/*"
        return self.session.request(
            call.method,
            call.url,
            headers=headers,
            data=data,
            timeout=(CONNECT_SECONDS, call.read_seconds),
            allow_redirects=False,
            stream=True,
        )

    def _broken(self, call: Call, error: Exception) -> ApiError:
        what = f"{self.redact(str(call))}: {cause(error)}"
        if isinstance(error, requests.exceptions.SSLError):
            return ApiError(what, remedy=for_certificate(call.url))
        if _never_arrived(error):
            return Unavailable(f"{what}; no connection", remedy=for_no_connection(call.url))
        if call.submits:
            return AmbiguousSubmit(f"{what}; the answer to the submit was lost", remedy=LATER)
        what += "; the connection broke before the answer was complete"
        return Unavailable(what, remedy=LATER)

    def _refusal(
        self, call: Call, response: requests.Response, words: str, kind: type[ApiError]
    ) -> ApiError:
        status = response.status_code
        message = f"{call}: {status} {_phrase(status)}{f': {words}' if words else ''}"
        hint = Hint.read(response.headers, self.clock.now())
        remedy = for_answer(kind, status)
        return kind(message, status=status, retry_after=hint.retry_after, remedy=remedy)

    def _content(self, call: Call, response: requests.Response) -> bytes:
        """Return the body of an answer, unpacked, if it is not more than memory should hold."""
        content = b"".join(_up_to(self.most_bytes, response))
        if len(content) > self.most_bytes:
            msg = f"{call}: the answer is of more than {self.most_bytes / 1e6:g} MB"
            kind = AmbiguousSubmit if call.submits else ApiError
            raise kind(msg, status=response.status_code, remedy=TOO_LONG)
        return content

    def words(self, response: requests.Response) -> str:
        """Return what the API said, on one line and without secrets; of a book its beginning."""
        said = b"".join(_up_to(_MOST_WORDS, response))
        return self.redact(said.decode(response.encoding or "utf-8", errors="replace"))


def _up_to(most: int, response: requests.Response) -> Iterator[bytes]:
    """Yield a body until it is longer than `most` bytes: a small answer may unpack without end."""
    size = 0
    for chunk in response.iter_content(_CHUNK):
        yield chunk
        size += len(chunk)
        if size > most:
            break


def exactly(content: bytes) -> Any:
    """Parse JSON without rounding a fraction; NaN is none, and its bytes alone say its encoding.

    Raises:
        ValueError: It is no JSON; RecursionError or InvalidOperation, it is JSON only in form.
    """
    try:
        return _QUICK.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError, InvalidOperation):
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def save(response: requests.Response, name: str) -> Spool:
    """Keep the body of a response in a spool. Raises `DownloadError` if it does not come whole."""
    if response.status_code not in _WHOLE:
        msg = f"{name}: {response.status_code} came, which is no whole file"
        raise DownloadError(msg)
    announced = response.headers.get("Content-Length", "")
    # Undecoded: what is gzip shows in its first bytes, whatever the headers say about it.
    chunks = response.raw.stream(_CHUNK, decode_content=False)
    size = int(announced) if announced.isdecimal() else None
    return fill(chunks, announced=size, name=name)


def _kind(call: Call, status: int) -> type[ApiError]:
    if status in _RETRIABLE:
        # Whether the submit arrived is known only where the server says that it took nothing.
        lost = call.submits and status != HTTPStatus.SERVICE_UNAVAILABLE
        return AmbiguousSubmit if lost else Unavailable
    return _KINDS.get(status, ApiError)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"


def cause(error: Exception) -> str:
    """Name what broke a connection; of TLS in the words of the library that checks it."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    broken = reason.args[0] if isinstance(reason, SSLError) and reason.args else None
    told = getattr(broken, "verify_message", "") or getattr(broken, "reason", "") or ""
    return f"{type(reason or error).__name__}{f' ({told})' if told else ''}"


def _never_arrived(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, ConnectTimeoutError)


def never_met(error: Exception) -> bool:
    """Tell whether a host was not reached, or not trusted."""
    return _never_arrived(error) or isinstance(error, requests.exceptions.SSLError)

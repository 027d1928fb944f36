"""Requests and responses as values, and the readers of response bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import field, structs

from tap_cxone.errors import ApiError, DownloadError
from tap_cxone.http.json_numbers import parse_fraction
from tap_cxone.redact import SecretStruct
from tap_cxone.spool import spool_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from tap_cxone.spool import Spool

CONNECT_SECONDS = 30
READ_SECONDS = 120
_CHUNK_BYTES = 1 << 16
# A part of a file (206) could end at the end of a line and would then look complete.
_COMPLETE_STATUSES = {HTTPStatus.OK, HTTPStatus.NO_CONTENT}
_JSON_DECODER = msgspec.json.Decoder(float_hook=parse_fraction)  # stricter than some JSON writers

ParseBody = Callable[[bytes], Any]
"""Convert the bytes of a response body to values."""

UnwrapBody = Callable[[Iterable[bytes]], Iterable[bytes]]
"""Convert the chunks of a response body to those of the file in it."""

ClassifyError = Callable[[int, str], type[ApiError] | None]
"""Return the error class that a family's API means by a status and an error text, or None."""


class ApiRequest(SecretStruct, frozen=True, kw_only=True):
    """One HTTP request.

    Attributes:
        method: HTTP method.
        url: Target address. Its query never appears in a message.
        params: Query parameters to add to the address.
        headers: Headers in addition to those of every request.
        body: Value to send as JSON; bytes are JSON already.
        form: Fields to send as a form, instead of JSON.
        creates_job: Whether the request starts work that must not be started twice.
        is_retried: Whether a failed request is sent again, unless it creates a job.
        response_type: Expected body: JSON, a file to spool, or any body, which is ignored.
        parse: Parser of the JSON body, by default `parse_json_exact`. It raises ValueError for
            invalid JSON.
        unwrap: Converter of a file's body, by default none.
        accepts_redirect: Whether a redirect is a response; otherwise it is an error.
        read_seconds: Maximum silence of the server, in seconds; None for `READ_SECONDS`.
        description: Name of the request in messages, by default its method and address.
    """

    method: str
    url: str
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    creates_job: bool = False
    is_retried: bool = True
    response_type: Literal["json", "file", "any"] = "json"
    parse: ParseBody | None = None
    unwrap: UnwrapBody | None = None
    accepts_redirect: bool = False
    read_seconds: float | None = None
    description: str = ""

    def with_headers(self, headers: Mapping[str, str]) -> ApiRequest:
        """Return the same request with other headers."""
        return structs.replace(self, headers=headers)

    def __str__(self) -> str:
        """Return the description, or the method and the address without its query."""
        return self.description or f"{self.method} {self.url.split('?')[0]}"


class ApiResponse(SecretStruct, frozen=True):
    """A successful response, reduced to the parts that the tap reads.

    Attributes:
        json: Parsed body. It is None if the request expects no JSON or the status is 204. For a
            submit it is also None if the body is empty, or no JSON beside a `Location` header.
        status: HTTP status.
        headers: Response headers; their names are case-insensitive.
        file: Spooled body, if the request expects a file.
        redirect: URL that a redirect leads to, if the request accepts one.
    """

    json: Any
    status: int
    headers: Mapping[str, str]
    file: Spool | None = None
    redirect: str | None = None


def iter_body(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    """Yield the unpacked body in chunks; stop once more than `max_bytes` were yielded.

    The limit counts unpacked bytes, because a small response may unpack to any size.
    """
    size = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        yield chunk
        size += len(chunk)
        if size > max_bytes:
            break


def parse_json_exact(content: bytes) -> Any:
    """Parse JSON without rounding fractions; reject NaN and detect the encoding from the bytes.

    Raises:
        ValueError: The content is not JSON.
        RecursionError: The JSON is nested too deeply.
        InvalidOperation: A number is out of the range of `Decimal`.
    """
    return _parse_json(content, _reject_constant)


def parse_json_rows(content: bytes) -> Any:
    """Parse JSON like `parse_json_exact`, but keep NaN and infinity as decimals.

    They may be values of one row. The row reader rejects that row.

    Raises:
        ValueError: The content is not JSON.
        RecursionError: The JSON is nested too deeply.
        InvalidOperation: A number is out of the range of `Decimal`.
    """
    return _parse_json(content, Decimal)


def _parse_json(content: bytes, parse_constant: Callable[[str], Any]) -> Any:
    try:
        return _JSON_DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError, InvalidOperation):
        return json.loads(content, parse_float=parse_fraction, parse_constant=parse_constant)


def _reject_constant(constant: str) -> None:
    raise ValueError(constant)


def spool_response(
    response: requests.Response, description: str, unwrap: UnwrapBody | None = None
) -> Spool:
    """Store the body of a response in a spool.

    Args:
        response: The response; its body is not read yet.
        description: Name of the file in messages.
        unwrap: Converter of the body, by default none.

    Raises:
        DownloadError: The body is incomplete.
    """
    if response.status_code not in _COMPLETE_STATUSES:
        msg = f"{description}: status {response.status_code} is not a complete file"
        raise DownloadError(msg)
    if unwrap and response.status_code != HTTPStatus.NO_CONTENT:
        body = response.raw.stream(_CHUNK_BYTES, decode_content=True)
        return spool_chunks(unwrap(body), expected_size=None, description=description)
    content_length = response.headers.get("Content-Length", "")
    # Not decoded: the first bytes show whether a file is gzip, whatever the headers claim.
    chunks = response.raw.stream(_CHUNK_BYTES, decode_content=False)
    size = int(content_length) if content_length.isdecimal() else None
    return spool_chunks(chunks, expected_size=size, description=description)

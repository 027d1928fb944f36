"""Decode a file that is wrapped as base64 in a JSON body, without holding either of them."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct

from tap_cxone.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BLOCK = 4  # characters that encode three bytes
_MAX_KEY_BYTES = 4096  # the key, the colon and the white space around it
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_END = b'"'
_NULL = b"null"


class Base64Field(Struct, frozen=True):
    """Decoder of one string field of a JSON body, such as `{"files": {"file": "…"}}`.

    Attributes:
        key: Key of the field, at any depth; the first one counts.
        description: Name of the file in messages.
        null_is_empty: Whether null is an empty file, and no missing one.
    """

    key: str
    description: str
    null_is_empty: bool = False

    def decode(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of the file.

        Args:
            chunks: The JSON body, read to its end.

        Raises:
            DownloadError: The field is missing, incomplete or no base64.
        """
        rest, is_padded = b"", False
        for text in self._field_texts(iter(chunks)):
            encoded = rest + text
            size = len(encoded) - len(encoded) % _BLOCK
            block, rest = encoded[:size], encoded[size:]
            if is_padded and block:
                self._fail("is not base64")
            is_padded = block.endswith(b"=")
            try:
                yield binascii.a2b_base64(block, strict_mode=True)
            except binascii.Error as error:
                self._fail("is not base64", error)
        if rest:
            self._fail("is not base64")

    def _field_texts(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the text of the field without JSON escapes, then read the rest of the body."""
        pending = self._find_start(chunks)
        while True:
            cut = _CUT_ESCAPE.search(pending)  # the escape continues in the next chunk
            size = cut.start() if cut else len(pending)
            text, pending = pending[:size], pending[size:]
            text, end, _ = text.partition(_END)
            yield _ESCAPE.sub(_unescape, text)
            if end:
                break
            chunk = next(chunks, None)
            if chunk is None:
                self._fail("is incomplete")
            pending += chunk
        for _ in chunks:  # the response is complete only at its end
            pass

    def _find_start(self, chunks: Iterator[bytes]) -> bytes:
        """Return the part of the chunks that follows the opening quote of the field."""
        # A quote inside a JSON string has a backslash before it, so this matches a key only.
        values = rb'"|null' if self.null_is_empty else rb'"'
        start = re.compile(
            rb'(?<!\\)"' + re.escape(self.key.encode()) + rb'"\s*:\s*(' + values + rb")"
        )
        text, beginning = b"", b""
        for chunk in chunks:
            text, beginning = text + chunk, beginning.lstrip() or chunk
            if match := start.search(text):
                return _END if match[1] == _NULL else text[match.end() :]
            text = text[-_MAX_KEY_BYTES:]
        if beginning.lstrip().startswith(b"<"):
            return self._fail(
                "is missing, because the response is an HTML or XML page; a proxy may have sent it"
            )
        return self._fail("is missing")

    def _fail(self, problem: str, cause: Exception | None = None) -> NoReturn:
        msg = f"{self.description}: the file in the API's JSON {problem}"
        raise DownloadError(msg) from cause


def _unescape(match: re.Match[bytes]) -> bytes:
    """Return the character of an escape; line breaks are no part of base64."""
    code_point, character = match.groups()
    if code_point:
        return chr(int(code_point, 16)).encode()
    return b"" if character in b"nr" else bytes(character)

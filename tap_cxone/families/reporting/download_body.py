"""Decode the response to a data download: CSV as base64, or an error text in its place."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.errors import DownloadError
from tap_cxone.http.base64_file import Base64Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cxone.redact import Redactor

# A quote inside base64 cannot occur, so this matches a key only.
_ERROR = rb'"errorMessage"\s*:\s*"((?:[^"\\]|\\.)+)"'
_NO_FILE = rb'"file"\s*:\s*(?:""|null)'
_LINK = rb'(?i)"URI"\s*:\s*"[^"]'
_MAX_ERROR_BYTES = 4096


class DownloadBody(Struct, frozen=True):
    """Decoder of one response.

    Attributes:
        description: Name of the download in messages.
        redact: Redactor of the error text.
    """

    description: str
    redact: Redactor

    def decode(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the bytes of the CSV file.

        Raises:
            DownloadError: The response has an error text or a link, or its file is incomplete.
        """
        field = Base64Field("file", self.description, null_is_empty=True)
        return field.decode(self._without_error(chunks))

    def _without_error(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks; raise `DownloadError` for an error text, or a link without a file."""
        end = b""
        for chunk in chunks:
            end += chunk
            if match := re.search(_ERROR, end):
                text = self.redact(json.loads(b'"%b"' % match.group(1)))
                msg = (
                    f"{self.description}: the report failed: {text}; run again when no other user "
                    "runs it, or correct reporting.data_downloads"
                )
                raise DownloadError(msg)
            end = end[-_MAX_ERROR_BYTES:]
            yield chunk
        if re.search(_NO_FILE, end) and re.search(_LINK, end):
            msg = (
                f"{self.description}: the response has a link in place of the file, so the API "
                "ignored saveAsFile; set reporting.api_versions to another version for the stream"
            )
            raise DownloadError(msg)

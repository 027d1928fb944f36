"""Links and redirects as an API spells them; a signature may cover each character."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from tap_cxone.redact import names_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_IN_A_TARGET = r"[ \x80-\U0010ffff]"  # HTTP has no way to send these characters
_RELATIVE_PATH = r"(?:\.{1,2}/)*[\w~%-]{2,}[./?][\w%]\S*"
_HAS_SCHEME = r"(?i)[a-z][a-z0-9+.-]*:"


def parse_link(text: str, base_url: str) -> str | None:
    """Return the link that a value of a response is, or None for another text.

    Args:
        text: A URL, or a path with or without a leading slash.
        base_url: URL of the API, for the scheme of a link that has none.

    Returns:
        A URL; or a path that begins with one slash, on the API's host.
    """
    if text.startswith("//"):
        return resolve(base_url, text)
    if "://" in text or text.startswith("/"):
        return text
    return f"/{text.lstrip('./')}" if re.fullmatch(_RELATIVE_PATH, text) else None


def resolve(url: str, reference: str) -> str:
    """Return the URL of a redirect, with each character of its reference.

    Args:
        url: URL of the request that was redirected.
        reference: Value of `Location`; absolute or relative.
    """
    parts = urlsplit(url)
    if re.match(_HAS_SCHEME, reference):
        return reference
    if reference.startswith("//"):
        return f"{parts.scheme}:{reference}"
    if reference.startswith("/"):
        return f"{parts.scheme}://{parts.netloc}{reference}"
    return urljoin(url, reference)


def location(headers: Mapping[str, str]) -> str:
    """Return the `Location` header as a reference that can be sent; empty if there is none.

    `requests` decodes each byte as one character, so a byte beyond ASCII is encoded as such.
    """
    text = headers.get("Location", "")
    return re.sub(r"[\x80-\xff]", lambda match: f"%{ord(match[0]):02X}", text)


def sendable(link: str) -> str:
    """Return a link with only those characters encoded that no request can contain."""
    return re.sub(_NOT_IN_A_TARGET, lambda match: quote(match[0]), link.strip())


def target_of(link: str) -> str:
    """Return the path and the query of a URL, exactly as spelled."""
    after_scheme = link.partition("#")[0].partition("://")[2]
    target = after_scheme[len(urlsplit(link).netloc) :]
    return target if target.startswith("/") else f"/{target}"


def has_signature(link: str) -> bool:
    """Return True if the query of a link has a signature or a token, so it needs no other."""
    return names_secret(link.partition("?")[2])


def is_same_origin(url: str, other: str) -> bool:
    """Return True if two URLs have the same scheme, host and port."""
    return _origin(url) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    default_port = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default_port

"""Mask secrets in texts for logs, errors, state and the audit log; check URLs for security."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct, field
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# The query of a presigned link grants access while the link is valid.
_QUERY = r"""(?ix) ((?:https?:// | (?<![^\s"'=(]) (?:/ | [\w~%-]+[./])) [^\s"<>?]*) \? [^\s"<>]+"""
# Patterns search this many characters. An error page may be longer, but only its start is shown.
_MAX_TEXT_LENGTH = 4000
# Known secrets are masked in this many characters; text beyond them is never shown.
_MAX_SEARCHED_LENGTH = 40 * _MAX_TEXT_LENGTH
_MIN_SECRET_LENGTH = 6  # shorter parameters are names such as `eu1`
_MIN_BASE64_LENGTH = 8  # shorter base64 texts match by chance
_AMBIGUOUS = r"[\s\\\x00-\x1f\x7f]"
_BEARER = r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"
_JWT = r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*"
# The last names are those of the signatures of presigned links.
_FIELD = r"""(?ix) ((?:token|secret|password|assertion|access_?key(?:_?id)?|api_?key
        |(?<![a-z])sig|signature|credential) ["']?
        \s* (?: [:=] | %3[ad] ) \s*) (?: "[^"]*" | '[^']*' | [^\s,&;}"']+ )"""


class SecretStruct(Struct, frozen=True):
    """Base class of values of which some are secret or personal: their `repr` shows none."""

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Redactor(SecretStruct, frozen=True):
    """Function that masks secrets in a text: known ones, and texts that look like one.

    Attributes:
        secrets: The known secrets.
    """

    secrets: set[str] = field(default_factory=set)

    def add_secrets(self, *secrets: str) -> None:
        """Store further secrets, such as a new token; empty texts are ignored."""
        self.secrets.update(filter(None, secrets))

    def __call__(self, text: str, *, limit: int = 300) -> str:
        """Return `text` on one line, without secrets, at most `limit` characters long."""
        text = text[:_MAX_SEARCHED_LENGTH]
        for secret in sorted(self.secrets, key=len, reverse=True):
            if _may_contain(text, secret):
                text = _pattern(secret).sub(MASK, text)
        text = text[:_MAX_TEXT_LENGTH]
        text = re.sub(_QUERY, rf"\1?{MASK}", text)
        text = re.sub(_JWT, MASK, text)
        text = re.sub(_BEARER, rf"\1 {MASK}", text)
        text = re.sub(_FIELD, rf"\1{MASK}", text)
        # Replace control characters by spaces; a terminal would execute them.
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= limit else f"{text[: limit - 1]}…"


def secret_texts(params: Any) -> Iterator[str]:
    """Yield the texts in the parameters of a file system: any of them may be a credential."""
    if isinstance(params, str) and len(params) >= _MIN_SECRET_LENGTH:
        yield params
    elif isinstance(params, dict):
        for value in params.values():
            yield from secret_texts(value)


def names_secret(text: str) -> bool:
    """Return True if a text has a field that is named like a secret, such as a signature."""
    return re.search(_FIELD, text) is not None


def _may_contain(text: str, secret: str) -> bool:
    """Return True if the text may contain the secret; the exact pattern is slow to compile."""
    # Escaped characters need a `%` or a backslash, except for a space encoded as `+`.
    escaped = "%" in text or "\\" in text or " " in secret
    return escaped or secret in text or any(encoded in text for encoded in _base64(secret))


@lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    """Return a pattern for a secret, with any of its characters escaped for a URL or JSON."""
    characters = "".join(_character_pattern(character) for character in secret)
    return re.compile("|".join([characters, *map(re.escape, _base64(secret))]))


def _character_pattern(character: str) -> str:
    percent_encoded = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "replace"))
    escaped = "".join(f"\\\\u{unit:04x}" for unit in _utf16_units(character))
    plus = r"|\+" if character == " " else ""
    return rf"(?:\\{{0,3}}{re.escape(character)}|(?i:{percent_encoded}|{escaped}){plus})"


def _utf16_units(character: str) -> Iterator[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(data[index : index + 2], "big") for index in range(0, len(data), 2))


def _base64(secret: str) -> Iterator[str]:
    """Yield the base64 texts of a secret, alone or after a prefix, as in HTTP Basic.

    The length of the prefix modulo 3 determines the text. Characters that also depend on
    neighbouring bytes are omitted.
    """
    for shift in range(3):
        data = b"\0" * shift + secret.encode("utf-8", "replace")
        stable = slice(-(-shift * 4 // 3), len(data) * 4 // 3)
        for encode in (b64encode, urlsafe_b64encode):
            if len(encoded := encode(data).decode()[stable]) >= _MIN_BASE64_LENGTH:
                yield encoded


def is_allowed_host(url: str, allowed_hosts: Iterable[str]) -> bool:
    """Return True if a URL names an allowed host or one of its subdomains, at the usual port.

    A name with a port, such as `127.0.0.1:8080`, allows exactly this port.
    """
    parts = urlsplit(url)
    host, usual_port = parts.hostname or "", parts.port in {None, 443}
    return any(
        parts.netloc.lower() == allowed.lower()
        or (usual_port and f".{host}".endswith(f".{allowed.lower()}"))
        for allowed in allowed_hosts
    )


def is_loopback(url: str) -> bool:
    """Return True if a valid URL names this machine."""
    return urlsplit(url).hostname in LOOPBACK


def is_secure_url(url: str, *, insecure: bool = False) -> bool:
    """Return True if secrets and personal data may be sent to this URL.

    It must use https, or http to a loopback host, or http to any host if `insecure`. A URL that
    parsers may interpret differently (backslash, user name, white space) is not secure.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if re.search(_AMBIGUOUS, url) or "@" in parts.netloc:
        return False
    http_allowed = insecure or host in LOOPBACK
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and http_allowed))

"""What never reaches a log, an error, state or an audit line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

MASK = "***"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

# The query of a presigned link is as good as a key while the link lives.
_QUERY = re.compile(r"""(?i) ((?:https?://|(?<![^\s"'=(])/) [^\s"<>?]*) \? [^\s"<>]+""", re.VERBOSE)
_MOST = 4000  # what is looked through: an error page may be long, and shown is only its beginning
_AMBIGUOUS = re.compile(r"[\s\\\x00-\x1f\x7f]")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*")
_FIELD = re.compile(
    r"""(?ix) ((?:token|secret|password|assertion|access_?key(?:_?id)?|api_?key) ["']?
        \s* [:=] \s*) (?: "[^"]*" | '[^']*' | [^\s,&;}"']+ )"""
)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Remove the secrets it knows, and whatever looks like one, from a text."""

    secrets: set[str] = field(default_factory=set, repr=False)

    def learn(self, *secrets: str) -> None:
        """Treat more texts as secrets, such as a token just issued."""
        self.secrets.update(filter(None, secrets))

    def __call__(self, text: str, *, limit: int = 300) -> str:
        """Return `text` on one line, without secrets, at most `limit` characters long."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, MASK).replace(quote(secret, safe=""), MASK)
        text = text[:_MOST]
        text = _QUERY.sub(rf"\1?{MASK}", text)
        text = _JWT.sub(MASK, text)
        text = _BEARER.sub(rf"\1 {MASK}", text)
        text = " ".join(_FIELD.sub(rf"\1{MASK}", text).split())
        return text if len(text) <= limit else f"{text[: limit - 1]}…"


def is_private(url: str, *, insecure: bool = False) -> bool:
    """Tell whether secrets and people's data may travel to this address.

    They may over https, and over http to this machine, or to any if that is allowed (`insecure`).
    An address that two readers may read in two ways (a backslash, a user name, a blank) is none to
    trust.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if _AMBIGUOUS.search(url) or "@" in parts.netloc:
        return False
    near = insecure or host in LOOPBACK
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and near))

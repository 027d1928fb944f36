"""Access tokens with their scopes and expiry."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime, timedelta

    from starlette.requests import Request

    from tap_cxone.simulator.clock import Clock


@dataclass(frozen=True, slots=True)
class _Grant:
    """Scopes and expiry of a token."""

    scopes: frozenset[str]
    expires_at: datetime


def opaque(_: datetime) -> str:
    """Return a new opaque token."""
    return f"sim-access-token-{secrets.token_hex(12)}"


def jwt(expires_at: datetime, region: str | None) -> str:
    """Return a new unsigned JWT with an expiry and, if given, a region."""
    claims = {
        "iss": "https://cxone.simulator",
        "jti": secrets.token_hex(12),
        "exp": int(expires_at.timestamp()),
    } | ({} if region is None else {"region": region})
    parts = (json.dumps({"alg": "RS256", "typ": "JWT"}), json.dumps(claims), "no signature at all")
    return ".".join(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


class TokenStore:
    """Tokens of one kind of login."""

    def __init__(
        self, lifetime: timedelta, clock: Clock, make_token: Callable[[datetime], str] = opaque
    ) -> None:
        """Create an empty store.

        Args:
            lifetime: Default lifetime of a token.
            clock: The clock of the simulator.
            make_token: Returns the text of a new token that expires at the given instant.
        """
        self.lifetime = lifetime
        self._clock = clock
        self._make_token = make_token
        self._grants: dict[str, _Grant] = {}

    def issue(self, scopes: Collection[str] = (), lifetime: timedelta | None = None) -> str:
        """Return a new token with these scopes; `lifetime` overrides the default."""
        expires_at = self._clock.now() + (self.lifetime if lifetime is None else lifetime)
        token = self._make_token(expires_at)
        self._grants[token] = _Grant(frozenset(scopes), expires_at)
        return token

    def require(self, request: Request, scope: str | None = None) -> None:
        """Validate the bearer token of a request and its scope.

        Raises:
            HTTPException: The token is missing, unknown or expired, or lacks the scope.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        grant = self._grants.get(token) if scheme.lower() == "bearer" else None
        if grant is None or self._clock.now() >= grant.expires_at:
            raise HTTPException(401, "The access token is missing, unknown or expired")
        if scope is not None and scope not in grant.scopes:
            raise HTTPException(403, f"Missing scope {scope}")

    def revoke(self) -> None:
        """Revoke every token issued so far."""
        self._grants.clear()

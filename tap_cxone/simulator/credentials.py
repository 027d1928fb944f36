"""Who may call the simulator: its own access key, and the tokens it gives for it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.door import Door, json_body

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.world import World


class Credentials:
    """The one access key that the simulator accepts."""

    ACCESS_KEY_ID: Final = "SIM-ACCESS-KEY-ID===="
    ACCESS_KEY_SECRET: Final = "SIM-ACCESS-KEY-SECRET===="  # noqa: S105 - invented


class Tokens:
    """The tokens given out and how long each is good."""

    def __init__(self, life: timedelta, clock: Clock) -> None:
        """Give tokens that are good for `life`."""
        self.life = life
        self._clock = clock
        self._expiry: dict[str, datetime] = {}

    def issue(self) -> str:
        """Return a new token."""
        token = f"sim-access-token-{secrets.token_hex(12)}"
        self._expiry[token] = self._clock.now() + self.life
        return token

    def require(self, request: Request) -> None:
        """Let a request with a good bearer token pass.

        Raises:
            HTTPException: The token is missing, unknown or expired.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        expiry = self._expiry.get(token) if scheme.lower() == "bearer" else None
        if expiry is None or self._clock.now() >= expiry:
            raise HTTPException(401, "The access token is missing, unknown or expired")

    def revoke(self) -> None:
        """Forget every token given out so far."""
        self._expiry.clear()


def routes(world: World) -> list[BaseRoute]:
    """Return the token endpoint of access keys."""

    async def token(request: Request) -> Response:
        body = await json_body(request)
        given = body.get("accessKeyId"), body.get("accessKeySecret")
        if given != (Credentials.ACCESS_KEY_ID, Credentials.ACCESS_KEY_SECRET):
            raise HTTPException(401, "The access key is unknown or its secret is wrong")
        return JSONResponse(
            {
                "access_token": world.tokens.issue(),
                "token_type": "Bearer",
                "expires_in": round(world.tokens.life.total_seconds()),
                "refresh_token": f"sim-refresh-token-{secrets.token_hex(12)}",
                "id_token": f"sim-id-token-{secrets.token_hex(12)}",
            }
        )

    door = Door(token, world.faults, "token")
    return [door.route("POST", "/authentication/v1/token/access-key")]

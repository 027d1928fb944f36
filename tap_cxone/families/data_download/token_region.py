"""Read the region of the data plane from a token."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import REGION
from tap_cxone.http.json_body import json_object

if TYPE_CHECKING:
    from tap_cxone.http.auth import Token


def named_region(token: Token) -> str | None:
    """Return the region that a token or its login response names, in any spelling, or None."""
    claim = _claims(token.value).get("region")
    return claim if isinstance(claim, str) and claim else token.region or None


def token_region(token: Token) -> str | None:
    """Return the region that a token or its login response names, or None.

    The region decides which host receives requests, so only the plain form of a region counts.
    """
    region = named_region(token)
    return region if region and re.fullmatch(REGION, region) else None


def base_url_from_token(token: Token) -> str | None:
    """Return the base URL of the data plane that a token names, or None."""
    region = token_region(token)
    return f"https://api-{region}.niceincontact.com" if region else None


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 (header, payload, signature)
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return json_object(json.loads(base64.urlsafe_b64decode(padded)))
    except (ValueError, RecursionError):
        return {}

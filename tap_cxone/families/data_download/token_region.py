"""Read the region of the data plane from a token."""

from __future__ import annotations

import base64
import json

from tap_cxone.config.validation import REGION


def region_claim(token: str) -> str | None:
    """Return the `region` claim of a token, or None if it is missing or no valid region.

    The claim decides which host receives requests, so only the plain form of a region is accepted.
    """
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 (header, payload, signature)
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        return None
    region = claims.get("region") if isinstance(claims, dict) else None
    return region if isinstance(region, str) and REGION.fullmatch(region) else None


def base_url_from_token(token: str) -> str | None:
    """Return the base URL of the data plane that a token names, or None."""
    region = region_claim(token)
    return f"https://api-{region}.niceincontact.com" if region else None

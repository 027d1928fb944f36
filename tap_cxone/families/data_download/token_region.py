"""Where a token says that its data are."""

from __future__ import annotations

import base64
import json

from tap_cxone.config.validation import REGION


def region_claim(token: str) -> str | None:
    """Return the `region` claim of a token; None if it has none, or none that is a region.

    The claim decides where requests go, so nothing but the plain form of a region is taken.
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
    """Return the host of the data plane that a token names; None if it names none."""
    region = region_claim(token)
    return f"https://api-{region}.niceincontact.com" if region else None

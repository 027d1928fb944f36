"""Hints for the user: the remedy for each kind of failed request."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    NotFound,
    PermissionDenied,
    QuotaRefused,
    Throttled,
    Unavailable,
)

REDIRECT_HINT = "redirects are not followed: set base_url or endpoints to the right host"
RETRY_LATER_HINT = "run again later; if it stays so, ask NICE's support about these words"
RESPONSE_TOO_LARGE_HINT = (
    "lower data_download.page_size or the family's window_days; if there is little to answer, "
    "check base_url and the proxy"
)
_WRONG_ADDRESS_HINT = (
    "check region, tenant, base_url and endpoints, and that the tenant has this part of CXone"
)
_WRONG_SETTING_HINT = "correct the setting that these words are about; if there is none, report it"
_HINT_BY_STATUS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "",  # the client adds the hint of its credentials
    HTTPStatus.METHOD_NOT_ALLOWED: _WRONG_ADDRESS_HINT,
    HTTPStatus.GONE: _WRONG_ADDRESS_HINT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "ask for less at once: lower the family's window_days",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "correct the user of the proxy in HTTPS_PROXY",
}
_HINT_BY_ERROR: dict[type[ApiError], str] = {
    PermissionDenied: "give the user or application behind the credentials the right to do this",
    NotFound: _WRONG_ADDRESS_HINT,
    Throttled: "run again later, when nothing else asks in this tenant's name",
    Unavailable: RETRY_LATER_HINT,
    AmbiguousSubmit: RETRY_LATER_HINT,
    QuotaRefused: "run again when the quota is free again",
    ApiError: _WRONG_SETTING_HINT,
}


def hint_for_response(error_class: type[ApiError], status: int) -> str:
    """Return the hint for a response with this status and error class."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return REDIRECT_HINT
    return _HINT_BY_STATUS.get(status, _HINT_BY_ERROR[error_class])


def hint_for_certificate(url: str) -> str:
    """Return the hint for a host without TLS or with a rejected certificate."""
    return (
        f"check that region, base_url or endpoints name the right host ({_host(url)}); if a proxy "
        "or an authority of your own signs for it, name its file in REQUESTS_CA_BUNDLE"
    )


def hint_for_storage(link: str) -> str:
    """Return the hint for a download host that is unreachable or has a rejected certificate."""
    return (
        f"let this machine reach {_host(link)}, where the files lie: DNS, the firewall, the proxy "
        "(HTTPS_PROXY), and the file of an authority of your own in REQUESTS_CA_BUNDLE"
    )


def hint_for_no_connection(url: str) -> str:
    """Return the hint for an unreachable host."""
    return (
        f"check region, tenant, base_url and endpoints, which name the host ({_host(url)}), then "
        "DNS, the firewall and the proxy (HTTPS_PROXY)"
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]

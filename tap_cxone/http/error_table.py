"""Error class and hint of each failed request: one table by HTTP status, and hints by host."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from msgspec import Struct

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    DataPending,
    HistoryRefused,
    NotFound,
    PermissionDenied,
    QuotaRefused,
    ResponseTimeout,
    Throttled,
    Unavailable,
    WindowTooLarge,
)

REDIRECT_HINT = "redirects are not followed: set base_url or endpoints to the right host"
RETRY_LATER_HINT = "run again later; if the error persists, send this message to NICE support"
RESPONSE_TOO_LARGE_HINT = (
    "lower page_size or window_days of the family; if the period has few rows, check base_url and "
    "the proxy"
)
_WRONG_ADDRESS_HINT = (
    "check region, tenant, base_url and endpoints, and that the tenant has licensed this API"
)
_WRONG_SETTING_HINT = "correct the setting that the response names; if it names none, report it"
PERMISSION_HINT = "grant this permission to the user or application of the credentials"
_WINDOW_TOO_LARGE_HINT = "request less data at once: lower window_days of the family"
_PROXY_USER_HINT = "correct the user and password of the proxy in HTTPS_PROXY"
_THROTTLED_HINT = "run again when no other client uses this API of the tenant"
_PENDING_HINT = "run again later; if this recurs, raise settle_minutes of the family"
_RESPONSE_TIMEOUT_HINT = "lower page_size or window_days of the family, and run again"
_HISTORY_HINT = "set start_date to a later day"
_QUOTA_HINT = "run again when the quota allows more"


_STATUSES_WITH_REASON = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


class ErrorRule(Struct, frozen=True):
    """Meaning of a status. The error class determines whether the request is retried.

    Attributes:
        error: Error class.
        hint: Remedy for the operator; empty if the caller adds one.
        submit_error: Error class for a request that creates a job, if it differs.
    """

    error: type[ApiError]
    hint: str
    submit_error: type[ApiError] | None = None

    def error_class(self, *, creates_job: bool) -> type[ApiError]:
        """Return the error class for a request that creates a job, or for any other."""
        return self.submit_error if creates_job and self.submit_error else self.error


_REDIRECTED = ErrorRule(ApiError, REDIRECT_HINT)
_REFUSED = ErrorRule(ApiError, _WRONG_SETTING_HINT)
_NOT_FOUND = ErrorRule(NotFound, _WRONG_ADDRESS_HINT)
_THROTTLED = ErrorRule(Throttled, _THROTTLED_HINT)
_TOO_LARGE = ErrorRule(WindowTooLarge, _WINDOW_TOO_LARGE_HINT)
# The request may have been processed, so a job may exist. Only 503 states that it was not.
_FAILED = ErrorRule(Unavailable, RETRY_LATER_HINT, submit_error=AmbiguousSubmit)

ERROR_TABLE: dict[int, ErrorRule] = {
    HTTPStatus.UNAUTHORIZED: ErrorRule(ApiError, ""),  # the client adds a hint on the credentials
    HTTPStatus.FORBIDDEN: ErrorRule(PermissionDenied, PERMISSION_HINT),
    HTTPStatus.NOT_FOUND: _NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorRule(ApiError, _WRONG_ADDRESS_HINT),
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: ErrorRule(ApiError, _PROXY_USER_HINT),
    HTTPStatus.REQUEST_TIMEOUT: _FAILED,
    HTTPStatus.CONFLICT: _THROTTLED,
    HTTPStatus.GONE: _NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _TOO_LARGE,
    HTTPStatus.TOO_EARLY: _FAILED,
    HTTPStatus.TOO_MANY_REQUESTS: _THROTTLED,
    HTTPStatus.INTERNAL_SERVER_ERROR: _FAILED,
    HTTPStatus.BAD_GATEWAY: _FAILED,
    HTTPStatus.SERVICE_UNAVAILABLE: ErrorRule(Unavailable, RETRY_LATER_HINT),
    HTTPStatus.GATEWAY_TIMEOUT: _FAILED,
}

FAMILY_RULES: dict[type[ApiError], ErrorRule] = {
    NotFound: _NOT_FOUND,
    Throttled: _THROTTLED,
    DataPending: ErrorRule(DataPending, _PENDING_HINT),
    QuotaRefused: ErrorRule(QuotaRefused, _QUOTA_HINT),
    ResponseTimeout: ErrorRule(ResponseTimeout, _RESPONSE_TIMEOUT_HINT),
    HistoryRefused: ErrorRule(HistoryRefused, _HISTORY_HINT),
}
"""Rules for the error classes that an API recognises by the text of a response."""


def is_too_large(text: str) -> bool:
    """Return True if a text of an API says that a result has too many rows or days."""
    words = re.search(
        r"""(?ix) (?<!header\ )(?<!cookie\ )\btoo\ (?:large|big)\b | \bnarrow
        | \btoo\ many\ (?:rows|records|results)\b
        | \b(?:smaller|shorter)\ (?:\w+\ )?(?:range|window|period|interval)\b""",
        text,
    )
    return words is not None


def rule_for(status: int, error_text: str = "") -> ErrorRule:
    """Return the rule for a status and a text, where the family's API defines no other."""
    if status in _STATUSES_WITH_REASON and is_too_large(error_text):
        return _TOO_LARGE
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _REDIRECTED
    return ERROR_TABLE.get(status, _REFUSED)


def hint_for_certificate(url: str) -> str:
    """Return the hint for a host without TLS or with a rejected certificate."""
    return (
        f"check that region, base_url or endpoints name the right host ({_host(url)}); if a proxy "
        "or a private CA signs its certificate, set REQUESTS_CA_BUNDLE to the CA file"
    )


def hint_for_storage(link: str) -> str:
    """Return the hint for a download host that is unreachable or has a rejected certificate."""
    return (
        f"allow connections to {_host(link)}, which stores the files: check DNS, the firewall, the "
        "proxy (HTTPS_PROXY) and, for a private CA, REQUESTS_CA_BUNDLE"
    )


def hint_for_proxy(url: str) -> str:
    """Return the hint for a proxy that refuses to connect to a host."""
    return (
        f"allow the proxy in HTTPS_PROXY to connect to {_host(url)} and check its user, or add the "
        "host to NO_PROXY"
    )


def hint_for_silent_proxy(url: str) -> str:
    """Return the hint for a proxy to which there is no connection."""
    return f"start the proxy or correct HTTPS_PROXY, or add {_host(url)} to NO_PROXY"


def hint_for_no_connection(url: str) -> str:
    """Return the hint for an unreachable host."""
    return (
        f"check region, tenant, base_url and endpoints, which name the host ({_host(url)}), then "
        "DNS, the firewall and the proxy (HTTPS_PROXY)"
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]

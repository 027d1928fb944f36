"""Classify requests that got no complete response, by the error of the HTTP library."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import ConnectTimeoutError, ProxyError, SSLError

from tap_cxone.errors import AmbiguousSubmit, ApiError, Unavailable, UnknownHost
from tap_cxone.http.error_table import (
    RETRY_LATER_HINT,
    hint_for_certificate,
    hint_for_no_connection,
    hint_for_proxy,
    hint_for_silent_proxy,
)

if TYPE_CHECKING:
    from tap_cxone.http.messages import ApiRequest


_PROXY_FAILED = r"failed: 5\d\d\b"
_UNKNOWN_HOST_CODES = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def connection_error(request: ApiRequest, description: str, error: Exception) -> ApiError:
    """Return the error for a request without a complete response.

    Args:
        request: The request that failed.
        description: Redacted name of the request, for the message.
        error: Exception of the HTTP library.
    """
    message = f"{description}: {describe_connection_error(error)}"
    if isinstance(error, requests.exceptions.SSLError):
        return ApiError(message, remedy=hint_for_certificate(request.url))
    if refusal := proxy_refusal(error):
        message = f"{description}: the proxy refused the connection ({refusal})"
        # With a 5xx it could not connect either, which may pass; nothing was sent to the host.
        error_class = Unavailable if re.search(_PROXY_FAILED, refusal) else ApiError
        return error_class(message, remedy=hint_for_proxy(request.url))
    unavailable = UnknownHost if _is_unknown_host(error) else Unavailable
    if isinstance(error, requests.exceptions.ProxyError):
        remedy = hint_for_silent_proxy(request.url)
        return unavailable(f"{message}; the proxy does not respond", remedy=remedy)
    if _never_connected(error):
        return unavailable(f"{message}; no connection", remedy=hint_for_no_connection(request.url))
    if request.creates_job:
        return AmbiguousSubmit(
            f"{message}; the response to the submit was lost", remedy=RETRY_LATER_HINT
        )
    return Unavailable(
        f"{message}; the connection ended before the response was complete",
        remedy=RETRY_LATER_HINT,
    )


def describe_connection_error(error: Exception) -> str:
    """Return the name of a connection error, and the words of the TLS library or the system."""
    reason = _reason(error)
    tls_error = reason.args[0] if isinstance(reason, SSLError) and reason.args else None
    detail = getattr(tls_error, "verify_message", "") or getattr(tls_error, "reason", "") or ""
    detail = detail or getattr(_system_error(error), "strerror", "") or ""
    return f"{type(reason or error).__name__}{f' ({detail})' if detail else ''}"


def is_unreachable_or_untrusted(error: Exception) -> bool:
    """Return True if the host could not be reached or its certificate was rejected."""
    return _never_connected(error) or isinstance(error, requests.exceptions.SSLError)


def proxy_refusal(error: Exception) -> str:
    """Return what a proxy answered to CONNECT; empty if no proxy refused the connection."""
    reason = _reason(error)
    cause = getattr(reason, "original_error", None) if isinstance(reason, ProxyError) else None
    return str(cause) if cause is not None and "Tunnel connection failed" in str(cause) else ""


def _never_connected(error: Exception) -> bool:
    if isinstance(error, requests.exceptions.ProxyError):
        return True
    reason = getattr(error.args[0], "reason", error) if error.args else error
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, ConnectTimeoutError)


def _reason(error: Exception) -> Exception | None:
    """Return the error of urllib3 that `requests` has wrapped, if any."""
    return getattr(error.args[0], "reason", None) if error.args else None


def _system_error(error: Exception) -> OSError | None:
    """Return the error of the operating system behind a failed connection, if any."""
    reason = _reason(error)
    cause = getattr(reason, "original_error", reason)
    cause = getattr(cause, "__cause__", None)
    return cause if isinstance(cause, OSError) else None


def _is_unknown_host(error: Exception) -> bool:
    """Return True if DNS knows no such host or no address of it, rather than does not respond."""
    system_error = _system_error(error)
    return isinstance(system_error, socket.gaierror) and system_error.errno in _UNKNOWN_HOST_CODES

"""Download a file from a presigned link: without the token, exactly as the API spells the link."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from msgspec import structs
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.exceptions import HTTPError

from tap_cxone.errors import (
    DownloadError,
    InsecureLink,
    LinkExpired,
    NotFound,
    PermissionDenied,
    TokenRequired,
)
from tap_cxone.http.connection_error import (
    describe_connection_error,
    is_unreachable_or_untrusted,
    proxy_refusal,
)
from tap_cxone.http.error_table import hint_for_proxy, hint_for_storage
from tap_cxone.http.links import (
    has_signature,
    is_same_origin,
    location,
    resolve,
    sendable,
    target_of,
)
from tap_cxone.http.messages import CONNECT_SECONDS, READ_SECONDS, spool_response
from tap_cxone.http.transport import open_session
from tap_cxone.redact import is_secure_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.http.messages import ApiRequest, ApiResponse
    from tap_cxone.http.transport import Transport
    from tap_cxone.spool import Spool

MAX_REDIRECTS = 5
_TOKEN_REQUIRED_STATUSES = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_LINK_REFUSED_STATUSES = {
    *_TOKEN_REQUIRED_STATUSES,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
}


def download_link(transport: Transport, link: str, description: str, *, insecure: bool) -> Spool:
    """Download a complete file without credentials, since a presigned link contains them.

    Redirects are followed, to secure URLs only.

    Args:
        transport: Sender of the API's requests, for its redactor and signals.
        link: Presigned link, https or on this machine.
        description: Name of the file in messages; the link itself never appears.
        insecure: Whether http to another machine is allowed.

    Raises:
        InsecureLink: The link, or a redirect, is not https.
        LinkExpired: The storage rejected the link.
        TokenRequired: The host of the file may require a token.
        DownloadError: The file is incomplete.
    """
    try:
        for _ in range(MAX_REDIRECTS + 1):
            link = sendable(link)
            _require_secure(link, description, insecure=insecure)
            with (
                transport.signals.interruptible(),
                open_session() as session,
                _get(session, transport.user_agent, link) as response,
            ):
                if not response.is_redirect:
                    return _spool(transport, response, description)
                link = resolve(link, location(response.headers))
    except (requests.RequestException, HTTPError) as error:
        msg = f"{description}: {_describe_interruption(error, link)}"
        raise DownloadError(msg) from None
    raise _too_many_redirects(description)


def _describe_interruption(error: Exception, link: str) -> str:
    if refusal := proxy_refusal(error):
        return f"the proxy refused the connection ({refusal}); {hint_for_proxy(link)}"
    text = f"the download was interrupted ({describe_connection_error(error)})"
    return f"{text}; {hint_for_storage(link)}" if is_unreachable_or_untrusted(error) else text


def download_with_token(
    request: ApiRequest,
    execute: Callable[[ApiRequest], ApiResponse],
    download_elsewhere: Callable[[str, str], Spool],
) -> Spool:
    """Return the file of a request with the token; redirects on its host are followed with it.

    Args:
        request: Request that expects a file.
        execute: Sends a request with the token.
        download_elsewhere: Downloads a link, with a description, without the token.

    Raises:
        DownloadError: The file is incomplete, or there are too many redirects.
    """
    url = request.url
    for _ in range(MAX_REDIRECTS + 1):
        response = execute(structs.replace(request, url=url))
        if response.file is not None:
            return response.file
        url = response.redirect or url
        if not is_same_origin(url, request.url):
            return download_elsewhere(url, request.description)
    raise _too_many_redirects(request.description)


def download_refused(refusal: TokenRequired, download: Callable[[], Spool]) -> Spool:
    """Return a file of the API's host that was refused without the token.

    Args:
        refusal: Error of the request without the token.
        download: Downloads the file with the token.

    Raises:
        LinkExpired: The file is refused with the token too.
    """
    try:
        return download()
    except (PermissionDenied, NotFound) as error:
        msg = f"{refusal}; with the token: {error.message}"
        raise LinkExpired(msg) from error


def _too_many_redirects(description: str) -> DownloadError:
    """Return the error for a download that is redirected again and again."""
    msg = f"{description}: the storage redirected more than {MAX_REDIRECTS} times"
    return DownloadError(msg)


def _require_secure(link: str, description: str, *, insecure: bool) -> None:
    if not is_secure_url(link, insecure=insecure):
        msg = (
            f"{description}: the API returned a download link that is not https; nothing was "
            "downloaded. Ask NICE support for https links; for a test server, set allow_insecure"
        )
        raise InsecureLink(msg)


def _get(session: requests.Session, user_agent: str, link: str) -> requests.Response:
    # The session is separate: storage rejects a second authentication and must not receive it.
    for prefix in ("https://", "http://"):
        session.mount(prefix, _ExactAdapter(link))
    return session.get(
        link,
        headers={"User-Agent": user_agent},
        stream=True,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        allow_redirects=False,
    )


def _spool(transport: Transport, response: requests.Response, description: str) -> Spool:
    status = response.status_code
    if status in _LINK_REFUSED_STATUSES:
        error_text = transport.error_text(response)
        msg = f"{description}: the download link was refused: {status} {error_text}"
        may_want_token = status in _TOKEN_REQUIRED_STATUSES and not has_signature(response.url)
        raise (TokenRequired if may_want_token else LinkExpired)(msg)
    if not response.ok or status in range(300, 400):
        msg = f"{description}: the storage returned {status}"
        raise DownloadError(msg)
    return spool_response(response, description)


class _ExactAdapter(HTTPAdapter):
    """Adapter that sends one URL exactly as given.

    The signature of a link may cover its spelling, such as `%7E` or `%2f`. `requests` and `urllib3`
    would replace both.
    """

    def __init__(self, link: str) -> None:
        super().__init__()
        self._link = link

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _exact_connection(pool.ConnectionCls, self._link)
        return pool


def _exact_connection(connection_class: Any, link: str) -> Any:
    """Return a connection class that replaces the target of its requests by that of the link."""
    parts, target = urlsplit(link), target_of(link)

    class ExactConnection(connection_class):  # type: ignore[misc]
        def putrequest(self, method: str, url: str, **kwargs: Any) -> None:
            # A proxy without a tunnel needs the absolute URL.
            exact = target if url.startswith("/") else f"{parts.scheme}://{parts.netloc}{target}"
            super().putrequest(method, exact, **kwargs)

    return ExactConnection

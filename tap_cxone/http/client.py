"""Ask a family's API: limit → token → send → classify; and fetch files, anonymously."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import HTTPError

from tap_cxone.errors import ApiError, AuthError, DownloadError, LinkExpired
from tap_cxone.http.error_table import for_storage
from tap_cxone.http.rate_limit import Hint
from tap_cxone.http.transport import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Call,
    cause,
    never_met,
    open_session,
    save,
)
from tap_cxone.redact import is_private

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.http.auth import Login, Token
    from tap_cxone.http.rate_limit import Limiter
    from tap_cxone.http.transport import Answer, Classify, Parse, Transport
    from tap_cxone.redact import Redactor
    from tap_cxone.spool import Spool

_REFUSED_LINK = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.GONE,
}


@dataclass(frozen=True, slots=True)
class Client:
    """One family's API at one host, for one login.

    Attributes:
        host: Where it is.
        login: Its tokens.
        limiter: Its limits.
        transport: What sends.
        classify: Its own way to refuse.
        insecure: Whether a download link may be http to another machine.
        plane: Says of a token at which other host its data are; None: at `host`.
    """

    host: str
    login: Login
    limiter: Limiter
    transport: Transport
    classify: Classify | None = None
    plane: Callable[[str], str | None] | None = None
    insecure: bool = False

    @property
    def redact(self) -> Redactor:
        """Return what takes secrets out of the API's words."""
        return self.transport.redact

    def get(self, path: str) -> Answer:
        """Read; repeated freely."""
        return self._ask(Call(method="GET", url=self._url(path)))

    def put(self, path: str, body: Any) -> Answer:
        """Replace something; repeated freely, for the second time changes nothing."""
        return self._ask(Call(method="PUT", url=self._url(path), body=body, answer="any"))

    def delete(self, path: str) -> Answer:
        """End something; repeated freely."""
        return self._ask(Call(method="DELETE", url=self._url(path), answer="any"))

    def read(self, path: str, body: Any, parse: Parse | None = None) -> Answer:
        """Read what only a POST can ask for; it starts nothing, so it is repeated freely."""
        return self._ask(Call(method="POST", url=self._url(path), body=body, parse=parse))

    def _url(self, path: str) -> str:
        if not path.startswith("/") or path.startswith("//"):  # it would name another host
            msg = f"{self.host} was to be asked for something that is no path; nothing was sent"
            raise ApiError(msg)
        other = self.plane(self.login.token().value) if self.plane else None
        return f"{other or self.host}{path}"

    def submit(self, path: str, body: Any, *, read_seconds: float | None = None) -> Answer:
        """Start remote work once.

        Args:
            path: Where to post.
            body: What to send as JSON.
            read_seconds: How long the answer may take, where the API answers only when done.

        Raises:
            Throttled: The API asks to wait; nothing was started.
            AmbiguousSubmit: The answer was lost or cannot be read.
            SystemExit: A signal arrived, or the run has ended; nothing was sent.
        """
        self.transport.interrupts.check()
        call = Call(method="POST", url=self._url(path), body=body, submits=True)
        return self._ask(replace(call, read_seconds=read_seconds) if read_seconds else call)

    def _ask(self, call: Call) -> Answer:
        self.limiter.wait_to_ask()
        answer = self._authorised(call)
        self.limiter.note(Hint.read(answer.headers, self.transport.clock.now()))
        return answer

    def _authorised(self, call: Call) -> Answer:
        token = self.login.token()
        try:
            return self._send(call, token)
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
        # The token ended early, or was revoked: one new login, then the request again.
        try:
            return self._send(call, self.login.renew(token))
        except ApiError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            msg = f"{error.said}; a new token was refused too: {self.login.grant.remedy()}"
            raise AuthError(msg) from error

    def _send(self, call: Call, token: Token) -> Answer:
        headers = {**call.headers, "Authorization": f"Bearer {token.value}"}
        authorised = call.with_headers(headers)
        if not call.submits:
            return self.transport.send(authorised, self.classify)
        with self.limiter.submitting():
            return self.transport.send(authorised, self.classify)

    def fetch(self, path: str, name: str) -> Spool:
        """Read a file that the API itself serves, with the login; repeated like any read.

        Raises:
            DownloadError: The file did not come whole.
        """
        call = Call(method="GET", url=self._url(path), answer="file", name=name)
        file = self._ask(call).file
        assert file is not None  # noqa: S101 (what was asked for is there, or an error was raised)
        return file

    def download(self, link: str, name: str) -> Spool:
        """Fetch a file completely, with no credentials: the link carries its own.

        Args:
            link: A presigned address, https or on this machine.
            name: What to call the file in a message; the link itself never shows.

        Raises:
            LinkExpired: The storage no longer takes the link.
            DownloadError: The file did not come whole.
        """
        if not is_private(link, insecure=self.insecure):
            msg = f"{name}: the API gave a download link that is not https; nothing was fetched"
            raise DownloadError(msg)
        try:
            with self.transport.interrupts.allowed(), open_session() as session:
                return self._fetch(session, link, name)
        except (requests.RequestException, HTTPError) as error:
            msg = f"{name}: the download broke off ({cause(error)})"
            msg += f"; {for_storage(link)}" if never_met(error) else ""
            raise DownloadError(msg) from None

    def _fetch(self, session: requests.Session, link: str, name: str) -> Spool:
        # A session of its own: storage refuses a second way to authenticate, and must not get it.
        headers = {"User-Agent": self.transport.user_agent}
        # A redirect could lead the file, and whoever may read it, over an open line.
        patience = (CONNECT_SECONDS, READ_SECONDS)
        with session.get(
            link, headers=headers, stream=True, timeout=patience, allow_redirects=False
        ) as response:
            if response.status_code in _REFUSED_LINK:
                words = self.transport.words(response)
                msg = f"{name}: the download link was refused: {response.status_code} {words}"
                raise LinkExpired(msg)
            if not response.ok or response.is_redirect:
                msg = f"{name}: the storage answered {response.status_code}"
                raise DownloadError(msg)
            return save(response, name)

"""Tell somebody's address of every committed window; whether it listens never stops a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_cxone.clock import iso
from tap_cxone.errors import ApiError, CXoneError
from tap_cxone.http.transport import Call, Transport
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.config import WebhookSettings
    from tap_cxone.events.audit_log import Trail
    from tap_cxone.signals import Interrupts

_RETRIES = 2
_PATIENCE = timedelta(minutes=1)
_SHORTEST_SECRET = 6  # shorter ones are words such as `hooks`
_MOST_MISSED = 3  # in a row; a dead address must not make every window wait


def _secrets(settings: WebhookSettings) -> set[str]:
    """Return what no message may hold: the path of such an address often is its key."""
    parts = urlsplit(settings.url)
    segments = {part for part in parts.path.split("/") if len(part) >= _SHORTEST_SECRET}
    found = {settings.url, parts.path.strip("/"), parts.query, *segments}
    return {text for text in {*found, *settings.headers.values()} if text}


@dataclass(frozen=True, slots=True)
class Completion:
    """One committed window, as it is told.

    Attributes:
        trail: Of its stream, window and job.
        rows: How many records left.
        at: When it was committed.
        sample: Records as they left.
    """

    trail: Trail
    rows: int
    at: datetime
    sample: Sequence[Any] = field(default=(), repr=False)

    def body(self, *, sampled: bool) -> dict[str, Any]:
        """Return what is posted."""
        told = {
            "source": "tap-cxone",
            **self.trail.common(),
            "record_count": self.rows,
            "timestamp": iso(self.at),
        }
        return told | {"data_sample": list(self.sample)} if sampled else told


@dataclass(slots=True)
class Webhook:
    """The address that wants to know."""

    settings: WebhookSettings
    transport: Transport
    missed: int = 0

    @classmethod
    def of(
        cls, settings: WebhookSettings, *, clock: Clock, interrupts: Interrupts, user_agent: str
    ) -> Webhook:
        """Return a webhook whose address and headers never show."""
        transport = Transport(
            clock=clock,
            redact=Redactor(_secrets(settings)),
            interrupts=interrupts,
            user_agent=user_agent,
            max_retries=_RETRIES,
            patience=_PATIENCE,
        )
        return cls(settings, transport)

    def tell(self, completion: Completion, log: logging.Logger) -> None:
        """Post the news; a failure is audited and warned of, never raised."""
        if self.missed >= _MOST_MISSED:
            return

        host = urlsplit(self.settings.url).netloc
        call = Call(
            method="POST",
            url=self.settings.url,
            headers=self.settings.headers,
            body=completion.body(sampled=self.settings.sample_size > 0),
            answer="any",
            read_seconds=self.settings.timeout.total_seconds(),
            name=f"completion_webhook at {host}",
        )
        left = self.transport.clock.now()
        try:
            self.transport.send(call)
        except CXoneError as error:
            self._missed(completion.trail, host, error, log)
        else:
            self.missed = 0
            latency = round((self.transport.clock.now() - left) / timedelta(milliseconds=1))
            completion.trail.write("webhook_sent", host=host, latency_ms=latency)

    def _missed(self, trail: Trail, host: str, error: CXoneError, log: logging.Logger) -> None:
        self.missed += 1
        reason = error.said if isinstance(error, ApiError) else str(error)
        trail.write("webhook_failed", host=host, reason=reason)
        text = "%s: the window is complete, but could not be told: %s; check completion_webhook"
        log.warning(text, trail.stream, reason)
        if self.missed >= _MOST_MISSED:
            log.warning("It is left alone for the rest of this run; correct completion_webhook")

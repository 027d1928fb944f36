"""POST a notification for every committed window; a failure never fails the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_cxone.clock import iso
from tap_cxone.errors import ApiError, CXoneError
from tap_cxone.http.messages import ApiRequest
from tap_cxone.http.retry import RetryPolicy
from tap_cxone.http.transport import Transport
from tap_cxone.redact import Redactor

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.clock import Clock
    from tap_cxone.config.destinations import WebhookSettings
    from tap_cxone.config.model import Settings
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.signals import SignalHandler

_RETRY_POLICY = RetryPolicy(attempts=3, max_elapsed=timedelta(minutes=1))
_MIN_SECRET_LENGTH = 6  # shorter ones are words such as `hooks`
_MAX_CONSECUTIVE_FAILURES = 3  # then disabled, so that no further window waits for it


def _secrets(settings: WebhookSettings) -> set[str]:
    """Return the texts to mask in messages; the path of a webhook URL often contains its key."""
    parts = urlsplit(settings.url)
    segments = {part for part in parts.path.split("/") if len(part) >= _MIN_SECRET_LENGTH}
    candidates = {settings.url, parts.path.strip("/"), parts.query, *segments}
    return {text for text in {*candidates, *settings.headers.values()} if text}


@dataclass(frozen=True, slots=True)
class WindowCommitted:
    """Notification of one committed window.

    Attributes:
        audit_context: Common fields of the stream, window and job.
        record_count: Number of emitted records.
        committed_at: Instant of the commit.
        sample: First records of the window, as emitted.
    """

    audit_context: AuditContext
    record_count: int
    committed_at: datetime
    sample: Sequence[Any] = field(default=(), repr=False)

    def body(self, *, include_sample: bool) -> dict[str, Any]:
        """Return the JSON body of the request."""
        payload = {
            "source": "tap-cxone",
            **self.audit_context.common_fields(),
            "record_count": self.record_count,
            "timestamp": iso(self.committed_at),
        }
        return payload | {"data_sample": list(self.sample)} if include_sample else payload


@dataclass(slots=True)
class Webhook:
    """Client of the completion webhook.

    Attributes:
        settings: URL, headers, timeout and sample size.
        transport: Sends the requests, and masks URL and headers in messages.
        consecutive_failures: Failed requests since the last success; three disable the webhook.
    """

    settings: WebhookSettings
    transport: Transport
    consecutive_failures: int = 0

    @classmethod
    def from_settings(
        cls, tap_settings: Settings, *, clock: Clock, signals: SignalHandler
    ) -> Webhook | None:
        """Return the webhook of the settings, with a transport that masks its URL and headers."""
        if (settings := tap_settings.completion_webhook) is None:
            return None
        transport = Transport(
            clock=clock,
            redact=Redactor(_secrets(settings)),
            signals=signals,
            user_agent=tap_settings.user_agent,
            retry_policy=_RETRY_POLICY,
        )
        return cls(settings, transport)

    def notify(self, committed_window: WindowCommitted, log: logging.Logger) -> None:
        """Send the notification; write a failure to the audit log and log a warning.

        Args:
            committed_window: The window to report.
            log: Logger of the warnings.

        Raises:
            AuditError: The audit log cannot be written.
        """
        if self.consecutive_failures >= _MAX_CONSECUTIVE_FAILURES:
            return
        host = urlsplit(self.settings.url).netloc
        request = self._request(committed_window, host)
        sent_at = self.transport.clock.now()
        try:
            self.transport.send(request)
        except CXoneError as error:
            self._record_failure(committed_window.audit_context, host, error, log)
        else:
            self.consecutive_failures = 0
            latency = round((self.transport.clock.now() - sent_at) / timedelta(milliseconds=1))
            committed_window.audit_context.write("webhook_sent", host=host, latency_ms=latency)

    def _request(self, committed_window: WindowCommitted, host: str) -> ApiRequest:
        return ApiRequest(
            method="POST",
            url=self.settings.url,
            headers=self.settings.headers,
            body=committed_window.body(include_sample=self.settings.sample_size > 0),
            response_type="any",
            read_seconds=self.settings.timeout.total_seconds(),
            description=f"completion_webhook at {host}",
        )

    def _record_failure(
        self, audit_context: AuditContext, host: str, error: CXoneError, log: logging.Logger
    ) -> None:
        self.consecutive_failures += 1
        reason = error.message if isinstance(error, ApiError) else str(error)
        audit_context.write("webhook_failed", host=host, reason=reason)
        text = (
            "%s: the window is committed, but its notification failed: %s; check completion_webhook"
        )
        log.warning(text, audit_context.stream, reason)
        if self.consecutive_failures >= _MAX_CONSECUTIVE_FAILURES:
            log.warning(
                "Webhook disabled for the rest of this run after %d consecutive failures; "
                "correct completion_webhook",
                self.consecutive_failures,
            )

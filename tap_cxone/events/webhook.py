"""POST a notification for each event of a run; a failure never fails the run."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct, field, structs

from tap_cxone.errors import ApiError, CXoneError
from tap_cxone.events.notification import Notification
from tap_cxone.http.json_numbers import encode_json
from tap_cxone.http.messages import ApiRequest
from tap_cxone.http.retry import RetryPolicy
from tap_cxone.http.transport import Transport
from tap_cxone.redact import Redactor
from tap_cxone.signals import SignalHandler

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from tap_cxone.config.destinations import WebhookSettings
    from tap_cxone.config.model import Settings
    from tap_cxone.events.audit_log import AuditContext, AuditLog

SIGNATURE_HEADER = "X-Signature-256"
_RETRY_POLICY = RetryPolicy(attempts=3, max_elapsed=timedelta(minutes=1))
_MIN_SECRET_LENGTH = 6  # shorter ones are words such as `hooks`
_MAX_CONSECUTIVE_FAILURES = 3  # then disabled, so that no further window waits for it
_MAX_UNDELIVERED = 100  # the newest ones that `run_ended` lists


def _secrets(settings: WebhookSettings) -> set[str]:
    """Return the texts to mask in messages; the path of a webhook URL often contains its key."""
    parts = urlsplit(settings.url)
    segments = {part for part in parts.path.split("/") if len(part) >= _MIN_SECRET_LENGTH}
    candidates = {settings.url, parts.path.strip("/"), parts.query, settings.secret, *segments}
    return {text for text in {*candidates, *settings.headers.values()} if text}


class Webhook(Struct):
    """Client of the completion webhook.

    Any thread adds notifications; only the main thread sends them, so that their order is kept.

    Attributes:
        settings: URL, headers, events, secret, timeout and sample size.
        transport: Sends the requests, and masks URL and headers in messages.
        audit: Audit log of the run.
        post: Runs a task on the main thread, where no message is incomplete.
        log: Logger of the warnings.
        consecutive_failures: Failed requests since the last success; three disable the webhook.
    """

    settings: WebhookSettings
    transport: Transport
    audit: AuditLog
    post: Callable[[Callable[[], object]], None]
    log: logging.Logger
    consecutive_failures: int = 0
    _pending: deque[Notification] = field(default_factory=deque)
    _undelivered: deque[dict[str, Any]] = field(
        default_factory=lambda: deque(maxlen=_MAX_UNDELIVERED)
    )
    _undelivered_count: int = 0

    @classmethod
    def from_settings(
        cls,
        tap_settings: Settings,
        signals: SignalHandler,
        audit: AuditLog,
        post: Callable[[Callable[[], object]], None],
        log: logging.Logger,
    ) -> Webhook | None:
        """Return the webhook of the settings; it observes the audit log from now on."""
        if (settings := tap_settings.completion_webhook) is None:
            return None
        transport = Transport(
            clock=audit.clock,
            redact=Redactor(_secrets(settings)),
            signals=signals,
            user_agent=tap_settings.user_agent,
            retry_policy=_RETRY_POLICY,
        )
        webhook = cls(settings, transport, audit, post, log)
        audit.observer = webhook.observe
        return webhook

    def observe(
        self, event: str, fields: Mapping[str, Any], audit_context: AuditContext | None
    ) -> None:
        """Send the notification of an audit event, if there is one."""
        at = self.transport.clock.now()
        if notification := Notification.from_audit_event(event, fields, audit_context, at):
            self.notify(notification)

    def notify(self, notification: Notification) -> None:
        """Send a notification, unless `events` omits its event.

        A failure is written to the audit log, logged as a warning, and listed by `run_ended`.

        Raises:
            AuditError: The audit log cannot be written.
        """
        if notification.event in self.settings.events:
            self._pending.append(notification)
        if notification.event == "run_ended":
            self._end_run()
        elif self._pending:
            self.post(self._deliver)

    def _deliver(self) -> None:
        while self._pending:
            notification = self._pending.popleft()
            if self.consecutive_failures >= _MAX_CONSECUTIVE_FAILURES:
                self._keep_undelivered(notification)
            else:
                self._send(notification)

    def _end_run(self) -> None:
        """Send what is pending; `run_ended` is sent even by a webhook that is disabled."""
        last = self._pending.pop() if "run_ended" in self.settings.events else None
        self._deliver()
        if last is not None:
            undelivered = {
                "undelivered_count": self._undelivered_count,
                "undelivered": list(self._undelivered),
            }
            self._send(structs.replace(last, details={**last.details, **undelivered}))
        elif self._undelivered_count:
            self.log.warning(
                "%d notifications of this run were not delivered; with the event run_ended in "
                "completion_webhook.events the end of the run reports them",
                self._undelivered_count,
            )

    def _keep_undelivered(self, notification: Notification) -> None:
        self._undelivered_count += 1
        self._undelivered.append(notification.summary())

    def _send(self, notification: Notification) -> None:
        host = urlsplit(self.settings.url).netloc
        request, sent_at = self._request(notification, host), self.transport.clock.now()
        try:
            self._post_request(request, notification)
        except CXoneError as error:
            self._record_failure(notification, host, error)
        else:
            self.consecutive_failures = 0
            latency = round((self.transport.clock.now() - sent_at) / timedelta(milliseconds=1))
            self._audit(notification, "webhook_sent", host=host, latency_ms=latency)

    def _post_request(self, request: ApiRequest, notification: Notification) -> None:
        if notification.details.get("outcome") == "interrupted":
            # The signal that ended the run must not end its last request; there is no retry.
            structs.replace(self.transport, signals=SignalHandler()).send_once(request)
        else:
            self.transport.send(request)

    def _request(self, notification: Notification, host: str) -> ApiRequest:
        body = encode_json(notification.body())
        return ApiRequest(
            method="POST",
            url=self.settings.url,
            headers={**self.settings.headers, **self._signature(body)},
            body=body,
            response_type="any",
            read_seconds=self.settings.timeout.total_seconds(),
            description=f"completion_webhook at {host}",
        )

    def _signature(self, body: bytes) -> dict[str, str]:
        if not self.settings.secret:
            return {}
        digest = hmac.new(self.settings.secret.encode(), body, hashlib.sha256).hexdigest()
        return {SIGNATURE_HEADER: f"sha256={digest}"}

    def _record_failure(self, notification: Notification, host: str, error: CXoneError) -> None:
        self.consecutive_failures += 1
        self._keep_undelivered(notification)
        reason = error.message if isinstance(error, ApiError) else str(error)
        self._audit(notification, "webhook_failed", host=host, reason=reason)
        self.log.warning(
            "%s: %s, but its notification failed: %s; check completion_webhook",
            notification.subject,
            notification.event,
            reason,
        )
        if self.consecutive_failures == _MAX_CONSECUTIVE_FAILURES:
            self.log.warning(
                "Webhook disabled for the rest of this run after %d consecutive failures; "
                "correct completion_webhook",
                self.consecutive_failures,
            )

    def _audit(self, notification: Notification, event: str, **fields: Any) -> None:
        self.audit.write(event, fields, notification.audit_context)

"""Notifications of the completion webhook: which audit events they report, and their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.clock import iso
from tap_cxone.redact import SecretStruct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_cxone.config.destinations import WebhookEvent
    from tap_cxone.events.audit_log import AuditContext

_NOTIFIED: Mapping[str, WebhookEvent] = {
    "schema_changed": "drift",
    "job_stuck": "job_stuck",
    "stream_stopped": "quota_exhausted",
    "quota_exhausted": "quota_exhausted",
    "stream_failed": "stream_failed",
    "run_ended": "run_ended",
}
"""Audit event → event of the webhook, where the one always means the other."""


class Notification(SecretStruct, frozen=True):
    """Notification of one event.

    Attributes:
        event: Event of the webhook.
        audit_context: Common fields of the stream, window and job; None for the run.
        details: Fields of the event: neither a secret nor a value of a row, except in a sample.
        at: Instant of the event.
    """

    event: WebhookEvent
    audit_context: AuditContext | None
    details: Mapping[str, Any]
    at: datetime

    @classmethod
    def window_committed(
        cls,
        audit_context: AuditContext,
        record_count: int,
        at: datetime,
        sample: Sequence[Any] | None = None,
    ) -> Notification:
        """Return the notification of a committed window, with its first records as emitted."""
        details: dict[str, Any] = {"record_count": record_count}
        if sample is not None:
            details["data_sample"] = list(sample)
        return cls("window_committed", audit_context, details, at)

    @classmethod
    def from_audit_event(
        cls,
        event: str,
        fields: Mapping[str, Any],
        audit_context: AuditContext | None,
        at: datetime,
    ) -> Notification | None:
        """Return the notification that reports an audit event; None if there is none."""
        if event == "window_committed" and fields["quarantined"]:
            return cls("quarantine", audit_context, {"quarantined": fields["quarantined"]}, at)
        if webhook_event := _NOTIFIED.get(event):
            return cls(webhook_event, audit_context, fields, at)
        return None

    @property
    def subject(self) -> str:
        """Return the name of the stream, or `run`, for messages."""
        return self.audit_context.stream if self.audit_context else "run"

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the request; the sample of a window comes last."""
        details = dict(self.details)
        sample = {"data_sample": details.pop("data_sample")} if "data_sample" in details else {}
        return {**self.summary(), **details, "timestamp": iso(self.at), **sample}

    def summary(self) -> dict[str, Any]:
        """Return the event and what it is about, without details."""
        context = self.audit_context.common_fields() if self.audit_context else {}
        return {"source": "tap-cxone", "event": self.event, **context}

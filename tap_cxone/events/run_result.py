"""How a run ended, for the operator and for the engine that started it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from tap_cxone.clock import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from tap_cxone.progress.snapshot import StreamSnapshot

RunOutcome = Literal["complete", "stopped", "failed", "interrupted"]


class RunResult(Struct, frozen=True):
    """Result of one run.

    Attributes:
        outcome: How the run ended.
        streams: Progress of each selected stream at the end.
        failed: Names of the failed streams.
        duration: Duration of the run.
    """

    outcome: RunOutcome
    streams: Sequence[StreamSnapshot]
    failed: Iterable[str]
    duration: timedelta

    @property
    def is_complete(self) -> bool:
        """Return True if each selected stream has read all that it could."""
        return self.outcome == "complete" and all(s.outcome == "complete" for s in self.streams)

    def audit_fields(self) -> dict[str, Any]:
        """Return the fields of the event `run_ended`."""
        resume_at = min((s.until for s in self.streams if s.until), default=None)
        is_stopped = self.outcome == "complete" and not self.is_complete
        return {
            "outcome": "stopped" if is_stopped else self.outcome,
            "complete": self.is_complete,
            "resume_at": iso(resume_at) if resume_at else None,
            "failed": sorted(self.failed),
            "seconds": self.duration.total_seconds(),
        }

"""End of a stream in the last run that selected it, computed from log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_cxone.report.log_parser import Line

EARLY_ENDS = {"stream_failed", "stream_stopped", "stream_postponed"}


class StreamEnd(Struct, frozen=True):
    """End of a stream in a run.

    Attributes:
        at: Time of the last line of the stream in that run.
        outcome: The logged outcome; empty if the run was killed or still runs.
        until: Instant from which a new run continues; None if the log has none.
        reason: Reason of a failure or an early end; empty without one.
    """

    at: datetime
    outcome: str
    until: datetime | None
    reason: str

    @property
    def is_complete(self) -> bool:
        """Return True if the run read all that it could."""
        return self.outcome == "complete"


def last_end(lines: Sequence[Line]) -> StreamEnd:
    """Return the end in the last run of `lines`, which are those of one stream, at least one."""
    last = lines[-1]
    run = [line for line in reversed(lines) if line.run == last.run]
    end = next((line for line in run if line.event == "stream_ended"), None)
    early = next((line for line in run if line.event in EARLY_ENDS), None)
    return StreamEnd(
        at=last.at,
        outcome=(end.outcome or "") if end else "",
        until=end.until if end else None,
        reason=(early.reason or "") if early else "",
    )

"""The finished jobs that a stream collected last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from tap_cxone.clock import iso, parse_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class LatestCollected(Struct, frozen=True):
    """The collected jobs that ended last: all of them ended at one instant.

    Attributes:
        ended_at: The instant.
        ids: IDs of these jobs.
    """

    ended_at: datetime
    ids: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote.

        Raises:
            TypeError: A value has another type.
            ValueError: The text is no instant.
        """
        return cls(parse_instant(raw["ended_at"]), tuple(map(str, raw["ids"])))

    def to_json(self) -> dict[str, Any]:
        """Return the value for the state."""
        return {"ended_at": iso(self.ended_at), "ids": list(self.ids)}

    def has_collected(self, job_id: str, ended_at: datetime) -> bool:
        """Return True if a job ended before this instant, or is one of these jobs."""
        return ended_at < self.ended_at or (ended_at == self.ended_at and job_id in self.ids)

    def add(self, job_id: str, ended_at: datetime) -> Self:
        """Return the latest jobs after a job was collected."""
        if self.has_collected(job_id, ended_at):
            return self
        others = self.ids if ended_at == self.ended_at else ()
        return type(self)(ended_at, (*others, job_id))

    def skip_to(self, instant: datetime) -> Self:
        """Return the latest jobs after the time up to an instant was skipped."""
        return self if instant <= self.ended_at else type(self)(instant)

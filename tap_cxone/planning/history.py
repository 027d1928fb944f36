"""History of a stream: which time was committed, and which of it is to be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, structs

from tap_cxone.clock import iso, parse_instant
from tap_cxone.planning.committed_time import CommittedTime
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime


class History(Struct, frozen=True):
    """Committed time of one stream, as its state has it.

    Attributes:
        committed: Time of the committed windows.
        reload: Time to read again, whether or not it is committed.
        reload_at: When the last part of `reload` was requested; None without one.
        reload_ids: IDs of the entries of the setting `reload` that were applied.
        deep_lookback_at: When the last deep lookback began; None if there was none.
        start: Begin of the history while `start_date` is not set; None if it always was.
    """

    committed: CommittedTime = CommittedTime()
    reload: CommittedTime = CommittedTime()
    reload_ids: frozenset[str] = frozenset()
    deep_lookback_at: datetime | None = None
    start: datetime | None = None
    reload_at: datetime | None = None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the history that `to_json` wrote.

        Raises:
            TypeError: A value has another type.
            ValueError: A text is no instant or interval.
        """
        return cls(
            CommittedTime.parse(raw.get("committed", ())),
            CommittedTime.parse(raw.get("reload", ())),
            frozenset(raw.get("reload_ids", ())),
            _parse_optional(raw.get("deep_lookback_at")),
            _parse_optional(raw.get("start")),
            _parse_optional(raw.get("reload_at")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the history as JSON, without empty values."""
        values = {
            "committed": self.committed.format(),
            "reload": self.reload.format(),
            "reload_at": _format_optional(self.reload_at),
            "reload_ids": sorted(self.reload_ids),
            "deep_lookback_at": _format_optional(self.deep_lookback_at),
            "start": _format_optional(self.start),
        }
        return {key: value for key, value in values.items() if value}

    def commit(self, window: Window) -> Self:
        """Return the history after a window was committed."""
        reload = self.reload.subtract(CommittedTime((window,)))
        return structs.replace(
            self,
            committed=self.committed.add(window).bounded(),
            reload=reload,
            reload_at=self.reload_at if reload.intervals else None,
        )

    def read_again(self, windows: Collection[Window], requested_at: datetime) -> Self:
        """Return the history with further time to read again, if there is any."""
        if not windows:
            return self
        return structs.replace(self, reload=self.reload.add(*windows), reload_at=requested_at)

    def predates_reload(self, window: Window, submitted_at: datetime) -> bool:
        """Return True if a window is to be read again, and was submitted before that request."""
        if self.reload_at is None or submitted_at >= self.reload_at:
            return False
        return any(interval.overlaps(window) for interval in self.reload.intervals)

    def to_read(self, start: datetime, end: datetime) -> CommittedTime:
        """Return the time that is not committed between two instants, or is to be read again."""
        missing = self.committed.missing(Window(start, end)) if start < end else []
        return self.reload.add(*missing)

    def is_done(self, window: Window) -> bool:
        """Return True if all of a window is committed, and none of it is to be read again."""
        return self.committed.subtract(self.reload).covers(window)


def _parse_optional(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _format_optional(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)

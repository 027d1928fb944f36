"""History of a stream: which time was committed, and which of it is to be read again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct, field, structs

from tap_cxone.clock import iso, parse_instant
from tap_cxone.planning.time_ranges import TimeRanges, compact
from tap_cxone.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MAX_CUTS = 60
"""Most cuts that are kept: beyond it the oldest ones are forgotten."""


class History(Struct, frozen=True):
    """Committed time of one stream, as its state has it.

    Attributes:
        committed: Time of the committed windows.
        reloads: ID of each entry of the setting `reload` that was applied → time that is left of
            it. The time may be committed or not.
        deep_lookback: Time that `deep_lookback` still requests to read again.
        deep_lookback_at: When the last deep lookback began; None if there was none.
        start: Begin of the history while `start_date` is not set; None if it always was.
        cuts: Ends of committed windows whose rows are sums, where the settings cut no window.
    """

    committed: TimeRanges = TimeRanges()
    reloads: Mapping[str, TimeRanges] = field(default_factory=dict)
    deep_lookback: TimeRanges = TimeRanges()
    deep_lookback_at: datetime | None = None
    start: datetime | None = None
    cuts: tuple[datetime, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Return the history that `to_json` wrote.

        Raises:
            AttributeError: A value has another type.
            TypeError: The same.
            ValueError: A text is no instant or interval.
        """
        return cls(
            TimeRanges.parse(raw.get("committed", ())),
            {id_: TimeRanges.parse(texts) for id_, texts in raw.get("reload", {}).items()},
            TimeRanges.parse(raw.get("deep_lookback", ())),
            _parse_optional(raw.get("deep_lookback_at")),
            _parse_optional(raw.get("start")),
            tuple(map(parse_instant, raw.get("cuts", ()))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the history as JSON, without empty values."""
        values = {
            "committed": self.committed.format(),
            "reload": {id_: time.format() for id_, time in self.reloads.items()},
            "deep_lookback": self.deep_lookback.format(),
            "deep_lookback_at": _format_optional(self.deep_lookback_at),
            "start": _format_optional(self.start),
            "cuts": [compact(cut) for cut in self.cuts],
        }
        return {key: value for key, value in values.items() if value}

    @property
    def reload(self) -> TimeRanges:
        """Return all time to read again."""
        times = (*self.reloads.values(), self.deep_lookback)
        return TimeRanges.of(interval for time in times for interval in time.intervals)

    def commit(self, window: Window) -> Self:
        """Return the history after a window was committed."""
        read = TimeRanges((window,))
        return structs.replace(
            self,
            committed=self.committed.add(window).bounded(),
            reloads={id_: time.subtract(read) for id_, time in self.reloads.items()},
            deep_lookback=self.deep_lookback.subtract(read),
        )

    def add_cuts(self, cuts: Iterable[datetime]) -> Self:
        """Return the history with further cuts."""
        return structs.replace(self, cuts=tuple(sorted({*self.cuts, *cuts})[-MAX_CUTS:]))

    def reload_of(self, window: Window) -> str:
        """Return a digest of the requests to read a window again; empty without one.

        It is the same in a later run that goes on with them, even if the state was lost.
        """
        ids = [f"reload {id_}" for id_, time in self.reloads.items() if time.overlaps(window)]
        if self.deep_lookback_at is not None and self.deep_lookback.overlaps(window):
            ids.append(f"deep_lookback {self.deep_lookback_at.date()}")
        return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:12] if ids else ""

    def to_read(self, start: datetime, end: datetime) -> TimeRanges:
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

"""Log lines about what the setting `reload` requests to read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from tap_cxone.clock import iso
from tap_cxone.progress.formatting import listed
from tap_cxone.windows import Window

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_cxone.config.history import ReloadedRange
    from tap_cxone.planning.history import History
    from tap_cxone.planning.reload import ReloadLimits
    from tap_cxone.planning.time_ranges import TimeRanges
    from tap_cxone.streams.start_report import LogOnce

_MAX_RANGES = 3  # in one log line


class ReloadReporter(Struct, frozen=True):
    """Log lines about the reloads of one stream.

    Attributes:
        stream: Name of the stream.
        log: Logger of the stream.
        log_once: Logger of a warning that a run needs once.
    """

    stream: str
    log: logging.Logger
    log_once: LogOnce

    def report(
        self,
        entries: Mapping[str, ReloadedRange],
        before: History,
        after: History,
        limits: ReloadLimits,
    ) -> None:
        """Log what entries request beyond their own range, or do not request any more.

        Args:
            entries: The entries that name the stream, by the path of the setting.
            before: History of the state.
            after: The same with the entries.
            limits: What the stream can read again.
        """
        for path, entry in entries.items():
            name = f"{path} (id '{entry.id}')"
            if entry.id in before.reloads:
                self._report_outdated(name, before.reloads[entry.id], limits)
            elif problem := limits.problem_of(entry):
                text = "%s: %s reads nothing again: %s"
                self.log_once(f"{self.stream} {name}", text, self.stream, name, problem)
            else:
                self._report_range(name, entry, after.reloads[entry.id])
        for id_, time in before.reloads.items():
            if id_ not in after.reloads and time.intervals:
                text = "%s: the entry of reload with id '%s' was removed; %s is not read again"
                self.log.info(text, self.stream, id_, _text(time))

    def _report_outdated(self, name: str, time: TimeRanges, limits: ReloadLimits) -> None:
        """Log the time that the API served when it was requested, and serves no more."""
        if (lost := time.subtract(limits.clip(time))).intervals:
            text = "%s: %s of %s is not read again: the API serves nothing before %s any more"
            oldest = iso(limits.oldest) if limits.oldest else ""
            self.log.warning(text, self.stream, _text(lost), name, oldest)

    def _report_range(self, name: str, entry: ReloadedRange, time: TimeRanges) -> None:
        """Log the range of an entry that is read again, if its dates are others."""
        if time.intervals and time.intervals != (Window(entry.from_, entry.to),):
            text = "%s: %s reads whole windows again that the API serves: %s"
            self.log.info(text, self.stream, name, _text(time))


def _text(time: TimeRanges) -> str:
    return listed([str(interval) for interval in time.intervals], _MAX_RANGES)

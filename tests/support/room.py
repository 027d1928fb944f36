"""A stream whose file a test writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault, Simulator
from tap_cxone.simulator.settings import tap_settings
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support.run import FakeClock, Output

QUARANTINE = "quarantine"
DAY = {"start_date": "2026-03-15T00:00:00Z", "end_date": "2026-03-16T00:00:00Z"}


@dataclass(frozen=True)
class Room:
    """A stream of one family whose file a test writes.

    Attributes:
        family: Its family.
        stream: Its name.
        header: The titles of its file: the key first, a number second.
        config: What to set beside the credentials.
        keys: What to set so that rows are known by `_row_hash`.
        ordered: What to set so that of rows with one key the one with the greatest number leaves.
    """

    family: Any
    stream: str
    header: tuple[str, ...]
    config: dict[str, Any]
    keys: dict[str, Any]
    ordered: dict[str, Any]

    @property
    def columns(self) -> tuple[str, str]:
        """Return the columns of the key and of the number."""
        found = {
            "Workflow ID": "workflow_id",
            "Suggestion ID": "suggestion_id",
            "Confidence": "confidence",
        }
        key, number = (found.get(title, title.lower()) for title in self.header[:2])
        return key, number

    def settings(self, sim: Simulator, **changes: Any) -> dict[str, Any]:
        """Return settings for one window."""
        credentials = tap_settings(sim.url, families=(self.family,))
        return {**credentials, **DAY, **self.config, "poll_interval_seconds": 25, **changes}

    def text(self, rows: Iterable[tuple[str, ...]]) -> str:
        """Return a file of these cells, others being blank; a ragged row is left as it is."""
        lines = [",".join(self.header)]
        for row in rows:
            blank = len(self.header) - len(row) if len(row) == 2 else 0
            lines.append(",".join((*row, *[""] * blank)))
        return "\r\n".join(lines) + "\r\n"

    def serve(self, sim: Simulator, *rows: tuple[str, ...], times: int = 1) -> None:
        """Make these rows the next files."""
        body = self.text(rows)
        sim.faults.add(Fault("download", "bytes", body=body, times=times, family=self.family))

    def run(self, config: dict[str, Any], clock: FakeClock, *more: str, **how: Any) -> Output:
        """Run the stream, with the quarantine if no other is named."""
        names = (self.stream, *(more or (QUARANTINE,)))
        return run_tap(config, clock=clock, catalog=select(config, *names), **how)

    def values(self, out: Output) -> list[tuple[str, Any]]:
        """Return the key and the number of the records that left."""
        key, number = self.columns
        return [(record[key], record[number]) for record in out.records(self.stream)]

"""One entity whose files the tests write themselves: `payroll`, in windows of November 2026."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

PAYROLL = "payroll"
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
ENTRY = {"name": PAYROLL, "entity_name": "wfm-payroll", "version": "1"} | {
    "primary_keys": ["Record ID"]
}


def payroll_csv(title: str, *cells: str) -> str:
    """Return a file of two columns, the record's number and cells below a title."""
    lines = [f"{number},{cell}" for number, cell in enumerate(cells, 1)]
    return "\n".join([f"Record ID,{title}", *lines, ""])


class PayrollRuns:
    """Runs of the stream against one simulator, each with files and settings of its own."""

    def __init__(self, simulate: Callable[..., Simulator], clock: FakeClock) -> None:
        """Turn the clock to the end of November and start a simulator."""
        clock.instant = datetime(2026, 11, 28, 12, tzinfo=UTC)
        self.clock = clock
        self.sim = simulate(spacing_seconds=0, rows_per_day=1)

    def run(
        self,
        *files: str | bytes,
        first_day: int = 1,
        family: dict[str, Any] | None = None,
        state: dict[str, Any] | None = None,
        core: dict[str, Any] | None = None,
        **entry: Any,
    ) -> Output:
        """Read one window a day, each with one of the files; a failed file is sent again.

        Args:
            files: What the windows' links give.
            first_day: Day of November of the first window.
            family: Settings of the family.
            state: State of an earlier run.
            core: Settings of the tap.
            entry: Settings of the entity.
        """
        self.sim.faults.clear()
        self.sim.faults.add(*(Fault("download", "bytes", body=file) for file in files))
        self.sim.faults.add(Fault("download", "bytes", body=files[-1], times=99))
        start = NOVEMBER + timedelta(days=first_day - 1)
        extraction = {"window_days": 1, "entities": [{**ENTRY, **entry}], **(family or {})}
        config = settings_for(
            self.sim,
            start_date=start.isoformat(),
            end_date=(start + timedelta(days=len(files))).isoformat(),
            own=extraction,
            **(core or {}),
        )
        catalog = select(config, PAYROLL, "quarantine")
        return run_tap(config, clock=self.clock, catalog=catalog, state=state)


def column_values(out: Output, column: str) -> list[Any]:
    """Return the values of a column, in the order of the records."""
    return [record[column] for record in out.records(PAYROLL)]

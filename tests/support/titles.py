"""Files with chosen titles, one a window, as the values of each record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.simulator import Fault
from tests.conftest import settings_for
from tests.support.expectations import without_metadata
from tests.support.run import run_tap, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_cxone.simulator import Simulator
    from tests.support.run import FakeClock, Output

PAYROLL = "payroll"
KEY = "Record ID"
FIRST_DAY = 10


def payroll_settings(
    sim: Simulator, windows: int, first_day: int, **changes: Any
) -> dict[str, Any]:
    """Return settings for a number of windows of one day, of an entity with one key."""
    entity = {"name": PAYROLL, "entity_name": "wfm-payroll", "version": "1", "primary_keys": [KEY]}
    entity |= changes.pop("entity", {})
    family = {"mode": "async", "window_days": 1, "entities": [entity]}
    days = {
        "start_date": f"2026-03-{first_day:02d}T00:00:00Z",
        "end_date": f"2026-03-{first_day + windows:02d}T00:00:00Z",
    }
    return settings_for(sim, **days, own=family) | changes


def as_text(titles: Sequence[str], cells: Sequence[str], key: str = "r") -> str:
    """Return a CSV file of one row behind its key."""
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in (titles, cells)]
    (header, row) = (",".join(row) for row in quoted)
    return f'"{KEY}",{header}\r\n{key},{row}\r\n'


def serve_texts(sim: Simulator, *texts: str) -> None:
    """Make these texts the next files."""
    for text in texts:
        sim.faults.add(Fault("download", "bytes", body=text))


def run_titles(  # noqa: PLR0913 (all by name but the files)
    sim: Simulator,
    clock: FakeClock,
    *files: tuple[Sequence[str], Sequence[str]],
    first_day: int = FIRST_DAY,
    key: str = "r",
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    **changes: Any,
) -> Output:
    """Run one window a file; a file is a header and a row, both behind the key."""
    serve_texts(sim, *(as_text(titles, cells, key) for titles, cells in files))
    config = payroll_settings(sim, len(files), first_day, **changes)
    catalog = catalog or select(config, PAYROLL, state=state)
    return run_tap(config, clock=clock, state=state, catalog=catalog)


def title_values(out: Output, stream: str = PAYROLL) -> list[dict[str, Any]]:
    """Return the values of each record beside its key, without nulls."""
    records = without_metadata(out.records(stream))
    return [{n: v for n, v in r.items() if v is not None and n != "record_id"} for r in records]


def last_properties(out: Output, stream: str = PAYROLL) -> dict[str, Any]:
    """Return the properties of the last SCHEMA."""
    found: dict[str, Any] = out.of("SCHEMA", stream)[-1]["schema"]["properties"]
    return found

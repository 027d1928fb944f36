"""The table of faults: by family, point and fault, what must happen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.resilience.faults.answers import EXACT
from tests.resilience.faults.family_rows import family_rows
from tests.resilience.faults.play import Played, Row
from tests.resilience.faults.rows.error_pages import error_page_rows
from tests.resilience.faults.rows.files import csv_rows, file_rows
from tests.resilience.faults.rows.history import history_rows
from tests.resilience.faults.rows.jobs import job_rows
from tests.resilience.faults.rows.lasting import lasting_rows
from tests.resilience.faults.rows.logins import login_rows
from tests.resilience.faults.rows.passing import passing_rows
from tests.resilience.faults.rows.second_windows import second_window_rows
from tests.resilience.faults.rows.shapes import submit_shape_rows
from tests.resilience.faults.rows.submits import submit_rows
from tests.resilience.faults.rows.waiting import (
    clock_rows,
    retry_after_rows,
    silence_rows,
    unreachable_rows,
)
from tests.resilience.faults.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def by_turns(rows: Iterable[Row], number: int) -> Iterator[Row]:
    """Yield rows of which each so-manieth is tried every time, and the others are slow."""
    for place, row in enumerate(rows):
        yield replace(row, slow=row.slow or place % number > 0)


ROWS: list[Row] = [
    *(Row("nothing", scene, (), EXACT) for scene in SCENES),
    *by_turns(passing_rows(), 61),
    *by_turns(submit_rows(), 13),
    *by_turns(lasting_rows(), 61),
    *by_turns(submit_shape_rows(), 13),
    *by_turns(login_rows(), 7),
    *by_turns(retry_after_rows(), 13),
    *by_turns(silence_rows(), 5),
    *by_turns(unreachable_rows(), 3),
    *by_turns(clock_rows(), 5),
    *by_turns(job_rows(), 7),
    *by_turns(file_rows(), 23),
    *by_turns(csv_rows(), 7),
    *by_turns(second_window_rows(), 4),
    *by_turns(history_rows(), 7),
    *by_turns(error_page_rows(), 7),
    *by_turns(family_rows(), 9),
]


@pytest.mark.promise("whole-files")
@pytest.mark.promise("no-double-submit")
@pytest.mark.promise("no-secrets")
@pytest.mark.promise("isolated-failures")
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            row,
            id=row.id,
            marks=[
                *([pytest.mark.slow] if row.slow else []),
                *([pytest.mark.xfail(strict=True, reason=row.unmended)] if row.unmended else []),
            ],
        )
        for row in ROWS
    ],
)
def test_fault(
    row: Row,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """What must happen happens."""
    if row.patience is not None:
        monkeypatch.setattr("tap_cxone.http.transport.READ_SECONDS", row.patience)
        monkeypatch.setattr("tap_cxone.http.download.READ_SECONDS", row.patience)
    record_property("faults", Played(row, caplog).play())

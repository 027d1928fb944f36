"""The table of faults: by family, point and fault, what must happen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tap_cxone.http.messages import ApiRequest
from tests.resilience.faults.answers import EXACT
from tests.resilience.faults.play import Played, Row
from tests.resilience.faults.rows.error_pages import error_pages
from tests.resilience.faults.rows.files import csv_files, files, json_files
from tests.resilience.faults.rows.jobs import jobs, updates
from tests.resilience.faults.rows.lasting import lasting
from tests.resilience.faults.rows.logins import logins
from tests.resilience.faults.rows.pages import pages
from tests.resilience.faults.rows.passing import passing
from tests.resilience.faults.rows.second_windows import second_windows
from tests.resilience.faults.rows.shapes import shapes
from tests.resilience.faults.rows.submits import submits
from tests.resilience.faults.rows.waiting import clocks, no_way, silence, waiting
from tests.resilience.faults.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def by_turns(rows: Iterable[Row], number: int) -> Iterator[Row]:
    """Yield rows of which each so-manieth is tried every time, and the others are slow."""
    for place, row in enumerate(rows):
        yield replace(row, slow=row.slow or place % number > 0)


ROWS: list[Row] = [
    *(Row("nothing", scene, (), EXACT) for scene in SCENES),
    *by_turns(passing(), 61),
    *by_turns(submits(), 13),
    *by_turns(lasting(), 61),
    *by_turns(shapes(), 53),
    *by_turns(logins(), 7),
    *by_turns(waiting(), 13),
    *by_turns(silence(), 5),
    *by_turns(no_way(), 3),
    *by_turns(updates(), 7),
    *by_turns(clocks(), 5),
    *by_turns(jobs(), 7),
    *by_turns(files(), 23),
    *by_turns(csv_files(), 7),
    *json_files(),
    *by_turns(pages(), 5),
    *by_turns(second_windows(), 4),
    *by_turns(error_pages(), 7),
]


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
        defaults = ApiRequest.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "read_seconds", row.patience)
        monkeypatch.setattr("tap_cxone.http.client.READ_SECONDS", row.patience)
    record_property("faults", Played(row, caplog).play())

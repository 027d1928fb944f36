"""Load CXone rows into a warehouse with the simulator, Meltano and the tap; answer questions.

`python -m demo.run duckdb`, or `postgres`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from demo.answers import answers, page
from demo.warehouse import OUTPUT, WAREHOUSES, Warehouse
from tap_cxone.families.registry import FAMILIES

if TYPE_CHECKING:
    from datetime import date

AUDIT = OUTPUT / "audit.jsonl"
REPORT = OUTPUT / "report.html"
ANSWERS = OUTPUT / "answers.html"
BIN = Path(sys.executable).parent
SPEED = "100"  # the API's 30-second rules last 0.3 s
PORT = "18325"  # the state of a run is valid only at the same address
QUERY = "select team_name, round(avg(score), 1) from cxone.qm_workflows group by team_name"


@dataclass(frozen=True)
class Extraction:
    """Families to extract, and how many rows the simulator has of them.

    Attributes:
        name: Suffix of the ID of its state.
        families: The families.
        weeks: Number of whole weeks that a first run reads; without one it begins with yesterday.
        rows_per_day: Rows of each stream per day.
    """

    name: str
    families: tuple[str, ...]
    weeks: int
    rows_per_day: int


_DAY = timedelta(days=1)
_COPILOT = next(
    family.name
    for family in FAMILIES
    if "copilot_knowledge_suggestions" in family.module.BUILT_IN_STREAMS
)
EXTRACTIONS = (
    Extraction("weeks", (_COPILOT,), weeks=8, rows_per_day=48),
    # One row every thirty seconds, so that a second run finds new ones.
    Extraction(
        "day",
        tuple(family.name for family in FAMILIES if family.name != _COPILOT),
        weeks=0,
        rows_per_day=2880,
    ),
)


def main(product: str) -> None:
    """Run the pipeline once; print the number of rows and the answers."""
    OUTPUT.mkdir(exist_ok=True)
    with WAREHOUSES[product]() as warehouse:
        before = {} if warehouse.is_new else warehouse.counts()
        for extraction in EXTRACTIONS:
            extract(extraction, warehouse)
        report = [str(BIN / "cxone-report"), str(AUDIT), "-o", str(REPORT)]
        subprocess.run(report, check=True)
        show(warehouse, before, product)


def extract(extraction: Extraction, warehouse: Warehouse) -> None:
    """Run the tap into the warehouse, against a simulator that ends with the run."""
    simulator = [str(BIN / "cxone-simulator"), "run", "--port", PORT, "--speed", SPEED]
    rows = ["--exports-per-day", "0", "--rows-per-day", str(extraction.rows_per_day)]
    # The bookmark of an earlier demo is valid only with its warehouse.
    fresh = ["--full-refresh"] if warehouse.is_new else []
    meltano = [str(BIN / "meltano"), "--environment=demo", "run", *fresh]
    pipeline = [f"--state-id-suffix={extraction.name}", "tap-cxone", warehouse.loader]
    settings = {
        "TAP_CXONE_START_DATE": start_date(extraction, datetime.now(UTC).date()).isoformat(),
        "TAP_CXONE_FAMILIES": json.dumps(extraction.families),
        "TAP_CXONE_AUDIT_LOG_PATH": str(AUDIT.absolute()),
    }
    subprocess.run(
        [*simulator, *rows, "--", *meltano, *pipeline],
        check=True,
        env={**os.environ, **settings, **warehouse.variables},
    )


def start_date(extraction: Extraction, today: date) -> date:
    """Return the first day of an extraction: a Monday if it reads weeks."""
    monday = today - timedelta(days=today.weekday())
    return monday - timedelta(weeks=extraction.weeks) if extraction.weeks else today - _DAY


def show(warehouse: Warehouse, before: dict[str, int], product: str) -> None:
    """Print the tables, the answers, where both are, and an example query; write the page."""
    console = Console(width=90, highlight=False)
    console.print(_tables(warehouse, before))
    found = list(answers(warehouse))
    for answer in found:
        console.print(answer.table())
    ANSWERS.write_text(page(found, warehouse.title), encoding="utf-8")
    console.print(f"{warehouse.title}: {warehouse.place}; charts of the answers: {ANSWERS}")
    console.print(f"Audit log: {AUDIT}; HTML report: {REPORT}")
    console.print("Example query:")
    console.print(f'  .venv/bin/python -m demo.query {product} "{QUERY}"', soft_wrap=True)
    console.print(f"Run `{warehouse.command}` again to load only new rows.")


def _tables(warehouse: Warehouse, before: dict[str, int]) -> Table:
    table = Table(title=f"CXone rows in {warehouse.title}", title_justify="left")
    for heading in ("stream", "rows", "new in this run"):
        table.add_column(heading, justify="left" if heading == "stream" else "right")
    for name, rows in warehouse.counts().items():
        table.add_row(name, f"{rows:,}", f"+{rows - before.get(name, 0):,}")
    return table


if __name__ == "__main__":
    main(sys.argv[1])

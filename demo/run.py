"""Load CXone rows into DuckDB with the simulator, Meltano and the tap."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

WAREHOUSE = Path("output/warehouse.duckdb")
AUDIT = Path("output/audit.jsonl")
PAGE = Path("output/report.html")
BIN = Path(sys.executable).parent
SPEED = "100"  # the API's 30-second rules last 0.3 s
ROWS_A_DAY = "2880"  # one every thirty seconds, so that a second run finds new ones
HISTORY = timedelta(days=1)
QUERY = "select team_name, round(avg(score), 1) from cxone.qm_workflows group by team_name"


def main() -> None:
    """Run the pipeline once and print the number of rows."""
    WAREHOUSE.parent.mkdir(exist_ok=True)
    before = counts()
    extract()
    subprocess.run([str(BIN / "cxone-report"), str(AUDIT), "-o", str(PAGE)], check=True)
    show(before, counts())


def extract() -> None:
    """Run the tap into DuckDB, against a simulator that ends with the run."""
    start = (datetime.now(UTC) - HISTORY).date().isoformat()
    simulator = [str(BIN / "cxone-simulator"), "run", "--speed", SPEED]
    # The bookmark of an earlier demo is valid only with its warehouse.
    fresh = [] if WAREHOUSE.exists() else ["--full-refresh"]
    meltano = [str(BIN / "meltano"), "--environment=demo", "run", *fresh]
    pipeline = [*meltano, "tap-cxone", "target-duckdb"]
    world = ["--rows-per-day", ROWS_A_DAY, "--exports-per-day", "0"]
    command = [*simulator, *world, "--", *pipeline]
    settings = {"TAP_CXONE_START_DATE": start, "TAP_CXONE_AUDIT_LOG_PATH": str(AUDIT.absolute())}
    subprocess.run(command, check=True, env={**os.environ, **settings})


def counts() -> dict[str, int]:
    """Return the number of rows of each table of the warehouse."""
    if not WAREHOUSE.exists():
        return {}
    with duckdb.connect(str(WAREHOUSE), read_only=True) as warehouse:
        tables = warehouse.execute(
            "select table_name from information_schema.tables where table_schema = 'cxone' "
            "order by table_name"
        ).fetchall()
        count = {name: f'select count(*) from cxone."{name}"' for (name,) in tables}  # noqa: S608
        return {name: warehouse.execute(query).fetchall()[0][0] for name, query in count.items()}


def show(before: dict[str, int], after: dict[str, int]) -> None:
    """Print the tables, the file, and an example query."""
    table = Table(title="CXone rows in DuckDB", title_justify="left")
    for heading in ("stream", "rows", "new in this run"):
        table.add_column(heading, justify="left" if heading == "stream" else "right")
    for name, rows in after.items():
        table.add_row(name, f"{rows:,}", f"+{rows - before.get(name, 0):,}")
    console = Console(width=90, highlight=False)
    console.print(table)
    console.print(f"DuckDB file: {WAREHOUSE}")
    console.print(f"Audit log: {AUDIT}; HTML report: {PAGE}")
    console.print("Example query:")
    console.print(f'  .venv/bin/python demo/query.py "{QUERY}"', soft_wrap=True)
    console.print("Run `make demo` again to load only new rows.")


if __name__ == "__main__":
    main()

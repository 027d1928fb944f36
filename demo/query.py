"""Query the warehouse of the demo: `python -m demo.query duckdb "select …"`, or `postgres`."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from demo.warehouse import WAREHOUSES

_, product, query = sys.argv
table = Table(show_header=False)
with WAREHOUSES[product]() as warehouse:
    for row in warehouse.ask(query):
        table.add_row(*map(str, row))
Console(highlight=False).print(table)

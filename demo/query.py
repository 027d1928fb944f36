"""Query the warehouse of the demo: `python demo/query.py "select …"`."""

from __future__ import annotations

import sys

import duckdb

with duckdb.connect("output/warehouse.duckdb", read_only=True) as warehouse:
    warehouse.sql(sys.argv[1]).show()

"""Whole tables compared: a digest of each column, made in the database and of the truth."""

# ruff: noqa: S608 (the names in the queries are our own)

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.truth import Expected
    from tests.support.postgres import Postgres


def plain(value: Any) -> str:
    """Write a number with all of its digits and no zeros at its end."""
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


TEXTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "text": ("{}", str),
    "boolean": ("{}::text", lambda value: str(value).lower()),
    "timestamp without time zone": (
        "to_char({}, 'YYYY-MM-DD HH24:MI:SS.US')",
        lambda value: f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}",
    ),
    **dict.fromkeys(("numeric", "bigint"), ("trim_scale({}::numeric)::text", plain)),
}
"""Each type as a text, digit by digit: in the database, and of a value as the API writes it."""


def types(server: Postgres) -> dict[str, dict[str, str]]:
    """Return the types of all columns by table."""
    found: dict[str, dict[str, str]] = {}
    query = (
        "select table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'cxone' order by ordinal_position"
    )
    for table, column, kind in server.ask(query):
        found.setdefault(table, {})[column] = kind
    return found


def checksums(server: Postgres, table: str, expected: Expected) -> dict[str, Any]:
    """Return how many rows the database has, and of each column a digest made there."""
    kinds = types(server)[table]

    def text(name: str) -> str:
        return "coalesce(" + TEXTS[kinds[name]][0].format(f'"{name}"') + ", '~')"

    key = " || '|' || ".join(text(name) for name in expected.key)
    columns = expected.columns()
    lines = [f"select {key} || '|' || {text(name)} as line from whole" for name in columns]
    sums = [f"(select md5(string_agg(line, '\n' order by line)) from ({one}) l)" for one in lines]
    query = f'with whole as (select * from cxone."{table}") ' + ", ".join(
        ["select (select count(*) from whole)", *sums]
    )
    ((rows, *digests),) = server.ask(query)
    return {"rows": rows, **dict(zip(columns, digests, strict=True))}


def wanted(kinds: dict[str, str], expected: Expected) -> dict[str, Any]:
    """Return the same of the rows that the API holds."""

    def text(row: dict[str, Any], name: str) -> str:
        value = row.get(name)
        return "~" if value is None else TEXTS[kinds[name]][1](value)

    found: dict[str, Any] = {"rows": len(expected.rows)}
    for name in expected.columns():
        lines = sorted(
            "|".join([*(text(row, part) for part in expected.key), text(row, name)]).encode()
            for row in expected.rows
        )
        found[name] = hashlib.md5(b"\n".join(lines), usedforsecurity=False).hexdigest()
    return found


def assert_holds(server: Postgres, whole: dict[str, Expected]) -> None:
    """Compare each table's count, and each column's digest, with what they must be."""
    kinds = types(server)
    assert {table: checksums(server, table, rows) for table, rows in whole.items()} == {
        table: wanted(kinds[table], rows) for table, rows in whole.items()
    }

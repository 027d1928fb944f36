"""The databases that the demo loads into: a DuckDB file, or a PostgreSQL of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

OUTPUT = Path("output")
SCHEMA = "cxone"
_DUCKDB = OUTPUT / "warehouse.duckdb"
_POSTGRES = OUTPUT / "postgres"


@dataclass(frozen=True)
class Warehouse:
    """A database, ready for a loader.

    Attributes:
        title: Name of the product.
        place: Where its data are.
        is_new: True if no run has loaded anything.
        command: Command that loads into it.
        loader: Loader of meltano.yml that writes to it.
        variables: Environment variables of the loader.
        ask: Returns the rows of a query.
    """

    title: str
    place: Path
    is_new: bool
    command: str
    loader: str
    variables: Mapping[str, str]
    ask: Callable[[str], list[tuple[Any, ...]]]

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table, after a loader has written."""
        tables = self.ask(
            "select table_name from information_schema.tables "  # noqa: S608 (a constant)
            f"where table_schema = '{SCHEMA}' order by table_name"
        )
        queries = (f"select '{name}', count(*) from {SCHEMA}.\"{name}\"" for (name,) in tables)  # noqa: S608
        return dict(sorted(self.ask(" union all ".join(queries)))) if tables else {}


@contextmanager
def duckdb_file() -> Iterator[Warehouse]:
    """Yield the DuckDB file of the demo; it is open only during a query."""
    import duckdb  # noqa: PLC0415 (has no wheel for the newest Python)

    def ask(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(_DUCKDB), read_only=True) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
            return rows

    yield Warehouse("DuckDB", _DUCKDB, not _DUCKDB.exists(), "make demo", "target-duckdb", {}, ask)


@contextmanager
def embedded_postgres() -> Iterator[Warehouse]:
    """Yield a PostgreSQL that runs as long as the block; the next one has the same data."""
    from tests.support.postgres import postgres  # noqa: PLC0415 (not on Windows)

    is_new = not _POSTGRES.exists()
    with postgres(_POSTGRES) as server:
        variables = {
            f"TARGET_POSTGRES_{name.upper()}": str(value) for name, value in server.settings.items()
        }
        yield Warehouse(
            "PostgreSQL",
            _POSTGRES,
            is_new,
            "make demo-postgres",
            "target-postgres",
            variables,
            server.ask,
        )


WAREHOUSES: Mapping[str, Callable[[], AbstractContextManager[Warehouse]]] = {
    "duckdb": duckdb_file,
    "postgres": embedded_postgres,
}

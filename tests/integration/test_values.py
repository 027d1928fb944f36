"""Values of unusual files, in the tables that real targets make of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.document import ROOT
from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.payroll import PayrollRuns

if TYPE_CHECKING:
    from tests.support.run import Output

# Semicolons, Latin-1, decimal commas, words for null, a NUL character, days before months.
FILE = """\
Record ID;Note;Hours;Units;Active;Day;Local;Slashed
1;a\0b;1.234,5;999999999999999999;yes;20.11.2026;2026-11-20 00:30:00;01/11/2026 09:23
2;Zoë;-0,25;-999999999999999999;no;01/11/2026;2026-11-20T00:30:00Z;13/11/2026 09:23
3;N/A;N/A;;;n/a;;
"""
SETTINGS: dict[str, Any] = {
    "timezone": "America/New_York",
    "csv": {"encoding": "latin-1", "number_format": "1.234,5", "null_values": ["N/A", "n/a"]},
    "columns": {
        "Hours": "number",
        "Units": "integer",
        "Active": "boolean",
        "Day": "date",
        "Local": "date-time",
        "Slashed": "date-time",
    },
}
COLUMNS = "record_id, note, hours, units, active, day, local, slashed"
ROWS = [
    (
        *("1", "a\ufffdb", Decimal("1234.5"), 10**18 - 1, True, date(2026, 11, 20)),
        *(datetime(2026, 11, 20, 5, 30), datetime(2026, 11, 1, 14, 23)),  # noqa: DTZ001 (UTC)
    ),
    (
        *("2", "Zoë", Decimal("-0.25"), 1 - 10**18, False, date(2026, 11, 1)),
        *(datetime(2026, 11, 20, 0, 30), datetime(2026, 11, 13, 14, 23)),  # noqa: DTZ001
    ),
    ("3", *[None] * 7),
]


@pytest.fixture
def unusual_messages(simulate, clock) -> Output:
    """Return what a run over the file emits."""
    out: Output = PayrollRuns(simulate, clock).run(FILE.encode("latin-1"), first_day=20, **SETTINGS)
    assert out.error is None
    return out


@pytest.mark.ci
def test_values_of_an_unusual_file_in_postgres(unusual_messages, server, tmp_path):
    """Each value is the one that the file means, to the last of the 18 digits of a `bigint`."""
    assert "`bigint`, which holds 18 digits" in (ROOT / "docs/loaders.md").read_text()

    load_messages(unusual_messages, POSTGRES, server.settings, tmp_path)

    assert server.ask(f"select {COLUMNS} from cxone.payroll order by 1") == ROWS  # noqa: S608


@pytest.mark.ci
def test_values_of_an_unusual_file_in_duckdb(duckdb, unusual_messages, tmp_path):
    """The types are those of the table of docs/loaders.md: a number is a DOUBLE, a date a text."""
    path = tmp_path / "warehouse.duckdb"
    load_messages(unusual_messages, DUCKDB, {"path": str(path)}, tmp_path)

    with duckdb.connect(str(path), read_only=True) as warehouse:
        query = f"select {COLUMNS} from cxone.payroll order by 1"  # noqa: S608
        found = warehouse.execute(query).fetchall()
        kinds = dict(
            warehouse.execute(
                "select column_name, data_type from information_schema.columns "
                "where table_name = 'payroll'"
            ).fetchall()
        )
    assert found == [
        tuple(value.isoformat() if type(value) is date else value for value in row) for row in ROWS
    ]
    page = (ROOT / "docs/loaders.md").read_text().partition("## DuckDB and JSON lines")[2]
    declared = {"note": "string", "hours": "number", "units": "integer", "active": "boolean"}
    declared |= {"day": "date", "local": "date-time"}
    for column, kind in declared.items():
        assert f"| `{kind}` | `{kinds[column]}`" in page


@pytest.mark.slow  # a server of its own
def test_null_characters_that_are_kept_need_the_option_of_the_target(
    simulate, clock, server, tmp_path
):
    """With `keep`, the option that the recipe names lets the target load the row."""
    option = "sanitize_null_text_characters"
    assert option in (ROOT / "docs/loaders.md").read_text()
    settings = {**SETTINGS, "csv": {**SETTINGS["csv"], "null_characters": "keep"}}
    out = PayrollRuns(simulate, clock).run(FILE.encode("latin-1"), first_day=20, **settings)

    load_messages(out, POSTGRES, {**server.settings, option: True}, tmp_path)

    notes = server.ask("select note from cxone.payroll order by record_id")
    assert notes == [("a\ufffdb",), ("Zoë",), (None,)]

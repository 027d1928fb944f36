"""The columns of titles, and retyped ones, in a real PostgreSQL and a real DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.targets import DUCKDB, POSTGRES, load_messages
from tests.support.run import select
from tests.support.titles import FIRST_DAY, PAYROLL, payroll_settings, run_titles

if TYPE_CHECKING:
    from tests.support.run import Output

LONG = "Share of the interactions that " * 3 + "an agent closed on the day"
TITLES = [
    *("Skill", "Skill", "Skill 2", "Adherence %", "Adherence", "%", "#", "", "मात्रा", "मित्र"),
    *("通話後の処理時間の合計に対する保留時間の割合と平均応答速度の差", LONG, f"{LONG}!", "Résumé"),
]
HOURS, BREAKS = "Hours", "Breaks"
SHOWN = "select * from cxone.payroll order by record_id"


def run_twice(sim: Any, clock: Any) -> list[Output]:
    """Run two windows in two runs: other places, a missing title, a retyped and a typed column."""
    outputs: list[Output] = []
    last = len(TITLES) - 1
    for run, others in enumerate((range(2, last + 1), range(last - 1, 1, -1))):
        order = (0, 1, *others)  # the occurrences of a repeated title are told apart by their order
        day, entity = FIRST_DAY + run, {"columns": {HOURS: ("number", "string")[run]}}
        header = [*(TITLES[index] for index in order), HOURS, BREAKS]
        cells = [*(f"{index} in {run}" for index in order), ("7.5", "seven")[run], "3"]
        config = payroll_settings(sim, 1, day, entity=entity)
        catalog = select(config, PAYROLL)
        (stream,) = [s for s in catalog["streams"] if s["tap_stream_id"] == PAYROLL]
        stream["schema"]["properties"]["breaks"] = {"type": ["integer", "null"]}
        how: dict[str, Any] = {"first_day": day, "key": f"r{run}", "entity": entity}
        how |= {"state": outputs[0].state if run else None, "on_type_change": "new_column"}
        outputs.append(run_titles(sim, clock, (header, cells), catalog=catalog, **how))
    return outputs


def rows_of(names: list[str], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return rows by column, without nulls and without the columns of tap and target."""
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return [{n: v for n, v in row.items() if v is not None and n[0] != "_"} for row in found]


def assert_titles_kept(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Assert that each title's values are in one column of both rows, with their types."""
    columns = {value: name for row in (first, second) for name, value in row.items()}
    for index in range(len(TITLES) - 1):
        assert columns[f"{index} in 0"] == columns[f"{index} in 1"]
    assert len(first) == len(TITLES) + len(("record_id", HOURS, BREAKS))
    assert (float(first["hours"]), second["hours_string"]) == (7.5, "seven")
    assert (first["breaks"], second["breaks"]) == (3, 3)
    assert "hours" not in second


@pytest.fixture
def outputs(simulate, clock):
    """Return the two runs."""
    return run_twice(simulate(job_seconds=0), clock)


@pytest.mark.ci
def test_titles_keep_their_columns_in_postgres(outputs, server, tmp_path):
    """PostgreSQL accepts every name in two loads, and holds each title's values in one column."""
    for out in outputs:
        load_messages(out, POSTGRES, server.settings, tmp_path)

    query = (
        "select column_name, data_type from information_schema.columns "
        "where table_name = 'payroll' order by ordinal_position"
    )
    types = dict(server.ask(query))
    assert_titles_kept(*rows_of(list(types), server.ask(SHOWN)))
    assert (types["hours"], types["hours_string"], types["breaks"]) == ("numeric", "text", "bigint")


@pytest.mark.ci
def test_titles_keep_their_columns_in_duckdb(duckdb, outputs, tmp_path):
    """The same in DuckDB."""
    path = tmp_path / "warehouse.duckdb"
    for out in outputs:
        load_messages(out, DUCKDB, {"path": str(path)}, tmp_path)

    with duckdb.connect(str(path), read_only=True) as warehouse:
        found = warehouse.execute(SHOWN)
        names = [column[0] for column in found.description or ()]
        assert_titles_kept(*rows_of(names, found.fetchall()))

"""Which of several rows with one key is emitted, by the column that `order_by` names."""

from __future__ import annotations

import json
import logging

import pytest

from tap_cxone.simulator import Fault
from tests.support.analytics_exports import STREAM as BOTS
from tests.support.analytics_exports import changed_export_settings, run_exports
from tests.support.expectations import warnings_logged
from tests.support.observability import KB, run_tables, table_settings
from tests.support.payroll import PAYROLL, column_values, payroll_csv
from tests.support.rooms import NINE, NINE_LEFT, ROOMS

SETTING = "data_extraction.entities, entry 'payroll', order_by"
SINGLE_RECORDS = {"stream_maps": {PAYROLL: {"more": "'1'"}}}


def versions(*updates: str, title: str = "Upd %") -> str:
    """Return a file whose rows have one key; each is named after its line and is updated then."""
    lines = [f"1,0,{update},{number}" for number, update in enumerate(updates, 1)]
    return "\n".join([f"Record ID,Upd,{title},Line", *lines, ""])


# The column


@pytest.mark.parametrize("core", [{}, SINGLE_RECORDS], ids=["lines", "records"])
@pytest.mark.parametrize("title", ["Upd %", "upd_2", "UPD%"], ids=["title", "name", "spelling"])
def test_order_by_is_a_title_and_not_the_column_of_its_letters(payroll, core, title):
    """`Upd %` is another column than `Upd`, although both are `upd` in snake_case."""
    out = payroll.run(versions("1", "3", "2"), order_by=title, core=core)

    assert column_values(out, "line") == ["2"]


def test_order_by_of_a_table_is_a_title(sim, clock):
    """The same of a table of the dashboard."""
    sim.faults.add(Fault("download", "bytes", body=versions("1", "3", "2")))
    own = {"order_by": {KB: "Upd %"}, "primary_keys": {KB: ["Record ID"]}}

    out = run_tables(table_settings(sim, **own), clock)

    assert [record["line"] for record in out.records(KB)] == ["2"]


def test_order_by_of_an_export_is_a_title(sim, clock):
    """The same of JSON, whose keys may come in any row."""
    rows = [{"id": "1", "upd": 0, "line": 1}, *({"id": "1", "upd %": n} for n in (9, 10, 1))]
    sim.faults.add(Fault("download", "bytes", body=json.dumps(rows)))
    config = changed_export_settings(sim, order_by="upd %", required_fields=["id"])

    out = run_exports(config, clock)

    assert [record["upd_2"] for record in out.records(BOTS)] == ["10"]


def test_order_by_follows_a_column_that_moved(payroll):
    """A column with another type has another name; its title is the same."""
    first = payroll.run(versions("1"), order_by="Upd %", columns={"Upd %": "number"})

    second = payroll.run(
        versions("1", "3", "2"),
        first_day=2,
        state=first.state,
        order_by="Upd %",
        columns={"Upd %": "integer"},
        core={"on_type_change": "new_column"},
    )

    assert column_values(second, "line") == ["2"]


def test_order_by_that_no_title_has_is_warned_of_once(payroll, caplog):
    """The first row is emitted; the warning has the setting and the header."""
    file = versions("1", "3", "2")

    out = payroll.run(file, file, order_by="Updated")

    (warning,) = [text for text in warnings_logged(caplog) if "order_by" in text]
    assert column_values(out, "line") == ["1", "1"]
    assert "has the title 'Updated'" in warning
    assert SETTING in warning


def test_absent_column_of_order_by_is_no_warning_if_no_key_repeats(sim, clock, caplog):
    """Built-in workflows without `Last Updated` need no order, and the user has set none."""
    room = ROOMS[1]
    room.serve(sim, *NINE)

    out = room.run(room.settings(sim), clock)

    assert room.values(out) == NINE_LEFT
    assert [text for text in warnings_logged(caplog) if "order_by" in text] == []


def test_order_by_of_an_omitted_column_is_warned_of(payroll, caplog):
    """Without evolution of the schema an undeclared column is not read."""
    first = payroll.run(payroll_csv("Line", "1"))

    payroll.run(
        versions("1", "3", "2"),
        first_day=2,
        state=first.state,
        order_by="Upd %",
        core={"schema_drift": "ignore"},
    )

    (warning,) = [text for text in warnings_logged(caplog) if "order_by" in text]
    assert "Declare the column" in warning


def test_rows_that_order_by_drops_are_no_warning(payroll, caplog):
    """What the setting says is counted and needs no other key."""
    caplog.set_level(logging.INFO)

    payroll.run(versions("1", "3", "2"), order_by="Upd %")

    (text,) = [r.getMessage() for r in caplog.records if "were dropped" in r.getMessage()]
    assert "2 rows with the key of a row with a later upd_2" in text
    assert "primary_keys" not in text
    assert not [text for text in warnings_logged(caplog) if "dropped" in text]


# The order of undeclared values


@pytest.mark.parametrize(
    ("updates", "newest"),
    [
        (("9", "10", "-11"), 2),
        (("9.5", "1e1", "9.75"), 2),
        (("2026-11-20T10:00:00+00:00", "2026-11-20T09:30:00-05:00"), 2),
        (("2026-11-20 10:00", "2026-11-20T10:00:00.5"), 2),
        (("11/20/2026 9:00 PM", "11/20/2026 10:00 AM", "02/01/2027"), 3),
        (("13/02/2026", "01/03/2026", "02/02/2026"), 2),
        (("30.11.2025", "02.01.2026"), 2),
        (("9 Nov 2026", "10 Dec 2026"), 2),
        (("v9", "v10"), 1),
        (("9", "10", "n/a"), 3),
        (("2026-11-20", "10"), 1),
        (("13/02/2026", "02/13/2027"), 1),
        (("", "  ", "1"), 3),
    ],
    ids=[
        *("integers", "numbers", "offsets", "fraction", "month first", "day first", "dotted"),
        *("months by name", "texts", "a number that is none", "dates and numbers"),
        *("contradictory dates", "blanks"),
    ],
)
def test_undeclared_order_column_compares_by_what_all_its_values_are(payroll, updates, newest):
    """Numbers compare as numbers and dates as dates if all are such, otherwise all as texts."""
    out = payroll.run(versions(*updates), order_by="Upd %")

    assert column_values(out, "line") == [str(newest)]


def test_undeclared_order_column_is_read_in_the_formats_of_its_stream(payroll):
    """Decimal commas, words for null and the order of dates are those of the file."""
    csv = {"number_format": "1.234,5", "null_values": ["n/a"]}

    out = payroll.run(
        versions('"1.234,5"', '"99,5"', '"n/a"'),
        versions("02/01/2026", "01/02/2026"),
        order_by="Upd %",
        csv=csv,
        date_order="day_first",
    )

    assert column_values(out, "line") == ["1", "2"]

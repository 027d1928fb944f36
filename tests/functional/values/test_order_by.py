"""Which of several rows with one key is emitted, by the column that `order_by` names."""

from __future__ import annotations

import json
import logging

import pytest

from tap_cxone.simulator import Fault
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.expectations import failure, warnings_logged
from tests.support.payroll import PAYROLL, column_values, payroll_csv
from tests.support.rooms import NINE, NINE_LEFT, room_of

SETTING = f"{csv_jobs.FAMILY}.entities, entry 'payroll', order_by"
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
    own = {"order_by": {quota_jobs.KB: "Upd %"}, "primary_keys": {quota_jobs.KB: ["Record ID"]}}

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim, **own), clock)

    assert [record["line"] for record in out.records(quota_jobs.KB)] == ["2"]


def test_order_by_of_an_export_is_a_title(sim, clock):
    """The same of JSON, whose keys may come in any row."""
    rows = [{"id": "1", "upd": 0, "line": 1}, *({"id": "1", "upd %": n} for n in (9, 10, 1))]
    sim.faults.add(Fault("download", "bytes", body=json.dumps(rows)))
    config = json_jobs.changed_export_settings(sim, order_by="upd %", required_fields=["id"])

    out = json_jobs.run_exports(config, clock)

    assert [record["upd_2"] for record in out.records(json_jobs.STREAM)] == ["10"]


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
    room = room_of("qm_workflows")
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
        (("", "  ", "1"), 3),
    ],
    ids=[
        *("integers", "numbers", "offsets", "fraction", "month first", "day first", "dotted"),
        *("months by name", "texts", "a number that is none", "dates and numbers"),
        "blanks",
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


# The order of day and month of undeclared dates


def updated(*updates: str) -> str:
    """Return a file of rows with keys of their own, so that none is compared."""
    lines = [f"{number},0,{update},0" for number, update in enumerate(updates, 1)]
    return "\n".join(["Record ID,Upd,Upd %,Line", *lines, ""])


@pytest.mark.parametrize("earlier", [versions, updated], ids=["one key", "two keys"])
@pytest.mark.parametrize("runs", [1, 2])
def test_date_order_of_an_order_column_is_remembered(payroll, earlier, runs):
    """A later window or run compares its dates in the order that an earlier file showed."""
    files = earlier("13/02/2025", "01/03/2025"), versions("05/06/2025", "04/07/2025")
    if runs == 1:
        out = payroll.run(*files, order_by="Upd %")
    else:
        first = payroll.run(files[0], order_by="Upd %")
        out = payroll.run(files[1], first_day=2, state=first.state, order_by="Upd %")

    assert column_values(out, "line")[-1] == "2"
    assert out.state["bookmarks"][PAYROLL]["date_orders"] == {"upd_2": "day_first"}


def test_window_decides_the_date_order_of_an_order_column(payroll):
    """Dates near the window in one order are read so, as those of a declared column are."""
    out = payroll.run(versions("10/11/2026", "09/12/2026"), first_day=10, order_by="Upd %")

    assert column_values(out, "line") == ["2"]


def test_undecided_dates_of_an_order_column_are_warned_of_once(payroll, caplog):
    """The month counts as first, and the warning names the setting."""
    file = versions("05/06/2025", "04/07/2025")

    out = payroll.run(file, file, order_by="Upd %")

    (warning,) = [text for text in warnings_logged(caplog) if "date_order" in text]
    assert column_values(out, "line") == ["1", "1"]
    assert "no date of upd_2 shows its order" in warning


def test_contradictory_dates_of_an_order_column_fail_the_window(payroll):
    """The error names both settings that decide."""
    out = payroll.run(versions("13/02/2025", "02/13/2026"), order_by="Upd %")

    assert "entry 'payroll', date_order, or correct" in str(failure(out))
    assert SETTING in str(failure(out))
    assert out.records(PAYROLL) == []


def test_order_of_dates_that_the_setting_excludes_is_warned_of(payroll, caplog):
    """With `date_order` a date of the other order is a text like any other."""
    out = payroll.run(
        versions("13/02/2025", "02/12/2026"), order_by="Upd %", date_order="month_first"
    )

    assert column_values(out, "line") == ["1"]
    assert [text for text in warnings_logged(caplog) if "compared as texts" in text]


@pytest.mark.parametrize("core", [{}, SINGLE_RECORDS], ids=["lines", "records"])
@pytest.mark.parametrize(
    "updates",
    [("2026-11-20", "n/a"), ("n/a", "13/02/2026"), ("9", "n/a", "10"), ("2026-11-20", "10")],
    ids=["dates before", "dates after", "numbers", "both"],
)
def test_order_column_of_mixed_values_is_warned_of_once(payroll, caplog, updates, core):
    """They compare as texts, and the warning names what makes them comparable."""
    out = payroll.run(*[versions(*updates)] * 2, order_by="Upd %", core=core)

    (warning,) = [text for text in warnings_logged(caplog) if "compared as texts" in text]
    assert "entry 'payroll', columns" in warning
    assert "csv.null_values" in warning
    assert "date_orders" not in out.state["bookmarks"][PAYROLL]


@pytest.mark.parametrize(
    "file", [versions("v9", "v10"), updated("2026-11-20", "n/a")], ids=["texts", "no repeated key"]
)
def test_order_column_of_texts_needs_no_warning(payroll, caplog, file):
    """Texts compare as texts, and rows with keys of their own are not compared."""
    payroll.run(file, order_by="Upd %")

    assert not [text for text in warnings_logged(caplog) if "upd_2" in text]


def test_order_column_that_json_names_late_is_the_exact_title(sim, clock):
    """A key that only resembles the title says nothing of the dates."""
    rows = [{"id": "1", "UPD": "13/02/2025"}, *({"id": "1", "upd": n} for n in (9, 10, 1))]
    sim.faults.add(Fault("download", "bytes", body=json.dumps(rows)))
    config = json_jobs.changed_export_settings(sim, order_by="upd", required_fields=["id"])

    out = json_jobs.run_exports(config, clock)

    assert [record["upd_2"] for record in out.records(json_jobs.STREAM)] == ["10"]
    assert "date_orders" not in out.state["bookmarks"][json_jobs.STREAM]

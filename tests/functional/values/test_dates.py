"""Dates of files: the zone of their source, and the order of day and month."""

from __future__ import annotations

import pytest

from tap_cxone.errors import ConfigError, InvalidRecords
from tap_cxone.simulator import Fault
from tests.support.examples import csv_jobs, json_jobs, quota_jobs
from tests.support.expectations import failure, warnings_logged
from tests.support.payroll import PAYROLL, column_values, payroll_csv

WHEN = {"columns": {"When": "date-time"}}
SINGLE_RECORDS = {"stream_maps": {PAYROLL: {"more": "'1'"}}}
SETTING = f"{csv_jobs.FAMILY}.entities, entry 'payroll', date_order"


def days(out):
    """Return the days of `When`, as month and day."""
    return [value and value[5:10] for value in column_values(out, "when")]


# Zones


def test_local_time_of_an_entity_is_read_in_its_zone(payroll):
    """A date-time without an offset is read in the `timezone` of the entity."""
    out = payroll.run(
        payroll_csv("When", "2026-11-20 00:30:00"), timezone="America/New_York", **WHEN
    )

    assert column_values(out, "when") == ["2026-11-20T05:30:00+00:00"]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20T00:30:00", "2026-11-20T05:30:00+00:00"),
        ("2026-11-20T00:30:00Z", "2026-11-20T00:30:00+00:00"),
        ("2026-11-20T00:30:00+01:00", "2026-11-19T23:30:00+00:00"),
        ("11/20/2026 12:30 AM", "2026-11-20T05:30:00+00:00"),
        ("20.11.2026 00:30", "2026-11-20T05:30:00+00:00"),
        ("2026-11-01 01:30", "2026-11-01T05:30:00+00:00"),
        ("2026-03-08 02:30", "2026-03-08T07:30:00+00:00"),
    ],
    ids=["ISO", "UTC", "offset", "month first", "dotted", "hour that comes twice", "skipped hour"],
)
def test_date_time_in_a_zone_is_an_instant(payroll, text, instant):
    """Only a date-time without an offset is local; a change of clocks loses none."""
    out = payroll.run(payroll_csv("When", text), timezone="America/New_York", **WHEN)

    assert column_values(out, "when") == [instant]


def test_date_without_time_is_not_moved_by_the_zone(payroll):
    """A `date` stays the day that the file names."""
    kinds = {"Day": "date"}

    out = payroll.run(payroll_csv("Day", "2026-11-20"), timezone="Asia/Tokyo", columns=kinds)

    assert column_values(out, "day") == ["2026-11-20"]


def test_local_time_of_a_dashboard_table_is_read_in_the_zone_of_the_request(sim, clock):
    """The tables are exported in `timezone`, and read in it."""
    sim.faults.add(Fault("download", "bytes", body="Started\n2026-03-17 00:30:00\n"))
    config = quota_jobs.table_settings(sim, columns={quota_jobs.KB: {"Started": "date-time"}})

    out = quota_jobs.run_tables({**config, "timezone": "America/New_York"}, clock)

    assert [r["started"] for r in out.records(quota_jobs.KB)] == ["2026-03-17T04:30:00+00:00"]


def test_local_time_of_an_export_is_read_in_its_zone(sim, clock):
    """Texts of JSON have the zone of their export."""
    body = '[{"id": "1", "at": "2026-03-15T00:30:00"}]'
    sim.faults.add(Fault("download", "bytes", body=body))
    config = json_jobs.changed_export_settings(
        sim,
        timezone="America/New_York",
        columns={"at": "date-time"},
        required_fields=["id"],
    )

    out = json_jobs.run_exports(config, clock)

    assert [r["at"] for r in out.records(json_jobs.STREAM)] == ["2026-03-15T04:30:00+00:00"]


# Order of day and month


def test_dotted_date_has_the_day_first(payroll):
    """`05.11.2026` is the fifth of November, whatever `date_order` is."""
    out = payroll.run(payroll_csv("When", "05.11.2026 10:00"), date_order="month_first", **WHEN)

    assert days(out) == ["11-05"]


@pytest.mark.parametrize("text", ["05/11/2026", "5-11-2026", "05/11/26"])
def test_date_order_of_the_setting_is_used(payroll, text):
    """`day_first` reads numbers with slashes or hyphens so."""
    out = payroll.run(payroll_csv("When", text), date_order="day_first", **WHEN)

    assert days(out) == ["11-05"]


def test_one_date_that_exists_in_one_order_decides_the_column(payroll):
    """The rows before that date are read in its order too."""
    out = payroll.run(payroll_csv("When", "01/02/2025", "02/02/2025", "13/02/2025"), **WHEN)

    assert days(out) == ["02-01", "02-02", "02-13"]


@pytest.mark.ci
@pytest.mark.parametrize("core", [{}, SINGLE_RECORDS], ids=["lines", "records"])
@pytest.mark.parametrize("kind", ["date", "date-time"])
def test_last_of_many_dates_decides_the_column(payroll, kind, core):
    """Blocks of lines that were serialised before are made anew."""
    dates = ["01/02/2025"] * 2500

    out = payroll.run(payroll_csv("When", *dates, "31/01/2025"), columns={"When": kind}, core=core)

    assert days(out) == [*["02-01"] * 2500, "01-31"]


def test_columns_of_a_file_are_decided_each_for_itself(payroll):
    """One column may have the day first and another the month."""
    cells = ("13/02/2025,02/13/2025", "01/02/2025,02/01/2025")
    kinds = {"When": "date", "Due": "date"}

    out = payroll.run(payroll_csv("When,Due", *cells), columns=kinds)

    assert column_values(out, "when") == column_values(out, "due") == ["2025-02-13", "2025-02-01"]


def test_contradictory_dates_fail_the_window_naming_the_setting(payroll):
    """Dates of either order in one column: nothing is emitted."""
    out = payroll.run(payroll_csv("When", "13/02/2025", "02/13/2025"), **WHEN)

    assert isinstance(failure(out), InvalidRecords)
    assert SETTING in str(failure(out))
    assert "when" in str(failure(out))
    assert out.records(PAYROLL) == []


def test_date_of_the_other_order_than_the_window_shows_fails_the_window(payroll):
    """One old date does not change what all dates near their window show."""
    dates = ["11/03/2026 09:01"] * 5

    out = payroll.run(payroll_csv("When", *dates, "31/12/2025 10:00"), first_day=3, **WHEN)

    assert SETTING in str(failure(out))
    assert out.records(PAYROLL) == []


def test_few_dates_near_their_window_by_chance_do_not_fail_it(payroll):
    """Of dates spread over the years, some are near the window in the wrong order."""
    chance, far = ["11/03/2026"] * 3, ["02/01/2027", "04/05/2028"]

    out = payroll.run(payroll_csv("When", *chance, *far, "31/12/2025"), first_day=3, **WHEN)

    assert days(out) == ["03-11"] * 3 + ["01-02", "05-04", "12-31"]


def test_contradictory_dates_with_the_setting_make_invalid_rows(payroll):
    """The setting says which of the dates are wrong."""
    dates = ["01/02/2025"] * 20

    out = payroll.run(payroll_csv("When", *dates, "13/02/2025"), date_order="month_first", **WHEN)

    assert days(out) == ["01-02"] * 20
    assert [row["field"] for row in out.records("quarantine")] == ["when"]


def test_undecided_dates_have_the_month_first_and_one_warning(payroll, caplog):
    """Nothing shows the order in either window: the setting is named once."""
    text = payroll_csv("When", "01/02/2020")

    out = payroll.run(text, text, **WHEN)

    assert days(out) == ["01-02"] * 2
    (warning,) = [text for text in warnings_logged(caplog) if "date_order" in text]
    assert SETTING in warning


def test_date_order_of_the_setting_leaves_nothing_undecided(payroll, caplog):
    """With the setting there is no warning."""
    payroll.run(payroll_csv("When", "01/02/2020"), date_order="month_first", **WHEN)

    assert not [text for text in warnings_logged(caplog) if "date_order" in text]


def test_equal_day_and_month_need_no_order(payroll, caplog):
    """`02/02/2020` is one date in any order."""
    out = payroll.run(payroll_csv("When", "02/02/2020"), **WHEN)

    assert days(out) == ["02-02"]
    assert not [text for text in warnings_logged(caplog) if "date_order" in text]


def test_decided_order_is_remembered_by_the_next_run(payroll):
    """A later file that shows nothing is read in the order that an earlier one showed."""
    first = payroll.run(payroll_csv("When", "13/02/2025"), **WHEN)

    second = payroll.run(payroll_csv("When", "01/02/2025"), state=first.state, first_day=2, **WHEN)

    assert first.state["bookmarks"][PAYROLL]["date_orders"] == {"when": "day_first"}
    assert days(second) == ["02-01"]


def test_order_that_changes_is_followed_and_warned_of(payroll, caplog):
    """What the present file shows wins over what earlier ones did."""
    out = payroll.run(payroll_csv("When", "13/02/2025"), payroll_csv("When", "02/13/2025"), **WHEN)

    assert days(out) == ["02-13", "02-13"]
    (warning,) = [text for text in warnings_logged(caplog) if "date_order" in text]
    assert "another order" in warning


# The window


def test_dates_near_their_window_in_one_order_decide_the_column(payroll):
    """The rows of a window of November are no rows of January to May."""
    cells = [f"{day:02}/11/2026 09:23" for day in range(1, 6)]

    out = payroll.run(payroll_csv("When", *cells), first_day=3, **WHEN)

    assert days(out) == [f"11-{day:02}" for day in range(1, 6)]


def test_dates_near_their_window_with_the_month_first_need_no_warning(payroll, caplog):
    """The window shows the usual order too."""
    out = payroll.run(payroll_csv("When", "11/03/2026", "11/04/2026"), first_day=3, **WHEN)

    assert days(out) == ["11-03", "11-04"]
    assert not [text for text in warnings_logged(caplog) if "date_order" in text]


def test_dates_far_from_their_window_in_both_orders_stay_undecided(payroll, caplog):
    """A date of birth says nothing."""
    out = payroll.run(payroll_csv("When", "01/11/1984", "02/10/1991"), first_day=3, **WHEN)

    assert days(out) == ["01-11", "02-10"]
    assert [text for text in warnings_logged(caplog) if SETTING in text]


def test_setting_that_puts_dates_far_from_their_window_is_warned_of(payroll, caplog):
    """The setting is kept, and named."""
    cells = [f"{day:02}/11/2026" for day in range(1, 6)]

    out = payroll.run(payroll_csv("When", *cells), first_day=3, date_order="month_first", **WHEN)

    assert days(out) == [f"{month:02}-11" for month in range(1, 6)]
    (warning,) = [text for text in warnings_logged(caplog) if "date_order" in text]
    assert "only in the other order" in warning


# What is no date


@pytest.mark.parametrize(
    "text", ["261130", "1130", "11.30", "20261", "26-11-30", "31.13.2026", "13/13/2026"]
)
def test_number_is_no_date(payroll, text):
    """Digits that a parser would complete are an invalid cell."""
    out = payroll.run(payroll_csv("When", text), core={"invalid_records": "fail"}, **WHEN)

    assert "column when has a value that is not of type date-time" in str(failure(out))


def test_eight_digits_are_a_date_of_iso_8601(payroll):
    """`20261130` is the basic format; as day or month first these digits are no date."""
    texts = ("20261130", "20261130T1015", "30112026", "11302026")

    out = payroll.run(payroll_csv("When", *texts), **WHEN)

    assert column_values(out, "when") == ["2026-11-30T00:00:00+00:00", "2026-11-30T10:15:00+00:00"]
    assert len(out.records("quarantine")) == 2


def test_zone_that_does_not_exist_is_a_problem_of_the_settings(payroll):
    """The path of the setting is named before any request."""
    with pytest.raises(ConfigError, match=r"entities, entry 'payroll', timezone is 'Mars/Olympus'"):
        payroll.run(payroll_csv("When"), timezone="Mars/Olympus", **WHEN)

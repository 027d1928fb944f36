"""Few dates: what one window shows of the order of day and month, beside others and the setting."""

from __future__ import annotations

import pytest

from tests.support.expectations import warnings_logged
from tests.support.payroll import PAYROLL, column_values, payroll_csv

WHEN = {"columns": {"When": "date-time"}}
OPPOSED = "04/11/2026 09:23"  # in a window of 4 November the day is first
AS_REMEMBERED = "11/03/2026"  # in a window of 3 November the month is first


def order_warnings(caplog):
    """Return the warnings that name the setting."""
    return [text for text in warnings_logged(caplog) if "date_order" in text]


def month_of(out):
    """Return the months of `When`."""
    return [value and value[5:7] for value in column_values(out, "when")]


@pytest.mark.ci
@pytest.mark.parametrize("number", [1, 2])
def test_few_dates_oppose_an_order_that_one_date_showed(payroll, caplog, number):
    """One date of an earlier window is no better than one of the present window."""
    files = (payroll_csv("When", AS_REMEMBERED), payroll_csv("When", *[OPPOSED] * number))

    out = payroll.run(*files, first_day=3, **WHEN)

    assert month_of(out) == ["11"] * (1 + number)
    (warning,) = order_warnings(caplog)
    assert "another order than in earlier windows" in warning


def test_two_dates_of_earlier_windows_outweigh_one(payroll, caplog):
    """The votes of windows add up, over runs too; one that is not followed is warned of."""
    first = payroll.run(payroll_csv("When", AS_REMEMBERED), first_day=3, **WHEN)
    second = payroll.run(payroll_csv("When", "11/04/2026"), first_day=4, state=first.state, **WHEN)

    third = payroll.run(payroll_csv("When", "05/11/2026"), first_day=5, state=second.state, **WHEN)

    assert second.state["bookmarks"][PAYROLL]["date_votes"] == {"when": 2}
    assert month_of(third) == ["05"]
    (warning,) = order_warnings(caplog)
    assert "which was kept" in warning


def test_order_that_one_date_proves_outweighs_two_near_dates(payroll, caplog):
    """A date that exists in one order only counts as three."""
    files = (payroll_csv("When", "11/13/2025"), payroll_csv("When", *[OPPOSED] * 2))

    out = payroll.run(*files, first_day=3, **WHEN)

    assert month_of(out) == ["11", "04", "04"]
    assert len(order_warnings(caplog)) == 1


def test_three_near_dates_outweigh_an_order_that_was_proved(payroll, caplog):
    """The window itself shows it."""
    files = (payroll_csv("When", "11/13/2025"), payroll_csv("When", *[OPPOSED] * 3))

    out = payroll.run(*files, first_day=3, **WHEN)

    assert month_of(out) == ["11"] * 4


@pytest.mark.parametrize("number", [1, 2])
def test_setting_is_named_if_a_small_window_contradicts_it(payroll, caplog, number):
    """The setting is kept, whatever the number of dates is."""
    out = payroll.run(
        payroll_csv("When", *[OPPOSED] * number), first_day=4, date_order="month_first", **WHEN
    )

    assert month_of(out) == ["04"] * number
    (warning,) = order_warnings(caplog)
    assert "only in the other order" in warning


@pytest.mark.parametrize("rows", [3, 30])
def test_date_beside_an_invalid_cell_votes_once(payroll, rows):
    """A block with an invalid row is converted in parts, and each date counts once."""
    known = payroll.run(payroll_csv("When", "11/13/2025"), first_day=3, **WHEN)
    cells = [*["2026-11-04,1"] * rows, f"{OPPOSED},x", f"{OPPOSED},2"]
    kinds = {"When": "date-time", "Hours": "number"}

    out = payroll.run(
        payroll_csv("When,Hours", *cells), first_day=4, state=known.state, columns=kinds
    )

    assert month_of(out)[rows:] == ["04"]
    assert "date_votes" not in out.state["bookmarks"][PAYROLL]
    assert out.state["bookmarks"][PAYROLL]["date_orders"] == {"when": "month_first"}


@pytest.mark.parametrize(
    "far",
    [["05/06/2027"], ["05/06/2027"] * 20, ["01/02/1984", "03/04/2031"]],
    ids=["one", "many", "earlier and later"],
)
def test_dates_far_from_their_window_do_not_outvote_those_near_it(payroll, far):
    """They show nothing, so one date that is near its window in one order decides."""
    out = payroll.run(payroll_csv("When", OPPOSED, *far), first_day=4, **WHEN)

    assert month_of(out)[0] == "11"
    assert month_of(out)[1] == far[0][3:5]
    assert out.state["bookmarks"][PAYROLL]["date_orders"] == {"when": "day_first"}


@pytest.mark.parametrize(("far", "number"), [(1, 1), (0, 0)], ids=["far", "none"])
def test_order_that_only_a_few_dates_show_is_warned_of(payroll, caplog, far, number):
    """The warning says why the order counts and names the setting."""
    cells = [OPPOSED, *["05/06/2027"] * far]

    payroll.run(payroll_csv("When", *cells), first_day=4, **WHEN)

    warnings = order_warnings(caplog)
    assert len(warnings) == number
    assert all("only a few dates of when are near their window" in text for text in warnings)


@pytest.mark.ci
def test_dates_near_their_window_in_either_order_stay_undecided(payroll, caplog):
    """Dates spread over a year are near the window in the one order as often as in the other."""
    cells = [OPPOSED, "11/04/2026", "12/11/2026", "11/12/2026", "11/03/2026"]

    out = payroll.run(payroll_csv("When", *cells), first_day=4, **WHEN)

    assert month_of(out) == ["04", "11", "12", "11", "11"]
    (warning,) = order_warnings(caplog)
    assert "no date of when shows its order" in warning

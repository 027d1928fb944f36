"""Notices that an API sends in place of a CSV table."""

from __future__ import annotations

import pytest

from tap_cxone.errors import DecodeError
from tap_cxone.rows.decode.notice import is_no_data, is_prose
from tap_cxone.simulator import Fault
from tests.support.examples import quota_jobs
from tests.support.expectations import failure

NO_DATA = [
    "No data found",
    "NO DATA FOUND.",
    "no records",
    "No results were found",
    "No rows found",
    "No records found for the selected date range",
    "No data available for the selected period.",
    "There are no records between 2026-03-16 and 2026-03-17",
    "Your query returned 0 rows",
    "No matching records found",
    "no results match the selected filters",
    "No data to export",
]
PROSE = [
    "Export failed, please try again later",
    "Sorry, the export could not be created, contact support",
    "Error: timeout, export failed",
    "Internal Server Error, request 12",
    "Service Unavailable, 503",
]
ROWLESS_PROSE = ["Error 500, Reference A12", "Sorry, Nothing For You"]
HEADERS = [
    "Interaction ID,Contact ID,Failure Reason",
    "Interaction ID, Contact ID, Error Code",
    "id,name,error",
    "Time to first response,agent name",
    "Calls, Not Answered, Level 1",
]


def serve(sim, body, times=2):
    """Answer downloads with a file."""
    sim.faults.add(Fault("download", "bytes", body=body, times=times))


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize(
    "text",
    [
        *PROSE,
        *ROWLESS_PROSE,
        "Export failed, try again later\nor call, please\n",
        "Internal Server Error, request 12\nCall Us, Code 7\n",
    ],
)
def test_prose_in_place_of_a_table_is_no_empty_window(sim, clock, text):
    """A sentence with commas fails the window, also if no column is known yet."""
    serve(sim, text)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert isinstance(failure(out), DecodeError)
    assert text.splitlines()[0] in str(failure(out))
    assert out.bookmark(quota_jobs.KB) is None


@pytest.mark.promise("whole-files")
def test_header_without_rows_and_known_columns_is_refused(sim, clock):
    """An empty file with other columns than those learned fails its window."""
    config = quota_jobs.table_settings(sim)
    first = quota_jobs.run_tables(config, clock)
    serve(sim, "Code,Reason\n")

    out = quota_jobs.run_tables(
        config | {"end_date": "2026-03-19T00:00:00Z"}, clock, state=first.state
    )

    assert isinstance(failure(out), DecodeError)
    assert "only unknown columns (Code, Reason)" in str(failure(out))
    assert f"{quota_jobs.FAMILY}.columns" in str(failure(out))
    assert out.bookmark(quota_jobs.KB) == first.bookmark(quota_jobs.KB)


def test_header_without_rows_and_one_known_column_is_an_empty_window(sim, clock):
    """An empty file that shares a column with those learned is an empty window."""
    config = quota_jobs.table_settings(sim)
    first = quota_jobs.run_tables(config, clock)
    serve(sim, "Interaction ID,Reason\n", times=1)

    out = quota_jobs.run_tables(
        config | {"end_date": "2026-03-19T00:00:00Z"}, clock, state=first.state
    )

    assert out.error is None
    assert out.bookmark(quota_jobs.KB) == "2026-03-19T00:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [
        "No data found",
        "No data found\r\n",
        "No records found for the selected date range",
        "No data found for the dates selected, from 16/03/2026 to 17/03/2026\n",
        "Interaction ID,Team\nNo data found\n",
        "Interaction ID,Team\nNo data found,\n",
    ],
)
def test_no_data_found_is_an_empty_window(sim, clock, body):
    """The words alone, or in one cell below a header, are an empty window."""
    serve(sim, body, times=1)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert out.error is None
    assert out.records(quota_jobs.KB) == []
    assert out.bookmark(quota_jobs.KB) == "2026-03-18T00:00:00+00:00"


def test_no_data_found_beside_other_rows_is_a_row(sim, clock):
    """The words in one of several rows are a row like any other."""
    serve(sim, "Interaction ID,Team\nNo data found,\na,b\n", times=1)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert len(out.records(quota_jobs.KB)) == 2


@pytest.mark.parametrize("text", NO_DATA)
def test_no_data_is_recognised(text):
    """The usual words for no rows are recognised in a single cell."""
    assert is_no_data(["", text])


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "No data plan",
        "Data",
        "No results for Anna's contract",
        "No data found for this period, since the export failed",
        "No data found, please try again later",
    ],
)
def test_other_text_is_not_no_data(text):
    """A cell with other words is not."""
    assert not is_no_data([text])


def test_row_of_two_cells_is_not_no_data():
    """The only row of a table may begin with the same words."""
    assert not is_no_data(["No results found for Anna", "2026-03-16"])


def test_blanks_after_commas_in_a_header_with_rows_are_accepted(sim, clock):
    """A header with blanks after its commas is a table if rows follow, also unknown ones."""
    serve(sim, "Interaction ID, Error Code\na,b\n", times=1)

    out = quota_jobs.run_tables(quota_jobs.table_settings(sim), clock)

    assert out.error is None
    assert len(out.records(quota_jobs.KB)) == 1


@pytest.mark.parametrize("text", HEADERS)
def test_titles_are_no_prose(text):
    """Titles of columns are no sentence, whatever they are about."""
    assert not is_prose(text.split(","))


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_recognised(text):
    """A sentence with commas is recognised."""
    assert is_prose(text.split(","))

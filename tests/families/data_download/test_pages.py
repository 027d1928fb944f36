"""Data download: paging, and pages that change meanwhile."""

from __future__ import annotations

import pytest

from tap_cxone.errors import ApiError, DownloadError, PermissionDenied, Unavailable
from tap_cxone.simulator import Fault
from tests.support.data_download import (
    DOWNLOAD,
    STREAM,
    UTC_ZONE,
    download_settings,
    expected,
    interaction,
    one_day,
    page,
    page_bodies,
    run_downloads,
    serve_pages,
    sorted_ids,
)
from tests.support.expectations import failure, warnings_logged
from tests.support.ids import readable
from tests.support.requests import requests_to


@pytest.mark.parametrize("size", [1, 5, 6, 11, 12, 13, 10_000])
def test_any_page_size(utc, clock, size):
    """Whatever the size of a page, all rows come once, and no page is requested in vain.

    The exception is a total that equals one full page: it may be the number of rows of the page.
    """
    sim = utc()

    out = run_downloads(one_day(sim, size), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)
    assert [body["offset"] for body in page_bodies(sim)] == [
        *range(0, 12, size),
        *([12] if size == 12 else []),
    ]
    assert {body["limit"] for body in page_bodies(sim)} == {size}


def test_no_rows(utc, clock):
    """A window without rows is committed."""
    sim = utc(rows_per_day=0)

    out = run_downloads(one_day(sim, 5), clock)

    assert out.error is None
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_short_pages(utc, clock, size):
    """A page with fewer rows than requested is not the last one: the next begins after it."""
    sim = utc(page_quirk="short")

    out = run_downloads(one_day(sim, size), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_total_smaller_than_the_rows_is_not_believed(utc, clock, size):
    """Where every page announces one row and five exist, paging ends with an empty page."""
    sim = utc()
    rows = [interaction(number) for number in range(5)]
    serve_pages(sim, *(page(*rows[at : at + size], total=1) for at in range(0, 5, size)))
    serve_pages(sim, page(total=1))

    out = run_downloads(one_day(sim, size), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == ["i0", "i1", "i2", "i3", "i4"]


@pytest.mark.parametrize("size", [5, 6, 12, 13])
def test_no_total(utc, clock, size):
    """Without a total, paging ends with a page that has no rows."""
    sim = utc(page_quirk="no-total")

    out = run_downloads(one_day(sim, size), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)


def test_page_repeated_for_ever_fails(utc, clock):
    """An API that repeats a page for ever is an error."""
    sim = utc(page_quirk="repeat")

    out = run_downloads(one_day(sim, 5), clock)

    assert isinstance(failure(out), DownloadError)
    assert "repeats an earlier one" in str(failure(out))
    assert "window_days" in str(failure(out))
    assert len(requests_to(sim, DOWNLOAD)) == 2
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_returned_records_that_are_wrong(utc, clock):
    """A page with another row count than announced is an error."""
    sim = utc(page_quirk="wrong-returned")

    out = run_downloads(one_day(sim, 5), clock)

    assert isinstance(failure(out), ApiError)
    assert "6" in str(failure(out))
    assert "5" in str(failure(out))
    assert out.records(STREAM) == []


def test_fewer_than_announced(utc, clock):
    """Pages that end before the total are an error: rows are missing."""
    sim = utc()
    serve_pages(sim, page(interaction(0), interaction(1), total=5), page(total=5))

    out = run_downloads(one_day(sim, 2), clock)

    assert isinstance(failure(out), DownloadError)
    assert "5" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.parametrize(
    "answer", [{}, [], {"data": None}, {"data": {}}, "null", '"data"'], ids=readable
)
def test_no_page(utc, clock, answer):
    """An answer without rows is no page without rows: it is an error."""
    sim = utc()
    serve_pages(sim, *[answer] * 3)

    out = run_downloads(one_day(sim, 5, max_retries=1), clock)

    assert isinstance(failure(out), ApiError)
    assert out.records(STREAM) == []


@pytest.mark.parametrize("growing", [1, 3, 7])
def test_rows_that_are_added(utc, clock, growing):
    """Rows that are added at the end while pages are read are read too."""
    sim = utc(late_rows=growing)

    out = run_downloads(one_day(sim, 4), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)


@pytest.mark.parametrize("shrinking", [1, 2, 4, 9])
def test_rows_that_vanish(utc, clock, caplog, shrinking):
    """If rows vanish while pages are read the window is read again, and is exact."""
    sim = utc(vanishing_rows=shrinking)

    out = run_downloads(one_day(sim, 5), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)
    assert any("again" in warning for warning in warnings_logged(caplog))
    assert [body["offset"] for body in page_bodies(sim)] == [0, 5, 0, 5, 10]


def test_rows_that_never_stand_still(utc, clock):
    """A window that changes whenever it is read is given up after max_retries."""
    sim = utc()
    serve_pages(sim, *[page(interaction(0), total=3), page(interaction(1), total=2)] * 9)

    out = run_downloads(one_day(sim, 1, max_retries=2), clock)

    assert isinstance(failure(out), DownloadError)
    assert len(requests_to(sim, DOWNLOAD)) == 3 * 2
    assert out.records(STREAM) == []


@pytest.mark.parametrize("added", [1, 2, 3])
def test_rows_that_are_added_in_front(utc, clock, added):
    """Rows that are added before the place reached move the others: the window is read again."""
    sim = utc()
    before = [interaction(number) for number in range(10, 18)]
    after = [*(interaction(number) for number in range(added)), *before]
    serve_pages(sim, page(*before[:3], total=len(before)))
    for start in (3, *range(0, len(after), 3)):
        serve_pages(sim, page(*after[start : start + 3], total=len(after)))

    out = run_downloads(one_day(sim, 3), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == sorted_ids(after, "interactionId")


def test_rows_added_in_front_without_a_total_are_noticed(utc, clock):
    """Without a total a page with a row that came before shows that rows have moved."""
    sim = utc()
    before = [interaction(number) for number in range(10, 16)]
    after = [interaction(0), *before]
    serve_pages(sim, page(*before[:3], totalRecords=None))
    for start in (3, 0, 3, 6, 9):
        serve_pages(sim, page(*after[start : start + 3], totalRecords=None))

    out = run_downloads(one_day(sim, 3), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == sorted_ids(after, "interactionId")


FAULTS = [
    Fault("page", "status", status=429, headers=(("Retry-After", "7"),), after=1),
    Fault("page", "status", status=429, after=1, times=2),
    Fault("page", "status", status=500, after=1),
    Fault("page", "status", status=503, after=1, times=3),
    Fault("page", "reset", after=1),
    Fault("page", "reply-lost", after=1),
    Fault("page", "malformed-json", after=1),
    Fault("page", "truncated", after=1),
    Fault("page", "empty", after=1),
    Fault("page", "html", after=2),
]


@pytest.mark.some(3)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_page_that_fails_for_now_is_requested_again(utc, clock, fault):
    """A page that fails for the moment is repeated at its offset, and nothing is lost."""
    sim = utc()
    sim.faults.add(fault)

    out = run_downloads(one_day(sim, 5), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)
    assert sorted({body["offset"] for body in page_bodies(sim)}) == [0, 5, 10]


@pytest.mark.promise("whole-files")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("page", "status", status=500, after=4, times=99), Unavailable),
        (Fault("page", "status", status=403, after=4, times=99), PermissionDenied),
        (Fault("page", "status", status=400, after=4, times=99), ApiError),
    ],
    ids=readable,
)
def test_download_window_that_fails_emits_nothing(utc, clock, fault, kind):
    """A failed window emits no record; those before it are kept, and read only once."""
    sim = utc()
    sim.faults.add(fault)
    config = download_settings(sim, 3, zone=UTC_ZONE, own={"page_size": 5}, max_retries=1)

    first = run_downloads(config, clock)
    sim.faults.clear()
    second = run_downloads(config, clock, state=first.state)

    assert isinstance(failure(first), kind)
    assert sorted_ids(first.records(STREAM)) == expected(sim)
    assert first.bookmark(STREAM) == "2026-03-16T00:00:00+00:00"
    assert second.error is None
    assert sorted_ids([*first.records(STREAM), *second.records(STREAM)]) == expected(sim, 3)


DAY_BEFORE = {"from": "2026-03-14T04:00:00Z", "to": "2026-03-15T03:59:59Z"}
PLACES = {
    "date of the filter": {"filter": {"date": DAY_BEFORE}},
    "range of the filter": {"filter": {"date_range": DAY_BEFORE}},
    "range": {"dateRange": DAY_BEFORE},
    "ends": {"startDate": "2026-03-14", "endDate": "2026-03-14"},
}


@pytest.mark.parametrize("shown", PLACES.values(), ids=PLACES)
def test_page_of_other_dates_fails_the_window(sim, clock, shown):
    """A page that shows other dates than requested is not committed."""
    serve_pages(sim, page(interaction(0), **shown))

    out = run_downloads(download_settings(sim), clock)

    assert "not of the requested 2026-03-15" in str(failure(out))
    assert out.records(STREAM) == []


def test_page_that_shows_the_requested_dates_is_read(sim, clock):
    """A page may repeat the filter of its request."""
    dates = {"from": "2026-03-15T04:00:00Z", "to": "2026-03-16T03:59:59Z"}
    serve_pages(sim, page(interaction(0), filter={"date": dates, "timeZone": "America/New_York"}))

    assert run_downloads(download_settings(sim), clock).error is None


def test_page_without_rows_shows_the_words_of_the_api(sim, clock, caplog):
    """A message beside an empty list of rows may be no error; a warning shows it."""
    serve_pages(sim, page(message="The report was not computed", totalRecords=0))

    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    assert [w for w in warnings_logged(caplog) if "API says: The report was not computed" in w]


def test_page_without_rows_shows_no_object_as_the_words_of_the_api(sim, clock, caplog):
    """A message that is an object may have the values of a row, so no line shows it."""
    serve_pages(sim, page(message={"agentName": "Jane Roe"}, totalRecords=0))

    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    assert "Jane Roe" not in caplog.text


ECHO = {"filter": {"timeZone": "America/New_York"}, "report": "Interaction/Call"}


@pytest.mark.parametrize("echo", [{}, ECHO], ids=["alone", "echo"])
@pytest.mark.parametrize(
    "words", [{"error": "Report is broken"}, {"errors": ["Report is broken"]}], ids=str
)
def test_page_without_rows_that_names_an_error_fails_the_window(sim, clock, words, echo):
    """An error beside an empty list of rows is no empty window, whatever else the page repeats."""
    serve_pages(sim, page(**words, **echo), page(**words, **echo))

    out = run_downloads(download_settings(sim, max_retries=0), clock)

    assert "Report is broken" in str(failure(out))
    assert out.bookmark(STREAM) is None

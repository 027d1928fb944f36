"""Scheduled reports: results in pages and in files."""

from __future__ import annotations

import pytest

from tap_cxone.errors import CXoneError, DownloadError, JobFailed
from tap_cxone.simulator import Fault
from tests.support.expectations import failure, warnings_logged
from tests.support.ids import readable
from tests.support.requests import json_body, polls, submits
from tests.support.scheduled_reports import (
    MINUTE,
    STREAM,
    answer,
    done,
    further_pages,
    report_row,
    report_settings,
    run_reports,
    strip,
    sums,
    whole,
)


@pytest.mark.parametrize("size", [1, 2, 9, 100])
def test_report_pages_are_read_once_each(simulate, clock, size):
    """All pages are read, whatever their size, and none twice."""
    sim = simulate(page_size_reports=size)

    out = run_reports(report_settings(sim), clock)

    tokens = [seen.query["pageToken"] for seen in further_pages(sim)]
    assert whole(out, sim)
    assert len(tokens) == -(-len(sums(sim)) // size) - 1
    assert len(set(tokens)) == len(tokens)
    assert len(polls(sim)) == 2


def test_just_full_pages(simulate, clock):
    """Pages that are all full are read to their end."""
    sim = simulate(page_size_reports=4)
    number = len(sums(sim))
    sizes = [size for size in range(2, number) if number % size == 0] or [1]
    exact = simulate(page_size_reports=sizes[0])

    assert whole(run_reports(report_settings(exact), clock), exact)
    assert len(further_pages(exact)) == number / sizes[0] - 1


def test_empty_pages(sim, clock):
    """A page without rows is no end; a missing, null or empty token is one."""
    answer(sim, "poll", done(nextPageToken="a+b/c=&d#"))
    answer(sim, "page", done(report_row(), nextPageToken="b"), done(nextPageToken="c"))
    answer(sim, "page", done(report_row(agentId="008"), nextPageToken=None))

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert [r["agent_id"] for r in out.records(STREAM)] == ["007", "008"]
    assert [seen.query["pageToken"] for seen in further_pages(sim)] == ["a+b/c=&d#", "b", "c"]


@pytest.mark.parametrize("total", [10, 2, 0, "10"], ids=["more", "fewer", "none", "text"])
@pytest.mark.parametrize("key", ["totalRecords", "total"])
def test_result_with_another_total_than_its_rows_fails(sim, clock, total, key):
    """A result that announces another number of rows than it has is not committed."""
    rows = [report_row(agentId=str(number)) for number in range(3)]
    answer(sim, "poll", done(*rows, **{key: total}), times=9)

    out = run_reports(report_settings(sim, max_retries=1), clock)

    assert isinstance(failure(out), DownloadError)
    assert f"received 3 of {total} announced rows" in str(failure(out))
    assert out.bookmark(STREAM) is None


@pytest.mark.parametrize(
    "shown",
    [
        {"type": "absolute", "start": "2026-03-14T00:00:00Z", "end": "2026-03-15T00:00:00Z"},
        {"type": "absolute", "start": "2026-03-15", "end": "2026-03-17"},
        {"type": "relative", "value": "previousDay"},
        {"start": "2026-03-15T00:00:00Z", "end": "soon"},
        {"from": "2026-03-14T00:00:00Z", "to": "2026-03-14T23:59:59Z"},
    ],
    ids=["another day", "two days", "relative", "no date", "other keys"],
)
def test_result_of_another_date_range_fails(sim, clock, shown):
    """A result that shows other dates than requested is the failure of its job."""
    answer(sim, "poll", done(report_row(), dateRange=shown))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "not of the requested 2026-03-15" in str(failure(out))
    assert out.records(STREAM) == []


OTHER_DAY = {"start": "2026-03-14", "end": "2026-03-14"}
OTHER_PLACES = {
    "snake_case": {"date_range": OTHER_DAY},
    "in the report": {"report": {"id": 7, "DateRange": OTHER_DAY}},
    "at the top": {"startDate": "2026-03-14", "endDate": "2026-03-14"},
    "at the top, as of exports": {"date_from": "2026-03-14", "date_to": "2026-03-14"},
}


@pytest.mark.parametrize("place", OTHER_PLACES.values(), ids=OTHER_PLACES)
def test_result_with_another_date_range_in_any_place_fails(sim, clock, place):
    """The dates of a result may have any spelling, and may stand beside its rows."""
    answer(sim, "poll", done(report_row(), **place))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "the result is of 2026-03-14 to 2026-03-14" in str(failure(out))


@pytest.mark.parametrize(
    "words",
    [{"error": "It is broken"}, {"errors": [{"message": "It is broken"}]}],
    ids=["error", "errors"],
)
def test_completed_result_with_an_error_and_no_rows_fails(sim, clock, words):
    """An error beside an empty list of rows is no empty window."""
    answer(sim, "poll", done(**words))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "It is broken" in str(failure(out))
    assert out.bookmark(STREAM) is None


def test_result_with_the_time_of_its_start_is_read(sim, clock):
    """A start without an end is a time of the run, and says nothing of the rows."""
    answer(sim, "poll", done(report_row(), startDate="2026-03-16T05:30:07Z"))

    assert run_reports(report_settings(sim), clock).error is None


def test_result_whose_report_shows_another_date_range_fails(sim, clock):
    """The date range may stand in an object that describes the report."""
    day_before = {"type": "absolute", "start": "2026-03-14", "end": "2026-03-14"}
    answer(sim, "poll", done(report_row(), report={"id": 7, "dateRange": day_before}))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), JobFailed)
    assert "the result is of 2026-03-14 to 2026-03-14" in str(failure(out))


def test_result_whose_report_has_a_relative_date_range_is_read(sim, clock):
    """The relative range of a definition is not that of a run with dates of its own."""
    relative = {"type": "relative", "value": "previousDay"}
    answer(sim, "poll", done(report_row(), report={"dateRange": relative}))

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert len(out.records(STREAM)) == 1


@pytest.mark.parametrize(
    "end",
    ["2026-03-15T23:59:59.999Z", "2026-03-15T23:59:59Z", "2026-03-16T00:00:00+00:00", "2026-03-15"],
)
def test_result_of_the_requested_date_range_in_any_form_is_read(sim, clock, end):
    """The last instant, the next midnight and the last day are the same end."""
    shown = {"type": "absolute", "start": "2026-03-15T00:00:00Z", "end": end}
    answer(sim, "poll", done(report_row(), dateRange=shown))

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert len(out.records(STREAM)) == 1


@pytest.mark.parametrize(
    "shown",
    [
        {"from": "2026-03-15T00:00:00Z", "to": "2026-03-15T23:59:59Z"},
        {"startDate": "2026-03-15", "endDate": "2026-03-15"},
        {"start": "2026-03-15T00:00:00Z"},
        {},
    ],
    ids=["from and to", "startDate and endDate", "start only", "nothing"],
)
def test_result_of_the_requested_date_range_under_other_keys_is_read(sim, clock, shown):
    """The names of the ends do not matter, and an end that is not shown is no difference."""
    answer(sim, "poll", done(report_row(), dateRange=shown))

    out = run_reports(report_settings(sim), clock)

    assert out.error is None
    assert len(out.records(STREAM)) == 1


def test_report_windows_share_no_instant(sim, clock):
    """A window ends before the next one begins, however the API counts the end."""
    run_reports(report_settings(sim, 2), clock)

    first, second = (json_body(seen)["dateRange"] for seen in submits(sim))
    assert (first["start"], first["end"]) == ("2026-03-15T00:00:00Z", "2026-03-15T23:59:59.999Z")
    assert second["start"] == "2026-03-16T00:00:00Z"


def test_page_token_that_repeats_fails(simulate, clock):
    """A token that occurs twice is an error, and the stream does not read for ever."""
    sim = simulate(token_quirk="repeat", page_size_reports=2)
    sim.faults.add(Fault("page", "status", status=418, times=99, after=60))  # so that this ends

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), DownloadError)
    assert "token" in str(failure(out))
    assert out.records(STREAM) == []
    assert len(further_pages(sim)) < 40
    assert out.bookmark(STREAM) is None


def test_tokens_in_a_circle(sim, clock):
    """Tokens that lead back to one another are an error too."""
    answer(sim, "poll", done(report_row(), nextPageToken="a"), times=20)
    for _ in range(20):
        answer(sim, "page", done(nextPageToken="b"), done(nextPageToken="a"))

    out = run_reports(report_settings(sim, max_retries=1), clock)

    assert isinstance(failure(out), DownloadError)
    assert out.records(STREAM) == []
    assert len(further_pages(sim)) < 10


SPOILS = [
    ("status", 429),
    ("status", 500),
    ("status", 502),
    ("status", 503),
    ("status", 401),
    ("malformed-json", None),
    ("empty", None),
    ("html", None),
    ("truncated", None),
    ("reset", None),
    ("reply-lost", None),
]


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "status"), SPOILS)
@pytest.mark.parametrize("after", [0, 2])
def test_page_that_fails_for_a_while_loses_no_row(simulate, clock, kind, status, after):
    """A page that fails for a while is requested again; no row is lost or doubled."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", kind, status=status, after=after))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "status"), SPOILS)
def test_poll_that_fails_for_a_while_is_repeated(sim, clock, hasty, kind, status):
    """A poll that fails for a while is repeated."""
    sim.faults.add(Fault("poll", kind, status=status))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.ci
@pytest.mark.promise("whole-files")
@pytest.mark.some(3)
@pytest.mark.parametrize(("kind", "status"), SPOILS)
def test_page_that_fails_for_ever_emits_no_record(simulate, clock, kind, status):
    """A result with a missing page emits no record; the next run reads it again."""
    sim = simulate(page_size_reports=2)
    sim.faults.add(Fault("page", kind, status=status, times=1000, after=2))

    first = run_reports(report_settings(sim), clock)
    sim.faults.clear()
    clock.sleep(MINUTE)
    second = run_reports(report_settings(sim), clock, state=first.state)

    assert isinstance(failure(first), CXoneError)
    assert first.records(STREAM) == []
    assert first.bookmark(STREAM) is None
    assert whole(second, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize(
    "given", [{}, {"data": None}, {"data": {}}, [], {"state": "failed"}], ids=readable
)
def test_page_without_a_list_of_rows_is_requested_again(simulate, clock, given):
    """A page that holds no list of rows is no page; it is requested again with the others."""
    sim = simulate(page_size_reports=2)
    answer(sim, "page", given)

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)


def test_run_cancelled_between_pages_emits_no_record(simulate, clock):
    """No record is emitted of a result that is cancelled between two pages."""
    sim = simulate(page_size_reports=2)
    answer(sim, "page", {"state": "failed", "errorMessage": "Cancelled by the user"})
    sim.faults.add(Fault("poll", "job-failed", body="Gone away", after=2))

    out = run_reports(report_settings(sim), clock)

    assert "Gone away" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.some(3)
@pytest.mark.parametrize("compression", ["none", "gzip-encoding", "gzip-type", "gzip-bare"])
@pytest.mark.parametrize(("newline", "bom"), [("\r\n", True), ("\n", False)])
def test_csv_result_gives_the_rows_of_pages(simulate, clock, compression, newline, bom):
    """A result that is a file gives the same rows as one in pages, however it is packed."""
    how = {"compression": compression, "newline": newline, "bom": bom}
    sims = simulate(report_result="csv", **how), simulate()

    outs = [run_reports(report_settings(sim, 2), clock) for sim in sims]

    bare = [[strip(r) for r in out.records(STREAM)] for out in outs]
    assert whole(outs[0], sims[0], 2)
    assert bare[0] == bare[1]
    files = [seen for seen in sims[0].requests if seen.path.startswith("/files/")]
    assert all("authorization" not in seen.headers for seen in files)
    assert len(files) == 2


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("expired-link", None),
        ("status", 403),
        ("status", 404),
        ("status", 500),
        ("truncated", None),
        ("reset", None),
        ("reply-lost", None),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_file_that_is_incomplete_is_requested_again(simulate, clock, kind, status, times):
    """After a refused link or an interrupted file a new link is requested."""
    sim = simulate(report_result="csv")
    sim.faults.add(Fault("download", kind, status=status, times=times))

    out = run_reports(report_settings(sim), clock)

    files = [seen for seen in sim.requests if seen.path.startswith("/files/")]
    assert whole(out, sim)
    assert len({seen.query["X-Amz-Signature"] for seen in files}) == times + 1
    assert len(sim.report_runs) == 1


@pytest.mark.promise("whole-files")
def test_file_that_stays_incomplete_fails_the_stream(simulate, clock):
    """A file that never comes whole fails the stream; no record of it is emitted."""
    sim = simulate(report_result="csv")
    sim.faults.add(Fault("download", "truncated", times=1000))

    out = run_reports(report_settings(sim), clock)

    assert isinstance(failure(out), DownloadError)
    assert "max_retries" in str(failure(out))
    assert out.records(STREAM) == []


@pytest.mark.parametrize("kind", ["malformed-csv", "corrupt-gzip"])
def test_report_file_damaged_is_downloaded_again(simulate, clock, hasty, kind):
    """A file that came whole and is damaged is fetched once more."""
    sim = simulate(report_result="csv", compression="gzip-type")
    sim.faults.add(Fault("download", kind))

    out = run_reports(report_settings(sim), clock)

    assert whole(out, sim)
    assert len(sim.report_runs) == 1


@pytest.mark.parametrize("key", ["message", "errorMessage"])
def test_result_without_rows_shows_the_words_of_the_api(sim, clock, caplog, key):
    """An empty result with a message is committed, and a warning has the message."""
    answer(sim, "poll", done(**{key: "No data for access_token=abc", "filters": {"reason": "x"}}))

    out = run_reports(report_settings(sim), clock)

    (warning,) = [w for w in warnings_logged(caplog) if "the API says" in w]
    assert out.error is None
    assert out.records(STREAM) == []
    assert "'agent_performance_daily', 2026-03-15" in warning
    assert "No data for" in warning
    assert "abc" not in warning


@pytest.mark.parametrize("result", [done(), done(report_row(), message="2 s")], ids=["-", "row"])
def test_result_that_is_ordinary_is_no_warning(sim, clock, caplog, result):
    """Neither an empty result without words nor words beside rows are a warning."""
    answer(sim, "poll", result)

    run_reports(report_settings(sim), clock)

    assert not [w for w in warnings_logged(caplog) if "the API says" in w]


def test_first_page_without_rows_is_no_empty_result(sim, clock, caplog):
    """Words beside the token of a further page do not say that the result is empty."""
    answer(sim, "poll", done(message="1 of 2", nextPageToken="b"))
    answer(sim, "page", done(report_row()))

    out = run_reports(report_settings(sim), clock)

    assert len(out.records(STREAM)) == 1
    assert not [w for w in warnings_logged(caplog) if "the API says" in w]

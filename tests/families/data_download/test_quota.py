"""Data download: rate limit and quota."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from tap_cxone.errors import QuotaExhausted, Throttled
from tap_cxone.simulator import Fault
from tap_cxone.tap import TapCXone
from tests.support.data_download import (
    CATALOGUE,
    DOWNLOAD,
    QUARANTINE,
    QUOTA,
    SCORE,
    STREAM,
    TOKEN,
    download_settings,
    expected,
    expected_interactions,
    one_day,
    page_bodies,
    run_downloads,
    serve_pages,
    served,
    sorted_ids,
    wait,
)
from tests.support.expectations import failure, warnings_logged
from tests.support.ids import readable
from tests.support.requests import requests_to
from tests.support.run import select


def test_no_hurry_to_wait(simulate, clock):
    """While a fifth of the rate limit remains, no request waits."""
    sim = simulate(rate_limit=50, tenant_zone="UTC", rows_per_day=30)

    out = run_downloads(one_day(sim, 1), clock)

    assert out.error is None
    assert clock.slept == []
    assert len(requests_to(sim, DOWNLOAD)) == 30


def test_slower_below_a_fifth(simulate, clock):
    """Below a fifth of the rate limit requests slow down, the more so the less is left."""
    sim = simulate(rate_limit=50, tenant_zone="UTC", rows_per_day=45)

    out = run_downloads(one_day(sim, 1), clock)

    end = sim.requests[0].at + timedelta(minutes=1)  # then all of it is there again
    times = [seen.at for seen in sim.requests if seen.path != TOKEN and seen.at < end]
    gaps = [two - one for one, two in pairwise(times)]
    assert out.error is None
    assert not any(gaps[:40])
    assert len(gaps) > 42
    assert all(one < two for one, two in pairwise(gaps[40:]))


@pytest.mark.ci
@pytest.mark.parametrize(("limit", "rows"), [(10, 40), (100, 150)])
def test_no_refusal(simulate, clock, limit, rows):
    """Requests slow down so much that none is refused."""
    sim = simulate(rate_limit=limit, tenant_zone="UTC", rows_per_day=rows)

    out = run_downloads(one_day(sim, 1), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)
    assert sim.limit_violations == 0


def test_rate_limit_used_up_by_others_is_waited_out(utc, clock):
    """A refusal all the same is waited out as long as the API asks, and then nothing is lost."""
    sim = utc()
    sim.faults.add(wait(37))

    out = run_downloads(one_day(sim, 5), clock)

    times = [seen.at for seen in requests_to(sim, DOWNLOAD)]
    assert out.error is None
    assert times[2] - times[1] == timedelta(seconds=37)
    assert sorted_ids(out.records(STREAM)) == expected(sim)


@pytest.mark.parametrize(("number", "questions"), [(9, 0), (10, 1), (14, 1)])
def test_quota_is_requested_before_ten_windows(sim, clock, caplog, number, questions):
    """Before ten windows or more the quota is requested, once, and the remainder is logged."""
    caplog.set_level(logging.INFO)

    out = run_downloads(download_settings(sim, number, first=date(2026, 3, 2)), clock)

    said = [r for r in caplog.records if "quota" in r.getMessage()]
    assert out.error is None
    assert len(requests_to(sim, QUOTA)) == questions
    assert len(said) == questions
    for record in said:
        assert record.levelno == logging.INFO
        assert f"{number} more calls" in record.getMessage()
        assert "1000 of 1000" in record.getMessage()


@pytest.mark.parametrize(("rows", "questions"), [(10, 0), (11, 1), (30, 1)])
def test_quota_is_requested_before_many_pages(utc, clock, rows, questions):
    """Before more than ten pages the quota is requested, once."""
    sim = utc(rows_per_day=rows)

    out = run_downloads(one_day(sim, 1), clock)

    assert out.error is None
    assert len(requests_to(sim, QUOTA)) == questions
    assert out.counts()[STREAM] == rows


@pytest.mark.ci
def test_quota_that_is_too_small_is_warned_of(sim, clock, caplog):
    """A quota that is smaller than what is to come is a warning, with when there is more."""
    sim.downloads.quota.limit = 12

    run_downloads(download_settings(sim, 14, first=date(2026, 3, 2)), clock)

    (warning,) = (w for w in warnings_logged(caplog) if "more calls needed" in w)
    assert all(part in warning for part in ("14", "12", "2026-03-20 13:00 UTC"))


def test_quota_used_up_stops_before_the_first_page(simulate, clock, caplog):
    """With no call left the stream stops before the first page, cleanly and with a warning."""
    sim = simulate(download_quota=0)

    out = run_downloads(download_settings(sim, 10, first=date(2026, 3, 2)), clock)

    assert out.error is None
    assert requests_to(sim, DOWNLOAD) == []
    assert out.bookmark(STREAM) is None
    (warning,) = warnings_logged(caplog)
    assert "quota" in warning
    assert "2026-03-20 13:00 UTC" in warning


@pytest.mark.parametrize(
    "more", [{"limit": 1000}, {}, {"remaining": "0"}, {"remaining": -1}], ids=readable
)
def test_quota_without_a_reset_time_counts(sim, clock, caplog, more):
    """When there is more need not be told, nor how much there ever is: what is left counts."""
    body = json.dumps({"remaining": 0, **more})
    sim.faults.add(Fault("quota", "status", status=200, body=body))

    out = run_downloads(download_settings(sim, 10, first=date(2026, 3, 2)), clock)

    assert out.error is None
    assert requests_to(sim, DOWNLOAD) == []
    assert len([w for w in warnings_logged(caplog) if "quota" in w]) == 1


def test_quota_used_up_is_a_failure_if_so_configured(simulate, clock):
    """With on_quota_exhausted fail it is a failure."""
    sim = simulate(download_quota=0)

    out = run_downloads(
        download_settings(sim, 10, first=date(2026, 3, 2), on_quota_exhausted="fail"), clock
    )

    assert isinstance(failure(out), QuotaExhausted)


def test_quota_too_small_for_a_window_postpones_it(utc, clock):
    """A window of many pages that the quota does not allow is left for the next run, whole."""
    sim = utc(download_quota=1)
    config = one_day(sim, 1)

    first = run_downloads(config, clock)
    sim.downloads.quota.limit = 1000
    clock.instant += timedelta(hours=1)
    second = run_downloads(config, clock, state=first.state)

    assert first.error is None
    assert first.records(STREAM) == []
    assert len(served(sim)) == 1 + 12
    assert sorted_ids(second.records(STREAM)) == expected(sim)


@pytest.mark.parametrize("what", ["stop", "fail"])
def test_quota_that_ends_stops_the_stream(simulate, clock, what):
    """A quota that ends without an earlier check stops the stream; earlier days stay."""
    sim = simulate(download_quota=2)
    clock.instant += timedelta(seconds=1)  # the hour has more to go than a request is waited for
    config = download_settings(sim, 4, on_quota_exhausted=what)

    first = run_downloads(config, clock)
    clock.instant += timedelta(hours=1)
    second = run_downloads(config, clock, state=first.state)

    assert clock.slept == []
    if what == "stop":
        assert first.error is None
    else:
        assert isinstance(failure(first), QuotaExhausted)
        assert "13:00 UTC" in str(failure(first))
    assert sorted_ids(first.records(STREAM)) == sorted_ids(
        expected_interactions(sim, 2), "interactionId"
    )
    assert second.error is None
    assert sorted_ids(first.records(STREAM) + second.records(STREAM)) == sorted_ids(
        expected_interactions(sim, 4), "interactionId"
    )


def test_plan_of_more_calls_than_remain_ends_after_the_reset_of_the_quota(simulate, clock):
    """A plan that needs more calls than remain ends at the reset of the quota at the earliest."""
    sim = simulate(download_quota=1)
    config = download_settings(sim, 4)

    (plan,) = TapCXone(config=config, clock=clock, catalog=select(config, STREAM)).plans()

    assert plan.earliest_finish == datetime(2026, 3, 20, 13, tzinfo=UTC)


TOTALS = {"verify_totals": {"metrics": ["duration"]}}


@pytest.mark.ci
def test_plan_counts_the_calls_of_the_totals(sim, clock):
    """The totals of a window are a second call, which the plan counts."""
    config = download_settings(sim, 4, entry=TOTALS)
    (plan,) = TapCXone(config=config, clock=clock, catalog=select(config, STREAM)).plans()

    out = run_downloads(config, clock)

    assert out.error is None
    assert [stream.workload.needed for stream in plan.streams] == [8]
    assert len(page_bodies(sim)) == 8


def test_plan_counts_no_calls_of_totals_with_a_baseline(sim, clock, tmp_path):
    """Totals in a file may need no call, so the plan is a lower bound without them."""
    totals = {**TOTALS["verify_totals"], "baseline": str(tmp_path / "totals.json")}
    config = download_settings(sim, 4, entry={"verify_totals": totals})

    (plan,) = TapCXone(config=config, clock=clock, catalog=select(config, STREAM)).plans()

    assert [stream.workload.needed for stream in plan.streams] == [4]


@pytest.mark.ci
def test_quota_check_counts_the_calls_of_the_totals(sim, clock, caplog):
    """Before ten windows with totals the log names twice as many calls."""
    caplog.set_level(logging.INFO)

    run_downloads(download_settings(sim, 10, first=date(2026, 3, 2), entry=TOTALS), clock)

    (said,) = [r.getMessage() for r in caplog.records if "quota" in r.getMessage()]
    assert "20 more calls" in said


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": 7, "message": "Report engine is down"}},
        {"errors": [{"code": 7, "message": "Report engine is down"}]},
        {"errors": ["Report engine is down"], "requestId": "r-1"},
        {"errors": [{"message": "Report engine is down"}], "data": [], "totalRecords": 0},
    ],
    ids=["error", "errors", "texts", "beside no rows"],
)
def test_page_that_is_an_error_shows_the_words_of_the_api(sim, clock, answer):
    """An error with status 200 is a failure with the API's words."""
    serve_pages(sim, answer)

    out = run_downloads(download_settings(sim), clock)

    assert "200 with an error in place of a result: Report engine is down" in str(failure(out))


def test_401_that_a_missing_scope_may_cause_names_the_scopes(sim, clock):
    """A token that the API rejects again and again may lack a scope, so the error has them."""
    sim.faults.add(Fault("catalogue", "status", status=401, times=9))

    out = run_downloads(download_settings(sim), clock)

    assert "api:custom-metrics:read" in str(failure(out))


def test_page_throttled_too_long_fails(sim, clock):
    """A refusal for longer than throttle_timeout_minutes is a failure if there is quota left."""
    sim.faults.add(wait(3600, after=0))

    out = run_downloads(download_settings(sim, throttle_timeout_minutes=30), clock)

    assert isinstance(failure(out), Throttled)
    assert clock.slept == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("quota", "status", status=404),
        Fault("quota", "status", status=403),
        Fault("quota", "status", status=200, body="{}"),
        Fault("quota", "status", status=200, body="[]"),
        Fault("quota", "status", status=200, body='{"remaining": 50, "resetAt": "soon"}'),
    ],
    ids=readable,
)
def test_quota_unavailable_does_not_stop_the_stream(utc, clock, fault):
    """An API that does not tell the quota is read all the same."""
    sim = utc()
    sim.faults.add(fault)

    out = run_downloads(one_day(sim, 1), clock)

    assert out.error is None
    assert sorted_ids(out.records(STREAM)) == expected(sim)


def test_only_selected_streams_are_requested(sim, clock):
    """The catalogue alone requests no page, a download alone shows no catalogue."""
    out = run_downloads(download_settings(sim), clock, CATALOGUE)

    assert out.error is None
    assert requests_to(sim, DOWNLOAD) == []
    assert set(out.counts()) == {CATALOGUE}
    assert SCORE in {record["id"] for record in out.records(CATALOGUE)}
    assert out.records(QUARANTINE) == []

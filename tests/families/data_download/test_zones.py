"""Data download: zones that change, have two names, or give dates a meaning."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tap_cxone.errors import ConfigError
from tests.support.data_download import (
    DAY,
    FIRST,
    STREAM,
    download_settings,
    expected_interactions,
    local,
    page_bodies,
    run_downloads,
    sorted_ids,
)
from tests.support.expectations import failure
from tests.support.run import without_owner

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"


def requested_dates(sim) -> list[tuple[str, str]]:
    """Return the dates of the page requests."""
    dates = [body["filter"]["date"] for body in page_bodies(sim)]
    return [(found["from"], found["to"]) for found in dates]


@pytest.mark.parametrize("setting", [None, BERLIN], ids=["tenant", "setting"])
def test_zone_changed_between_runs_stops_the_stream_with_the_choice(simulate, clock, setting):
    """Windows of another zone overlap those of the table by hours, so nothing is read."""
    first = run_downloads(download_settings(simulate()), clock)
    sim = simulate(tenant_zone=BERLIN)

    second = run_downloads(
        download_settings(sim, 2, timezone=setting), clock, state=without_owner(first.state)
    )

    assert isinstance(failure(second), ConfigError)
    assert f"set timezone to {NEW_YORK}" in str(failure(second))
    assert "start_date" in str(failure(second))
    assert page_bodies(sim) == []


def test_zone_of_the_setting_keeps_the_old_days(simulate, clock):
    """With `timezone` set to the old zone the days of the table go on."""
    first = run_downloads(download_settings(simulate()), clock)
    sim = simulate(tenant_zone=BERLIN)

    config = download_settings(sim, 2, timezone=NEW_YORK)
    second = run_downloads(config, clock, state=without_owner(first.state))

    assert second.error is None
    assert requested_dates(sim) == [("2026-03-16T04:00:00Z", "2026-03-17T03:59:59Z")]


def test_removed_stream_is_reloaded_in_the_new_zone(simulate, clock):
    """Without its state the stream reads the days of the tenant's new zone."""
    first = run_downloads(download_settings(simulate()), clock)
    del first.state["bookmarks"][STREAM]
    sim = simulate(tenant_zone=BERLIN)

    second = run_downloads(download_settings(sim), clock, state=without_owner(first.state))

    assert second.error is None


def test_two_names_of_one_zone_are_no_change(simulate, clock, caplog):
    """US/Eastern and America/New_York have the same days, and there is no warning."""
    first = run_downloads(download_settings(simulate()), clock)
    sim = simulate(tenant_zone="US/Eastern")

    config = download_settings(sim, 2, timezone=NEW_YORK)
    second = run_downloads(config, clock, state=without_owner(first.state))
    third = run_downloads(download_settings(sim, 3), clock, state=without_owner(second.state))

    assert [second.error, third.error] == [None, None]
    assert [r for r in caplog.records if "days differ" in r.msg] == []


@pytest.mark.parametrize("end", ["2026-03-17", "20260317"])
def test_dates_without_a_time_are_local_days(sim, clock, end):
    """A start and an end without a time are midnights of the zone that applies."""
    config = download_settings(sim, start_date="2026-03-15", end_date=end)

    out = run_downloads(config, clock)

    assert sorted_ids(out.records(STREAM)) == sorted_ids(
        expected_interactions(sim, 2), "interactionId"
    )
    assert out.bookmark(STREAM) == local(FIRST + 2 * DAY).isoformat()


@pytest.mark.parametrize(
    "end", ["2026-03-16T23:59:59.999-04:00", "2026-03-17T03:59:59Z", "2026-03-17T03:59:59.999999Z"]
)
def test_last_second_of_a_day_is_its_end(sim, clock, end):
    """An end that is written as the last second, or a part of it, includes the day."""
    out = run_downloads(download_settings(sim, end_date=end), clock)

    assert out.bookmark(STREAM) == local(date(2026, 3, 17)).isoformat()
    assert {seen[0] for seen in requested_dates(sim)} == {
        (local(FIRST) + timedelta(days=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(2)
    }


@pytest.mark.parametrize("end", ["2026-03-16T23:59:59.999Z", "2026-03-16T23:59:59"])
def test_last_second_of_a_day_of_utc_is_the_end_of_the_local_day(sim, clock, end):
    """An end that is written as the last second of a date in UTC includes that local day."""
    out = run_downloads(download_settings(sim, end_date=end), clock)

    assert out.bookmark(STREAM) == local(date(2026, 3, 17)).isoformat()
    assert len(requested_dates(sim)) == 2


def test_zone_is_in_the_state(sim, clock):
    """The state has the zone whose days were committed."""
    out = run_downloads(download_settings(sim), clock)

    state: dict[str, Any] = out.state["bookmarks"][STREAM]
    assert state["zone"] == NEW_YORK


def test_plain_dates_of_a_skipped_range_are_local_days(sim, clock):
    """A range of plain dates passes the days of the zone, which are no days of UTC."""
    skipped = {"stream": STREAM, "from": "2026-03-16", "to": "2026-03-17", "why": "broken"}

    out = run_downloads(download_settings(sim, 3, skip_windows=[skipped]), clock)

    assert out.error is None
    starts = [body["filter"]["date"]["from"] for body in page_bodies(sim)]
    assert starts == ["2026-03-15T04:00:00Z", "2026-03-17T04:00:00Z"]

"""Data download: requests for pages."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from tap_cxone.errors import ApiError, ConfigError, NotFound
from tap_cxone.simulator import Fault
from tests.support.data_download import (
    BASKET,
    CATALOGUE,
    DOWNLOAD,
    DOWNLOADS,
    IDS,
    ME,
    METRICS,
    STREAM,
    download_settings,
    expected_interactions,
    page_bodies,
    run_downloads,
    sorted_ids,
)
from tests.support.expectations import failure, warnings_logged
from tests.support.ids import readable
from tests.support.requests import requests_to


def test_request_body_of_a_page_includes_the_last_second(sim, clock):
    """A page is requested with exactly what the API knows, the last second included."""
    out = run_downloads(download_settings(sim), clock)

    assert out.error is None
    assert page_bodies(sim) == [
        {
            "report": "Interaction/Call",
            "metrics": ["duration", "talkTime"],
            "customMetrics": list(IDS),
            "filter": {
                "date": {"from": "2026-03-15T04:00:00Z", "to": "2026-03-16T03:59:59Z"},
                "timeZone": "America/New_York",
            },
            "groupBy": ["interactionId", "agentId"],
            "limit": 10_000,
            "offset": 0,
        }
    ]


def test_request_body_of_a_group_narrows_the_rows(sim, clock):
    """A group narrows the download down, and only its rows come."""
    group = {"type": "agent", "id": "004210"}
    entry = {"group": group, "custom_metrics": ["Basket Value"], "metrics": []}

    out = run_downloads(download_settings(sim, 3, entry=entry), clock)

    assert out.error is None
    for body in page_bodies(sim):
        assert body["filter"]["group"] == group
        assert body["customMetrics"] == [BASKET]
        assert body["metrics"] == []
    wanted = [r["interactionId"] for r in expected_interactions(sim, 3) if r["agentId"] == "004210"]
    assert wanted
    assert sorted_ids(out.records(STREAM)) == sorted(wanted)


def test_report_that_is_unknown_fails_the_stream(sim, clock):
    """A report that is not there fails the stream; the region is not suspected before it."""
    out = run_downloads(download_settings(sim, entry={"report": "Interaction/Fax"}), clock)

    assert isinstance(failure(out), NotFound)
    assert "report" in str(failure(out))
    assert "likely the wrong region" not in str(failure(out))


def test_metric_that_is_unknown_shows_the_words_of_the_api(sim, clock):
    """What the API says of a metric it does not know reaches the user."""
    out = run_downloads(download_settings(sim, entry={"metrics": ["durations"]}), clock)

    assert isinstance(failure(out), ApiError)
    assert "durations" in str(failure(out))


@pytest.mark.parametrize("shape", ["timeZone", "timezone", "tenant"])
def test_days_without_a_setting_are_those_of_the_tenant(simulate, clock, shape):
    """Without a setting the days are those of the tenant, wherever the API tells its zone."""
    sim = simulate(zone_shape=shape, tenant_zone="Asia/Kolkata")
    zone = ZoneInfo("Asia/Kolkata")

    out = run_downloads(download_settings(sim, zone=zone), clock)

    (body,) = page_bodies(sim)
    assert body["filter"]["timeZone"] == "Asia/Kolkata"
    assert body["filter"]["date"] == {"from": "2026-03-14T18:30:00Z", "to": "2026-03-15T18:29:59Z"}
    assert sorted_ids(out.records(STREAM)) == sorted_ids(
        expected_interactions(sim, zone=zone), "interactionId"
    )


@pytest.mark.parametrize("key", ["timeZone", "timezone"])
def test_zone_below_tenant_is_read_in_either_spelling(sim, clock, key):
    """Under `tenant` it may be spelled in either way too."""
    me = json.dumps({"id": "u", "tenant": {key: "Asia/Kolkata"}})
    sim.faults.add(Fault("me", "status", status=200, body=me))

    run_downloads(download_settings(sim, zone=ZoneInfo("Asia/Kolkata")), clock)

    assert [body["filter"]["timeZone"] for body in page_bodies(sim)] == ["Asia/Kolkata"]


def test_zone_of_the_settings_is_used_and_logged_once(sim, clock, caplog):
    """A zone in the settings wins, and that it is not the tenant's is logged once."""
    zone = ZoneInfo("Europe/Berlin")
    twice = {"downloads": [{**DOWNLOADS[0], "name": name} for name in "ab"]}

    out = run_downloads(
        download_settings(sim, zone=zone, own=twice, timezone="Europe/Berlin"), clock, "a", "b"
    )

    assert out.error is None
    for body in page_bodies(sim):
        assert body["filter"]["timeZone"] == "Europe/Berlin"
        assert body["filter"]["date"]["from"] == "2026-03-14T23:00:00Z"
    (warning,) = (w for w in warnings_logged(caplog) if "timezone" in w)
    assert "Europe/Berlin" in warning
    assert "America/New_York" in warning


@pytest.mark.parametrize("shape", ["timeZone", "absent"])
def test_zone_equal_to_that_of_the_tenant_is_not_warned_of(simulate, clock, caplog, shape):
    """A zone in the settings that is the tenant's, or cannot be compared, is no warning."""
    sim = simulate(zone_shape=shape)

    out = run_downloads(download_settings(sim, timezone="America/New_York"), clock)

    assert out.error is None
    assert not any("timezone" in warning for warning in warnings_logged(caplog))


@pytest.mark.parametrize("status", [403, 404])
def test_zone_unavailable_is_taken_from_the_setting(sim, clock, status):
    """Where the API does not tell the zone, the setting is enough."""
    sim.faults.add(Fault("me", "status", status=status))

    out = run_downloads(download_settings(sim, timezone="America/New_York"), clock)

    assert out.error is None
    assert out.counts()[STREAM] == len(expected_interactions(sim))


@pytest.mark.parametrize(
    "options", [{"zone_shape": "absent"}, {"tenant_zone": "Mars Standard Time"}], ids=readable
)
def test_no_zone(simulate, clock, options):
    """Without a zone that is one nothing is read, and the error states what to set."""
    sim = simulate(**options)

    out = run_downloads(download_settings(sim), clock)

    assert isinstance(failure(out), ConfigError)
    assert "set timezone" in str(failure(out))
    assert requests_to(sim, DOWNLOAD) == []


def test_zone_and_catalogue_are_requested_once_a_run(sim, clock):
    """Zone and catalogue are requested once, however many downloads there are."""
    twice = {"downloads": [{**DOWNLOADS[0], "name": name} for name in "ab"]}

    out = run_downloads(download_settings(sim, 3, own=twice), clock, CATALOGUE, "a", "b")

    assert out.error is None
    assert len(requests_to(sim, ME)) == 1
    assert len(requests_to(sim, METRICS)) == 1
    assert len(requests_to(sim, DOWNLOAD)) == 6

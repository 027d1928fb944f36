"""Data download: columns in the catalog."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.simulator.metrics import PUBLISHED
from tap_cxone.tap import TapCXone
from tests.support.data_download import (
    DOWNLOAD,
    IDS,
    METRICS,
    SCORE,
    STREAM,
    download_settings,
    properties,
    run_downloads,
)
from tests.support.requests import requests_to


def discover(config: dict[str, Any], state: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the columns that a catalog shows of the download."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        tap = TapCXone(config=config, state=state, validate_config=False)
        text = tap.run_discovery()
    streams = json.loads(text or shown.getvalue())["streams"]
    (found,) = (s["schema"]["properties"] for s in streams if s["tap_stream_id"] == STREAM)
    return dict(found)


@pytest.mark.promise("offline-discovery")
def test_download_discovery_sends_no_request(sim):
    """Without a state the catalog shows the report's columns, and no request is sent."""
    shown = discover(download_settings(sim))

    assert {"interaction_id", "agent_id", "duration", "talk_time"} < shown.keys()
    assert not shown.keys() & set(IDS)
    assert sim.requests == []


def test_discovery_shows_what_was_learned(sim, clock):
    """With a state the catalog shows the metrics of the last run, and no request is sent."""
    first = run_downloads(download_settings(sim), clock)
    requests = len(sim.requests)
    sim.publish_metrics(PUBLISHED[1:])

    shown = discover(download_settings(sim), first.state)

    assert {i: shown[i] for i in IDS} == {i: properties(first)[i] for i in IDS}
    assert len(sim.requests) == requests


def test_live_discovery(sim):
    """With live_discovery the catalog shows what is published now."""
    shown = discover(download_settings(sim, own={"live_discovery": True}))

    assert set(IDS) < shown.keys()
    assert shown[SCORE]["title"] == "Sentiment Confidence Score"
    assert shown[SCORE]["maximum"] == 1
    assert len(requests_to(sim, METRICS)) == 1
    assert requests_to(sim, DOWNLOAD) == []


def test_live_discovery_without_credentials(sim):
    """Without credentials live_discovery sends no request and shows what is known."""
    config = download_settings(sim, own={"live_discovery": True})
    del config["client_id"], config["client_secret"]

    assert "duration" in discover(config)
    assert sim.requests == []


def test_live_discovery_of_an_unknown_name(sim):
    """An unknown name is reported by discovery."""
    config = download_settings(
        sim, own={"live_discovery": True}, entry={"custom_metrics": ["Basket"]}
    )

    with pytest.raises(ConfigError, match="Basket Value"):
        discover(config)


def test_run_with_live_discovery_requests_the_catalogue_once(sim, clock):
    """With live_discovery a run requests the catalogue no more than without."""
    out = run_downloads(download_settings(sim, own={"live_discovery": True}), clock)

    assert out.error is None
    assert len(requests_to(sim, METRICS)) == 1

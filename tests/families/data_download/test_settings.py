"""Data download: settings and their mistakes."""

from __future__ import annotations

import logging

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.simulator.settings import tap_settings
from tap_cxone.tap import TapCXone
from tests.support.data_download import (
    CATALOGUE,
    DOWNLOADS,
    STREAM,
    download_settings,
    hosted,
    page_bodies,
    run_downloads,
)
from tests.support.ids import readable


def test_without_a_host(sim, clock):
    """Without tenant and host the family is not configured, and the message states what to set."""
    config = hosted(sim)
    del config["tenant"]

    out = run_downloads(config, clock, STREAM)

    assert isinstance(out.error, ConfigError)
    assert "tenant" in str(out.error)
    assert "TAP_CXONE_TENANT" in str(out.error)


def test_download_without_credentials_sends_no_request(sim, clock):
    """Without an application the message states it, and no request is sent."""
    config = download_settings(sim)
    del config["client_id"], config["client_secret"]

    out = run_downloads(config, clock, STREAM)

    assert isinstance(out.error, ConfigError)
    assert "client_id" in str(out.error)
    assert sim.requests == []


@pytest.mark.parametrize("own", [{}, {"downloads": []}], ids=readable)
def test_without_downloads(sim, clock, own):
    """Without downloads the catalogue of metrics is read, and no data."""
    config = {**download_settings(sim), "data_download": own}

    out = run_downloads(config, clock, CATALOGUE)

    assert out.error is None
    assert len(out.records(CATALOGUE)) > 1
    assert page_bodies(sim) == []


@pytest.mark.parametrize("left_out", ["null", "missing"])
def test_data_download_without_its_object_is_omitted(sim, caplog, left_out):
    """Without its settings the family is omitted quietly when everything is selected."""
    caplog.set_level(logging.INFO)
    config = {**download_settings(sim), **tap_settings(sim.url), "data_download": None}
    if left_out == "missing":
        del config["data_download"]
    catalog = TapCXone(config=config).catalog_dict
    for stream in catalog["streams"]:
        stream["metadata"][-1]["metadata"]["selected"] = True

    TapCXone(config=config, catalog=catalog)

    said = [r for r in caplog.records if "data_download" in r.getMessage()]
    assert said
    assert {r.levelno for r in said} == {logging.INFO}
    assert any("set data_download: {}, or" in r.getMessage() for r in said)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data_download": {"downloads": DOWNLOADS * 2}}, ("'a'", "twice")),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "name": "A b"}]}}, ("A b", "small")),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "name": "_a"}]}}, ("_a", "small")),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "name": CATALOGUE}]}}, (CATALOGUE,)),
        ({"data_download": {"downloads": [{**DOWNLOADS[0], "groupBy": []}]}}, ("groupBy",)),
        ({"data_download": {"downloads": [{"name": "a", "metrics": ["b"]}]}}, ("report",)),
        ({"data_download": {"downloads": [{"report": "r", "metrics": ["b"]}]}}, ("name",)),
        ({"data_download": {"downloads": DOWNLOADS, "pagesize": 1}}, ("page_size",)),
        ({"data_download": {"downloads": DOWNLOADS, "page_size": 0}}, ("page_size", "at least 1")),
        ({"data_download": {"downloads": DOWNLOADS, "page_size": 10_001}}, ("at most 10000",)),
        ({"data_download": {"downloads": DOWNLOADS, "window_days": 0}}, ("window_days",)),
        (
            {"data_download": {"downloads": DOWNLOADS, "window_days": 7}, "lookback_days": 3},
            ("window_days", "lookback_days"),
        ),
        (
            {"data_download": {"downloads": [{"name": "a", "report": "r"}]}},
            ("'a'", "has no metrics", "custom_metrics"),
        ),
        (
            {"data_download": {"downloads": [{"name": "a", "report": "r", "metrics": []}]}},
            ("has no metrics",),
        ),
        (
            {"data_download": {"downloads": [{**DOWNLOADS[0], "group": {"type": "queue"}}]}},
            ("id",),
        ),
        ({"tenant": "acme.evil.example"}, ("sub-domain",)),
        ({"tenant": "https://acme.nicecxone.com"}, ("sub-domain",)),
        ({"tenant": "acme.nicecxone.com/"}, ("sub-domain",)),
        ({"tenant": "acme/../x"}, ("sub-domain",)),
        ({"tenant": "acme@evil"}, ("sub-domain",)),
        ({"tenant": "-acme"}, ("sub-domain",)),
        ({"tenant": "acme\n"}, ("sub-domain",)),
        ({"timezone": "America/NewYork"}, ("America/New_York",)),
    ],
    ids=readable,
)
def test_refused_settings(sim, changes, words):
    """Settings that make no sense are refused before any request, with a remedy."""
    with pytest.raises(ConfigError) as caught:
        TapCXone(config=download_settings(sim) | changes)

    assert all(word in str(caught.value) for word in words), caught.value
    assert sim.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"data_download": {"downloads": DOWNLOADS, "window_days": 1}, "lookback_days": 3},
        {"data_download": {"downloads": DOWNLOADS, "window_days": None}, "lookback_days": 3},
        {"data_download": {"downloads": DOWNLOADS, "window_days": 7}, "lookback_days": 0},
        {"tenant": "acme-2"},
        {"tenant": "a"},
    ],
    ids=readable,
)
def test_accepted_settings(sim, changes):
    """Settings that make sense are taken."""
    assert TapCXone(config=download_settings(sim) | changes).streams

"""The completion webhook: its settings."""

from __future__ import annotations

import pytest

from tap_cxone.errors import ConfigError
from tap_cxone.tap import TapCXone
from tests.support.examples import json_jobs
from tests.support.ids import readable


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({}, ["completion_webhook", "url"]),
        ({"url": "http://example.com/T0PSECRET"}, ["completion_webhook.url", "https"]),
        ({"url": "ftp://example.com/T0PSECRET"}, ["completion_webhook.url", "https"]),
        ({"url": "https://user:T0PSECRET@example.com/"}, ["completion_webhook.url", "headers"]),
        ({"url": "https://e.com/", "sample_size": 1001}, ["sample_size", "at most 1000"]),
        ({"url": "https://e.com/", "sample_size": -1}, ["sample_size", "at least 0"]),
        ({"url": "https://e.com/", "timeout_seconds": 0}, ["timeout_seconds", "more than 0"]),
        ({"url": "https://e.com/", "header": {}}, ["completion_webhook.header", "'headers'"]),
        ({"url": "https://e.com/", "headers": {"X": 7}}, ["completion_webhook.headers.X"]),
    ],
    ids=readable,
)
def test_webhook_setting_wrong_is_named_without_the_address(own, words):
    """Every mistake names the setting, and none shows the address."""
    config = {"client_id": "a", "client_secret": "b", "completion_webhook": own}

    with pytest.raises(ConfigError) as caught:
        TapCXone(config=config)

    (problem,) = caught.value.problems
    assert all(word in problem for word in words)
    assert "T0PSECRET" not in problem


def test_webhook_settings_do_not_show(listener):
    """The address and the headers are in no representation of the settings."""
    hook = {"url": listener.url, "headers": {"X": "K3YVALUE"}}
    application = {"client_id": "a", "client_secret": "b", json_jobs.FAMILY: {}}
    config = {**application, "completion_webhook": hook}

    shown = repr(TapCXone(config=config).settings)

    assert "T0PSECRET" not in shown
    assert "K3YVALUE" not in shown


def test_webhook_of_a_changed_export_has_its_name_and_type(sim, clock, listener):
    """A changed export is notified with its own name and type."""
    config = json_jobs.changed_export_settings(sim, columns={"turns": "integer"})
    config["completion_webhook"] = {"url": listener.url, "sample_size": 1}

    json_jobs.run_exports(config, clock)

    assert isinstance(listener.told[0]["data_sample"][0]["turns"], int)

"""The message of a frequent mistake names its setting, so that nobody has to guess."""

from __future__ import annotations

import pytest

from tap_cxone.errors import ConfigError, Unavailable
from tap_cxone.tap import TapCXone
from tests.support.examples import csv_jobs
from tests.support.expectations import failure, warnings_logged
from tests.support.streams import STREAM, run_stream, stream_settings


def test_proxy_that_does_not_respond_is_named_in_place_of_the_region(sim, clock, monkeypatch):
    """A proxy that is down is no wrong region: the error names HTTPS_PROXY alone."""
    config = stream_settings(sim, max_retries=0)
    del config["base_url"]
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    error = failure(run_stream(config, clock))

    assert isinstance(error, Unavailable)
    assert "the proxy does not respond" in str(error)
    assert "correct HTTPS_PROXY, or add na1.nice-incontact.com to NO_PROXY" in str(error)
    assert "check region" not in str(error)


def test_start_date_in_the_future_is_a_warning(sim, clock, caplog):
    """A wrong year reads nothing, and would else look like a run that is complete."""
    config = stream_settings(sim, start_date="2027-03-01", end_date=None)

    out = run_stream(config, clock)

    assert out.error is None
    assert warnings_logged(caplog) == [
        f"{STREAM}: nothing to read: start_date (2027-03-01T00:00:00+00:00) is in the future; "
        "correct it"
    ]


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("parallel_families", "yes", "parallel_families must be true or false, not a text"),
        (csv_jobs.FAMILY, "yes", f"{csv_jobs.FAMILY} must be an object such as {{}}, not a text"),
        ("max_retries", [1], "max_retries must be a whole number, not a list"),
    ],
    ids=["boolean", "object", "integer"],
)
def test_setting_of_a_wrong_type_is_answered_with_what_to_write(sim, name, wrong, words):
    """The types are those of YAML as people write it, not those of a schema."""
    with pytest.raises(ConfigError) as raised:
        TapCXone(config={**stream_settings(sim), name: wrong})

    assert list(raised.value.problems) == [words]

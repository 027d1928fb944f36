"""Data download: the sums of a window's rows against the totals of the window."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_cxone.errors import ConfigError, TotalsMismatch
from tap_cxone.simulator.metrics import CustomMetric
from tests.support.data_download import (
    BASKET,
    DOWNLOAD,
    STREAM,
    download_settings,
    expected_interactions,
    interaction,
    page,
    page_bodies,
    run_downloads,
    serve_pages,
)
from tests.support.expectations import failure
from tests.support.requests import requests_to

if TYPE_CHECKING:
    from pathlib import Path

    from tap_cxone.simulator import Simulator

ROWS = page(interaction(0, duration=10), interaction(1, duration=15))


def verified(sim: Simulator, number: int = 1, **totals: Any) -> dict[str, Any]:
    """Return settings for so many days whose duration is compared with totals."""
    return download_settings(
        sim, number, entry={"verify_totals": {"metrics": ["duration"], **totals}}
    )


def test_rows_that_add_up_to_the_totals_are_emitted(sim, clock):
    """Sums that equal the ungrouped figures of the window let it through."""
    out = run_downloads(verified(sim, metrics=["duration", BASKET]), clock)

    rows, totals = page_bodies(sim)
    assert out.error is None
    assert len(out.records(STREAM)) == len(expected_interactions(sim))
    assert (rows["groupBy"], totals["groupBy"]) == (["interactionId", "agentId"], [])
    assert rows["filter"] == totals["filter"]


def test_rows_that_miss_a_part_of_the_totals_are_not_committed(sim, clock):
    """Sums that differ fail the window before any record, with both figures."""
    serve_pages(sim, ROWS, page({"duration": 26}))

    out = run_downloads(verified(sim), clock)

    assert isinstance(failure(out), TotalsMismatch)
    assert "duration: rows 25, total 26" in str(failure(out))
    assert out.records(STREAM) == []
    assert out.bookmark(STREAM) is None


def test_difference_within_the_tolerance_is_accepted(sim, clock):
    """A difference up to the tolerance, a share of the total, is accepted."""
    serve_pages(sim, ROWS, page({"duration": 26}))

    out = run_downloads(verified(sim, tolerance=0.04), clock)

    assert out.error is None
    assert len(out.records(STREAM)) == 2


def test_window_without_rows_has_totals_of_zero(sim, clock):
    """A window without rows fails if its totals are not zero."""
    serve_pages(sim, page(), page({"duration": 3}))

    out = run_downloads(verified(sim), clock)

    assert "duration: rows 0, total 3" in str(failure(out))


def test_metrics_that_are_not_listed_are_not_compared(sim, clock):
    """A metric that is not additive, such as an average, is left out by the user."""
    serve_pages(sim, ROWS, page({"duration": 25, "talkTime": 1}))

    assert run_downloads(verified(sim), clock).error is None


def baseline(tmp_path: Path, content: Any) -> str:
    """Write a baseline file, and return its path."""
    path = tmp_path / "totals.json"
    path.write_text(json.dumps(content))
    return str(path)


def test_baseline_file_stands_in_for_the_totals(sim, clock, tmp_path):
    """Totals of a file are used without a request, by the local day of the window."""
    serve_pages(sim, ROWS)
    path = baseline(tmp_path, {"2026-03-15": {"duration": 25}})

    out = run_downloads(verified(sim, baseline=path), clock)

    assert out.error is None
    assert len(requests_to(sim, DOWNLOAD)) == 1


def test_day_that_the_baseline_lacks_is_compared_with_the_api(sim, clock, tmp_path):
    """For a day that is not in the file the API is asked."""
    path = baseline(tmp_path, {"2026-01-01": {"duration": 1}})

    out = run_downloads(verified(sim, baseline=path), clock)

    assert out.error is None
    assert len(requests_to(sim, DOWNLOAD)) == 2


@pytest.mark.parametrize("content", [[], {"2026-03-15": 5}, "text"], ids=str)
def test_baseline_file_of_another_form_is_a_setting_error(sim, clock, tmp_path, content):
    """A file that is no object of days fails the stream and names the setting."""
    path = baseline(tmp_path, content)

    out = run_downloads(verified(sim, baseline=path), clock)

    assert isinstance(failure(out), ConfigError)
    assert f"correct data_download.downloads, entry '{STREAM}', verify_totals.baseline" in str(
        failure(out)
    )


@pytest.mark.parametrize("name", ["Alpha", "cm_a"], ids=["display name", "ID"])
def test_custom_metric_of_the_totals_is_known_by_both_names(simulate, clock, name):
    """A custom metric is compared by its display name too, never as a sum of zero."""
    sim = simulate(catalogue=[CustomMetric(id="cm_a", name="Alpha", type="number")])
    rows = page(interaction(0, customMetrics={"cm_a": 1}), interaction(1, customMetrics={}))
    serve_pages(sim, rows, page({"customMetrics": {"cm_a": 2}}))
    entry = {"custom_metrics": ["Alpha"], "verify_totals": {"metrics": [name]}}

    out = run_downloads(download_settings(sim, entry=entry), clock)

    assert f"{name}: rows 1, total 2" in str(failure(out))


def test_totals_of_a_metric_that_the_download_lacks_are_a_setting_error(sim, clock):
    """A metric that is not requested is in no row, so its sum would verify nothing."""
    out = run_downloads(verified(sim, metrics=["holdTime"]), clock)

    assert isinstance(failure(out), ConfigError)
    assert "verify_totals.metrics has 'holdTime', which is not requested" in str(failure(out))

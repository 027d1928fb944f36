"""Data download: settings that change the meaning of the rows after the bookmark."""

from __future__ import annotations

import pytest

from tests.support.data_download import STREAM, download_settings, run_downloads
from tests.support.expectations import row_meaning_warnings


@pytest.mark.parametrize(
    ("entry", "setting"),
    [
        ({"group": {"type": "queue", "id": "q_0a17"}}, "group"),
        ({"group_by": ["interactionId"]}, "group_by"),
        ({"metrics": ["duration"]}, "metrics"),
    ],
    ids=["group", "group_by", "metrics"],
)
def test_download_changed_after_the_bookmark_is_reported(sim, clock, caplog, entry, setting):
    """A warning names the setting and the choice."""
    first = run_downloads(download_settings(sim), clock)

    second = run_downloads(download_settings(sim, 2, entry=entry), clock, state=first.state)

    assert second.error is None
    (warning,) = row_meaning_warnings(caplog)
    assert f"{STREAM}: {setting} changed after the bookmark" in warning
    assert "start_date" in warning
    assert "another name" in warning

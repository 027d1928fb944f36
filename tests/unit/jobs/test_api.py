"""The fingerprints of requests: users have them in their state, so they never change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tap_cxone.windows import Window
from tests.support.facts import FACTS

WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC))
APIS = {found: api for facts in FACTS.values() for found, api in facts.fingerprints.items()}


@pytest.mark.parametrize("fingerprint", APIS)
def test_fingerprint_is_that_of_earlier_versions(fingerprint):
    """A job of an earlier version is resumed, so its fingerprint stays."""
    assert APIS[fingerprint].fingerprint(WINDOW) == fingerprint

"""Every promise has tests, and the document lists them."""

from __future__ import annotations

from tests.docs.promises import PROMISES, promised


def test_every_promise_has_tests():
    """The marks name each promise, and no other; docs/promises.md is written from them."""
    assert {name for name, _, _ in promised()} == set(PROMISES)

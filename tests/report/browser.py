"""A real Chromium without a window."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

NAMES = ("chromium", "google-chrome", "chromium-browser")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; skip the test where there is none, but fail it in CI."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as play:
        try:
            # Without a path: Chrome where macOS and Windows have it.
            browser = play.chromium.launch(
                executable_path=path, channel=None if path else "chrome", args=["--disable-quic"]
            )
        except Error as error:
            said = error.message.splitlines()[0]
            reason = f"no Chromium starts here (on Debian, as root: make chromium): {said}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        try:
            yield browser
        finally:
            browser.close()

"""Run the tap with `python -m tap_cxone`."""

from __future__ import annotations

from tap_cxone.tap import TapCXone

TapCXone.cli()

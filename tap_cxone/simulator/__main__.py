"""Run the simulator with `python -m tap_cxone.simulator`."""

from __future__ import annotations

from tap_cxone.simulator.cli import main

main(prog_name="cxone-simulator")

"""How long `--version`, `--about` and `--discover` take, beside a tap that is nothing but the SDK.

`python -m tests.benchmarks.starting` alone, or a part of `make bench`.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.effort import amount

BARE = Path(__file__).with_name("bare.py")
COMMANDS = {"tap": ["-m", "tap_cxone"], "bare": [str(BARE)]}
ASKED = ("--version", "--about", "--discover")
TIMES = amount("STARTS", short=5, full=9)


def measure_start(times: int = TIMES) -> dict[str, Any]:
    """Start both alternately; return by option the processor's seconds and their ratio, medians."""
    return {option: _compare(option, times) for option in ASKED}


def _compare(option: str, times: int) -> dict[str, Any]:
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(times + 1):
        # Alternately, and each first as often as the other: a machine gets slower and faster.
        for name in sorted(COMMANDS, reverse=bool(turn % 2)):
            seconds = _once(COMMANDS[name], option)
            if turn:  # the first one fills the caches
                took[name].append(seconds)
    middle = {name: statistics.median(found) for name, found in took.items()}
    ratios = [own / bare for own, bare in zip(took["tap"], took["bare"], strict=True)]
    return {
        "seconds": {name: round(seconds, 3) for name, seconds in middle.items()},
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "times": times,
    }


def _once(command: list[str], option: str) -> float:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("TAP_CXONE_")}
    # Of the processor, not of the clock on the wall: others may be at work.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *command, option], check=True, capture_output=True, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    print("\nStarting, beside a tap that is nothing but the SDK (goal: at most 1.0 times)")
    for option, result in found.items():
        low, high = result["spread"]
        own, bare = result["seconds"]["tap"], result["seconds"]["bare"]
        print(f"  {option:<11} {own:.2f} s / {bare:.2f} s = {result['ratio']:.2f} ({low}-{high})")


if __name__ == "__main__":
    show(measure_start())

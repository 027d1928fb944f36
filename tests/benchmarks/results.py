"""What was measured, in one file: a section a topic, with the machine and the versions."""

from __future__ import annotations

import json
import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = Path(__file__).with_name("results.json")
LIBRARIES = ("singer-sdk", "msgspec", "requests")


def merge(section: str, found: dict[str, Any]) -> None:
    """Replace one section of the file, and say where it was measured."""
    results = json.loads(FILE.read_text()) if FILE.exists() else {}
    results[section] = {"machine": machine(), **found}
    FILE.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    return {
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median of values, and how far apart they are."""
    found = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, 2) for name, value in found.items()}

"""Streams in the output of `--about`: how well the API of each is documented."""

from __future__ import annotations

import json

from tap_cxone.config.evidence import NOT_TRIED
from tap_cxone.families.registry import FAMILIES


def add_streams(printed: str, output_format: str) -> str:
    """Return the output of `--about`, extended by the evidence for the API of each stream.

    Args:
        printed: Output of the SDK.
        output_format: `text`, `json` or `markdown`.
    """
    if output_format == "json":
        return json.dumps({**json.loads(printed), "streams": _streams()}, indent=2)
    if output_format == "markdown":
        rows = [f"| {s['name']} | {s['family']} | {s['evidence']} |" for s in _streams()]
        titles = ["| Stream | Family | Its API |", "|:-------|:-------|:--------|"]
        return "\n".join([printed.rstrip(), "", "## Streams", "", NOT_TRIED, "", *titles, *rows])
    entries = [
        f"  - Name: {s['name']}\n    Family: {s['family']}\n    Its API: {s['evidence']}"
        for s in _streams()
    ]
    return "\n".join([printed.rstrip(), f"Streams: {NOT_TRIED}", *entries])


def _streams() -> list[dict[str, str]]:
    return [
        {"name": name, "family": family.name, "evidence": family.evidence.label}
        for family in FAMILIES
        for name in family.stream_names
    ]

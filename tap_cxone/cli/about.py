"""Streams in the output of `--about`: how well the API of each is documented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_cxone.config.evidence import NOT_TRIED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cxone.families.registry import Family


def add_streams(printed: str, output_format: str, families: Iterable[Family]) -> str:
    """Return the output of `--about`, extended by the evidence for the API of each stream.

    Args:
        printed: Output of the SDK.
        output_format: `text`, `json` or `markdown`.
        families: Families whose streams are listed.
    """
    streams = _labelled_streams(families)
    if output_format == "json":
        return json.dumps({**json.loads(printed), "streams": streams}, indent=2)
    if output_format == "markdown":
        rows = [f"| {s['name']} | {s['family']} | {s['evidence']} |" for s in streams]
        titles = ["| Stream | Family | Its API |", "|:-------|:-------|:--------|"]
        return "\n".join([printed.rstrip(), "", "## Streams", "", NOT_TRIED, "", *titles, *rows])
    entries = [
        f"  - Name: {s['name']}\n    Family: {s['family']}\n    Its API: {s['evidence']}"
        for s in streams
    ]
    return "\n".join([printed.rstrip(), f"Streams: {NOT_TRIED}", *entries])


def _labelled_streams(families: Iterable[Family]) -> list[dict[str, str]]:
    return [
        {"name": name, "family": family.name, "evidence": family.evidence_of(name).label}
        for family in families
        for name in family.stream_names
    ]

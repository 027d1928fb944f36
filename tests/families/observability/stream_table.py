"""What README, docs/streams.md and docs/columns.md contain on the streams of this family."""

from __future__ import annotations

from tap_cxone.families.observability.tables import TABLES

STREAMS = [
    (
        f"`{table.stream}`",
        ", else ".join(f"`{path}`" for path in table.paths),
        "`_row_hash`",
        "from the file",
        table.description,
    )
    for table in TABLES
]

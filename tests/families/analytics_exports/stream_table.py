"""What README, docs/streams.md and docs/columns.md contain on the streams of this family."""

from __future__ import annotations

from tap_cxone.families.analytics_exports.streams import BOT_CONVERSATIONS as BOTS

EXPORT = f"analytics export of type `{BOTS.request.export_type}`"
STREAMS = [
    (
        f"`{BOTS.name}`",
        EXPORT,
        ", ".join(f"`{key}`" for key in BOTS.primary_keys),
        len(BOTS.columns),
        BOTS.description,
    )
]
COLUMNS = [(BOTS.name, EXPORT, BOTS.columns)]

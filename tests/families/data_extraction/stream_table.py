"""What README, docs/streams.md and docs/columns.md contain on the streams of this family."""

from __future__ import annotations

from tap_cxone.families.data_extraction.schemas import ENTITIES

STREAMS = [
    (
        f"`{entity.name}`",
        f"`{entity.entity_name}` version {entity.version}",
        ", ".join(f"`{key}`" for key in entity.primary_keys),
        len(entity.columns),
        entity.description,
    )
    for entity in ENTITIES
]
COLUMNS = [
    (entity.name, f"Data Extraction, entity `{entity.entity_name}`", entity.columns)
    for entity in ENTITIES
]

"""Values of the setting `metadata_columns`: from which file the records of a window come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from tap_cxone.clock import iso
from tap_cxone.rows.metadata import ROW_NUMBER

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_cxone.rows.layout import RecordSpec
    from tap_cxone.spool import WindowFile


def with_lineage(spec: RecordSpec, file: WindowFile, names: Collection[str]) -> RecordSpec:
    """Return the specification of records that carry these columns of their file.

    Args:
        spec: The specification; its constants are kept.
        file: The file of the window.
        names: The columns of the setting `metadata_columns`.
    """
    values = {
        "_job_id": file.job_id,
        ROW_NUMBER: None,  # the reader knows it
        "_file_sha256": file.spool.sha256,
        "_extracted_at": iso(file.started_at) if file.started_at else None,
    }
    added = {name: values[name] for name in names if name not in spec.constants}
    return structs.replace(spec, constants={**spec.constants, **added}) if added else spec

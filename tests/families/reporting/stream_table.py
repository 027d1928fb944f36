"""What README, docs/streams.md and docs/columns.md contain on the streams of this family."""

from __future__ import annotations

from tap_cxone.families.reporting.contact_table import CONTACTS
from tap_cxone.families.reporting.period_tables import PERIOD_TABLES
from tap_cxone.families.reporting.presets import PRESETS
from tap_cxone.families.reporting.tables import DIMENSIONS

_TABLES = (CONTACTS, *DIMENSIONS, *PERIOD_TABLES)

STREAMS: list[tuple[str, str, str, int | str, str]] = [
    (
        f"`{table.name}`",
        f"reporting, `{table.path}`",
        ", ".join(f"`{key}`" for key in table.primary_keys),
        len(table.columns),
        table.description,
    )
    for table in _TABLES
]
STREAMS.append(
    (
        "any `data_downloads` entry",
        "a data download of the reporting API",
        "configured, or the preset's",
        "configured, or the preset's",
        "A row of a report.",
    )
)
STREAMS.append(
    (
        "any `report_jobs` entry",
        "a custom report of the reporting API",
        "configured, else `_row_hash`",
        "configured",
        "A row of a report.",
    )
)
COLUMNS = [
    *((table.name, f"the reporting API, `{table.path}`", table.columns) for table in _TABLES),
    *(
        (f"{preset.name}", f"data download {preset.report_id}, a preset", preset.columns)
        for preset in PRESETS
    ),
]

"""Declarations of the streams of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.families.reporting.fields import LIST_FORMAT
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.streams.schema import Declaration

if TYPE_CHECKING:
    from tap_cxone.families.reporting.tables import Table

_VERSION_SETTING = f"{ReportingSettings.NAME}.api_version"


def declaration_of(table: Table, *, windowed: bool) -> Declaration:
    """Return the declaration of a list of the API."""
    return Declaration(
        name=table.name,
        columns=table.columns,
        primary_keys=table.primary_keys,
        description=table.description,
        keys_setting=f"{_VERSION_SETTING}, which determines the fields",
        repeated_key_remedy=table.repeated_key_remedy,
        columns_setting=f"{_VERSION_SETTING}, which determines the types",
        formats=("json",),
        windowed=windowed,
        grouped=table.null_keys,
        text_format=LIST_FORMAT,
    )

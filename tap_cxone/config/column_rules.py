"""Rules of a user for the values of columns, beside those of the API."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from tap_cxone.config.definition import BaseSettings
from tap_cxone.config.types import ColumnType

_DECLARED_TYPE = Annotated[
    ColumnType | None,
    Meta(
        description="Type of the values. A declared `number` may have leading zeros. Default: that "
        "of the API."
    ),
]


class ColumnRule(BaseSettings, frozen=True):
    """Rules for the values of one column. A row that breaks one is invalid."""

    type: _DECLARED_TYPE = None
    precision: Annotated[
        int | None, Meta(ge=0, description="Maximum number of decimals. Default: no limit.")
    ] = None
    required: Annotated[bool, Meta(description="Whether each row has a value.")] = False
    allowed: Annotated[
        tuple[Any, ...],
        Meta(description="All allowed values. An empty list stands for those of the API."),
    ] = ()


COLUMN_RULES = Meta(
    description="Rules for columns by name, metric or ID: `type`, `precision`, `required`, "
    "`allowed`."
)

"""Parsing and validation of requests of the Data Extraction API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from tap_cxone.simulator.data_extraction.entities import ENTITIES
from tap_cxone.simulator.data_extraction.jobs import ExtractionSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_RANGE = timedelta(days=14)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_spec(body: Mapping[str, Any], forbidden: Collection[str]) -> ExtractionSpec:
    """Parse the body of a submit.

    Raises:
        HTTPException: The API would reject it, or the access key may not extract the entity.
    """
    name, version = _text(body, "entityName"), _text(body, "version")
    start, end = _date(body, "startDate"), _date(body, "endDate")
    entity = ENTITIES.get(name)
    if entity is None:
        raise HTTPException(400, f"Unknown entityName: {name}")
    if entity.versions and version not in entity.versions:
        raise HTTPException(400, f"Entity {name} has no version {version}")
    if not start < end:
        raise HTTPException(400, "startDate must be before endDate")
    if end - start > MAX_RANGE:
        raise HTTPException(400, f"The date range must not exceed {MAX_RANGE.days} days")
    if name in forbidden:
        raise HTTPException(403, f"The user has no permission to extract {name}")
    return ExtractionSpec(name, version, start, end)


def _text(body: Mapping[str, Any], field: str) -> str:
    """Parse a field that must be a string."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise HTTPException(400, f"{field} must be a string")
    return value


def _date(body: Mapping[str, Any], field: str) -> date:
    """Parse a field that must be a date."""
    text = _text(body, field)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise HTTPException(400, f"{field} must be a date, YYYY-MM-DD")

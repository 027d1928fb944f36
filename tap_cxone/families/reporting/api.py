"""Client of the reporting API: lists of rows in pages, whichever version responds."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.errors import ApiError, ResponseTimeout, with_permission_hint
from tap_cxone.http.json_body import json_list, json_object, json_objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.http.client import Client

BUSINESS_UNIT_PATH = "/business-unit"
ERROR_HEADER = "icStatusDescription"
PERMISSION_HINT = (
    "grant the user of the access key the permission to view this data "
    "(CXone: Admin > Security > Roles)"
)
_WRAPPER = "resultSet"


class Page(Struct, frozen=True):
    """One response of a list.

    Attributes:
        rows: Its rows.
        total: Number of rows of the whole list; None if it announces none.
        last_poll_time: Instant of the response by the API's clock; empty if unknown.
    """

    rows: Sequence[dict[str, Any]]
    total: int | None = None
    last_poll_time: str = ""


class ReportingApi(Struct, frozen=True):
    """The API at one version.

    Attributes:
        client: Client of the tenant's API.
        version: Version in the paths.
    """

    client: Client
    version: str

    def page(self, path: str, params: Mapping[str, str], data_keys: Sequence[str]) -> Page:
        """Return one page of a list.

        Raises:
            ApiError: The response has no list.
            ResponseTimeout: The server cannot build so large a page.
        """
        with with_permission_hint(PERMISSION_HINT):
            response = self.client.get(versioned(self.version, path), params)
        if response.status == HTTPStatus.NO_CONTENT:
            return Page(())
        return read_page(response.json, path, data_keys)


def versioned(version: str, path: str) -> str:
    """Return a path of the API at a version."""
    return f"/inContactAPI/services/{version}{path}"


def read_page(body: Any, path: str, data_keys: Sequence[str]) -> Page:
    """Return the rows of a response; a missing list is empty if the response announces no rows.

    Args:
        body: The parsed response.
        path: Path of the list, for messages.
        data_keys: Keys under which the list may be.

    Raises:
        ApiError: The response has no list, or a row is no object.
    """
    envelope = json_object(body)
    inner = envelope.get(_WRAPPER, body)
    fields = {**envelope, **json_object(inner)}
    rows, total = json_list(inner, data_keys), _total(fields)
    if rows is None and total == 0:
        rows = []
    objects = json_objects(rows)
    if rows is None or len(objects) != len(rows):
        msg = (
            f"{path}: the response has no list {' or '.join(data_keys)} of objects; "
            "correct reporting.api_version or endpoints.reporting"
        )
        raise ApiError(msg)
    return Page(objects, total, str(fields.get("lastPollTime") or ""))


def _total(fields: Mapping[str, Any]) -> int | None:
    text = str(fields.get("totalRecords")).replace(",", "")
    return int(text) if text.isdecimal() else None


def describe_business_unit(body: Any) -> str:
    """Return name and time zone of the tenant, from the response of the connection test."""
    units = read_page(body, BUSINESS_UNIT_PATH, ("businessUnits",)).rows
    unit = units[0] if units else {}
    name, zone = unit.get("businessUnitName"), unit.get("defaultTimeZone")
    return f"calls are not counted; business unit {name or 'unknown'}, zone {zone or 'unknown'}"


def classify_error(status: int, error_text: str) -> type[ApiError] | None:  # noqa: ARG001 (status)
    """Return the error class that lists mean by a status and a text, or None."""
    return ResponseTimeout if status == HTTPStatus.REQUEST_TIMEOUT else None

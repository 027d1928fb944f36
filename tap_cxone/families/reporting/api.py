"""Client of the reporting API: lists of rows in pages, whichever version responds."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.errors import ApiError, DataPending, NotFound, ResponseTimeout
from tap_cxone.families.reporting.settings import ReportingSettings
from tap_cxone.http.json_body import json_list, json_object, json_objects, letters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_cxone.context import ApiFamily
    from tap_cxone.http.client import Client

BUSINESS_UNIT_PATH = "/business-unit"
ERROR_HEADER = "icStatusDescription"
PERMISSION_HINT = (
    "grant the user of the access key the permission to view this data "
    "(CXone: Admin > Security > Roles)"
)
VERSION_HINT = (
    "set reporting.api_version, or reporting.api_versions for this stream, to a version that has "
    "this path; else check region and endpoints.reporting"
)
_WRAPPER = "resultSet"
_INTERVAL_PENDING = "pending"  # WFM figures that the API has not computed so far


class Page(Struct, frozen=True):
    """One response of a list.

    Attributes:
        rows: Its rows.
        total: Number of rows of the whole list; None if it announces none.
        last_poll_time: Instant of the response by the API's clock; empty if unknown.
        hidden: Number of rows of the whole list that the user may not see.
    """

    rows: Sequence[dict[str, Any]]
    total: int | None = None
    last_poll_time: str = ""
    hidden: int = 0


class ReportingApi(Struct, frozen=True):
    """The API at one version.

    Attributes:
        client: Client of the tenant's API.
        version: Version in the paths.
    """

    client: Client
    version: str

    def page(
        self, path: str, params: Mapping[str, str], data_keys: Sequence[str], row_field: str = ""
    ) -> Page:
        """Return one page of a list.

        Args:
            path: Path of the list below the version.
            params: Query parameters.
            data_keys: Keys under which the list may be.
            row_field: Field that shows that the response itself is a row; empty if none is.

        Raises:
            ApiError: The response has no list.
            NotFound: The version has no such path.
            ResponseTimeout: The server cannot build so large a page.
        """
        try:
            response = self.client.get(versioned(self.version, path), params)
        except NotFound as error:
            raise error.with_remedy(VERSION_HINT) from error
        if response.status == HTTPStatus.NO_CONTENT:
            return Page(())
        return read_page(response.json, path, data_keys, row_field)


def api_of(family: ApiFamily, stream: str) -> ReportingApi:
    """Return the API at the version of a stream."""
    section = family.context.settings.section(ReportingSettings)
    return ReportingApi(family.client, section.version_of(stream))


def versioned(version: str, path: str) -> str:
    """Return a path of the API at a version."""
    return f"/inContactAPI/services/{version}{path}"


def read_page(body: Any, path: str, data_keys: Sequence[str], row_field: str = "") -> Page:
    """Return the rows of a response.

    A null list, or a missing one whose announced number of rows is zero, is empty.

    Args:
        body: The parsed response.
        path: Path of the list, for messages.
        data_keys: Keys under which the list may be, in any spelling.
        row_field: As in `ReportingApi.page`.

    Raises:
        ApiError: The response has no list, or a row is no object.
    """
    envelope = json_object(body)
    inner = envelope.get(_WRAPPER, body)
    fields, keys = {**envelope, **json_object(inner)}, list(map(letters, data_keys))
    by_letters = {letters(key): value for key, value in json_object(inner).items()}
    rows, total = json_list(by_letters or inner, keys), _count(fields, "totalRecords")
    is_null = any(by_letters.get(key, ...) is None for key in keys)
    if rows is None and (total == 0 or (is_null and total is None)):
        rows = []
    if rows is None and row_field in json_object(inner):
        rows = [inner]
    objects = json_objects(rows)
    if rows is None or len(objects) != len(rows):
        msg = (
            f"{path}: the response has no list {' or '.join(data_keys)} of objects; "
            "correct reporting.api_version or endpoints.reporting"
        )
        raise ApiError(msg)
    hidden = _count(fields, "hiddenAgents") or 0
    return Page(objects, total, str(fields.get("lastPollTime") or ""), hidden)


def _count(fields: Mapping[str, Any], key: str) -> int | None:
    text = str(fields.get(key)).replace(",", "")
    return int(text) if text.isdecimal() else None


def describe_business_unit(body: Any) -> str:
    """Return name and time zone of the tenant, from the response of the connection test."""
    units = read_page(body, BUSINESS_UNIT_PATH, ("businessUnits",)).rows
    unit = units[0] if units else {}
    name, zone = unit.get("businessUnitName"), unit.get("defaultTimeZone")
    return f"calls are not counted; business unit {name or 'unknown'}, zone {zone or 'unknown'}"


def classify_error(status: int, error_text: str) -> type[ApiError] | None:
    """Return the error class that lists mean by a status and a text, or None."""
    if status == HTTPStatus.CONFLICT and _INTERVAL_PENDING in error_text.casefold():
        return DataPending
    return ResponseTimeout if status == HTTPStatus.REQUEST_TIMEOUT else None

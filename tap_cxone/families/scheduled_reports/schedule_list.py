"""Read the schedules of a tenant: all pages of the list, and the definition of each entry."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_cxone.errors import (
    ApiError,
    DownloadError,
    Throttled,
    Unavailable,
)
from tap_cxone.families.scheduled_reports.report_definition import describes_report
from tap_cxone.http.json_body import first_id, json_object
from tap_cxone.http.pagination import ListPaginator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.http.client import Client

SCHEDULES_PATH = "/api/v2/analytics/reports/schedules"

_LIST_KEYS = ("entities", "schedules", "data")
PERMISSION_HINT = (
    "grant the application the scopes analytics:reports:read and analytics:reports:write, and its "
    "user Analytics > Reports > Manage and View"
)


def schedule_path(schedule_id: str) -> str:
    """Return the path of one schedule."""
    return f"{SCHEDULES_PATH}/{quote(schedule_id, safe='')}"


def schedule_id_of(entry: Mapping[str, Any]) -> str:
    """Return the ID of a schedule under either of its keys; empty if it has none."""
    return first_id(entry, ("scheduleId", "id")) or ""


def list_schedules(client: Client, name: str | None = None) -> list[dict[str, Any]]:
    """Return all schedules, or only those with the given name, each with its definition.

    Raises:
        ApiError: The response has no list of schedules, or lacks some of them.
    """
    entries: dict[str, dict[str, Any]] = {}
    filters = {"name": name} if name else {}
    paginator = ListPaginator("the schedules", _LIST_KEYS)
    with suppress(DownloadError):  # an invalid or repeated token ends the list
        for page in paginator.pages(
            lambda query: client.get(SCHEDULES_PATH, filters | paginator.params(query)).json
        ):
            found = paginator.entries(page)
            if found is None:
                msg = "the response with the schedules has no list; check base_url"
                raise ApiError(msg)
            entries |= {key: entry for entry in found if (key := schedule_id_of(entry))}
    # The name of the filter is not documented. An API that ignores it returns all schedules.
    matches = [entry for entry in entries.values() if name is None or entry.get("name") == name]
    if not matches or name is None:  # a schedule that is not shown must not be registered again
        paginator.require_all()
    return [_with_definition(client, entry) for entry in matches]


def _with_definition(client: Client, entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry of the list, completed by a GET if it has no definition."""
    if describes_report(entry):
        return entry
    try:
        return entry | json_object(client.get(schedule_path(schedule_id_of(entry))).json)
    except (Throttled, Unavailable):
        raise
    except ApiError:  # the source of the API does not name this request
        return entry

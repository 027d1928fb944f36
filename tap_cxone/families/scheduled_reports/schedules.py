"""Registry of schedules: look up by name, register if missing, update if different."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from msgspec import Struct, field

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    ConfigError,
    DownloadError,
    Unavailable,
    with_permission_hint,
)
from tap_cxone.families.scheduled_reports.report_definition import matches_definition
from tap_cxone.http.json_body import first_id, json_list, json_object, json_objects
from tap_cxone.http.pagination import TokenPaginator

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_cxone.http.client import Client

SCHEDULES_PATH = "/api/v2/analytics/reports/schedules"

_LIST_KEYS = ("entities", "schedules", "data")
PERMISSION_HINT = (
    "grant the application the scopes analytics:reports:read and analytics:reports:write, and its "
    "user Analytics > Reports > Manage and View"
)


class ScheduleRegistry(Struct, frozen=True):
    """Schedules of a tenant, looked up and registered over the API.

    Attributes:
        client: The tenant's API.
        log: Logger for registered and changed schedules.
    """

    client: Client
    log: logging.Logger
    _ids: dict[str, str] = field(default_factory=dict)

    def list_schedules(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return all schedules, or only those with the given name.

        Raises:
            ApiError: The response has no list of schedules.
            PermissionDenied: A permission is missing; the error names it.
        """
        schedules: list[dict[str, Any]] = []
        filters = {"name": name} if name else {}
        paginator = TokenPaginator("the schedules")
        with (
            with_permission_hint(PERMISSION_HINT),
            suppress(DownloadError),  # an invalid or repeated token ends the list
        ):
            for page in paginator.pages(
                lambda token: (
                    self.client.get(SCHEDULES_PATH, filters | paginator.params(token)).json
                )
            ):
                schedules += _parse_schedules(page)
        # The name of the filter is not documented. An API that ignores it returns all schedules.
        return [entry for entry in schedules if name is None or entry.get("name") == name]

    def ensure(self, definition: Mapping[str, Any]) -> str:
        """Return the ID of the schedule with this definition; register or update it if needed.

        The submit of a job calls it first. So a retry of that submit repeats a failed registration.

        Raises:
            Unavailable: It is not known whether the schedule is registered.
            ApiError: The schedule cannot be registered or changed.
            ConfigError: Two schedules have its name.
        """
        name = str(definition["name"])
        if name not in self._ids:
            self._ids[name] = self._find_or_register(name, definition)
        return self._ids[name]

    def _find_or_register(self, name: str, definition: Mapping[str, Any]) -> str:
        matches = self.list_schedules(name)
        if len(matches) > 1:
            ids = ", ".join(schedule_id(entry) for entry in matches)
            msg = f"several schedules have the name '{name}' ({ids}); delete all but one in CXone"
            raise ConfigError([msg])
        return (
            self._update_if_different(matches[0], definition)
            if matches
            else self._register(name, definition)
        )

    def _register(self, name: str, definition: Mapping[str, Any]) -> str:
        """Register a schedule, once; an error that may be retried is `Unavailable`.

        A lost response to the submit of a job counts as spent. Registering spends nothing, and the
        next attempt first looks up whether the schedule exists.
        """
        remedy = "run again: the tap looks it up first, and no run was spent"
        try:
            with with_permission_hint(PERMISSION_HINT):
                response_json = self.client.submit(SCHEDULES_PATH, definition).json
        except AmbiguousSubmit as error:
            msg = f"the schedule '{name}' may have been registered: {error.message}"
            raise Unavailable(msg, status=error.status, remedy=remedy) from error
        self.log.info("Schedule '%s' registered", name)
        if new_id := schedule_id(json_object(response_json)):
            return new_id
        msg = f"the schedule '{name}' was registered, but the API does not list it"
        raise Unavailable(msg, remedy=remedy)

    def _update_if_different(self, entry: dict[str, Any], definition: Mapping[str, Any]) -> str:
        registered_id = schedule_id(entry)
        if not matches_definition(entry, dict(definition)):
            path = f"{SCHEDULES_PATH}/{quote(registered_id, safe='')}"
            with with_permission_hint(PERMISSION_HINT):
                self.client.put(path, definition)
            name = str(entry["name"])
            if not any(
                matches_definition(current, dict(definition))
                for current in self.list_schedules(name)
            ):
                msg = (
                    f"the schedule '{name}' could not be changed; delete it in CXone and run again"
                )
                raise ApiError(msg)
            self.log.info("Schedule '%s' changed to its definition in the settings", name)
        return registered_id


def schedule_id(entry: Mapping[str, Any]) -> str:
    """Return the ID of a schedule under either of its keys; empty if it has none."""
    return first_id(entry, ("scheduleId", "id")) or ""


def _parse_schedules(response_json: Any) -> list[dict[str, Any]]:
    entries = json_list(response_json, _LIST_KEYS)
    if entries is None:
        msg = "the response with the schedules has no list; check base_url"
        raise ApiError(msg)
    return [entry for entry in json_objects(entries) if schedule_id(entry)]

"""Registry of schedules: look up by name, register if missing, update if different."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from tap_cxone.errors import (
    AmbiguousSubmit,
    ApiError,
    ConfigError,
    NotFound,
    Unavailable,
)
from tap_cxone.families.scheduled_reports.report_definition import find_differences, shown_parts
from tap_cxone.families.scheduled_reports.schedule_list import (
    SCHEDULES_PATH,
    list_schedules,
    schedule_id_of,
    schedule_path,
)
from tap_cxone.http.json_body import error_of, json_object
from tap_cxone.progress.activity import sleep

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping

    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.http.client import Client
    from tap_cxone.http.retry import RetryPolicy

_MAX_LOOKUPS = 6  # lookups of a schedule whose registration gave no ID
_INFO_KEY = "schedules"
_ACCEPTED = range(201, 300)  # a 200 without JSON may be the page of a proxy


def _made_schedules(tenant_info: Mapping[str, Any]) -> dict[str, str]:
    ids: dict[str, str] = tenant_info.get(_INFO_KEY, {}).get("ids", {})
    return ids


def unused_schedules(tenant_info: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return name and ID of the schedules that the tap made and that none of the names means."""
    used = set(names)
    return {n: i for n, i in sorted(_made_schedules(tenant_info).items()) if n not in used}


class ScheduleRequest(Struct, frozen=True):
    """The schedule that a report needs.

    Attributes:
        definition: Definition of the schedule, as JSON.
        setting: Path of the report's settings, for messages.
        register: Whether the tap registers and changes the schedule.
        take_over: Whether the tap may change a schedule that it did not make.
        missing_remedy: What to do if the schedule is missing and may not be registered.
    """

    definition: dict[str, Any]
    setting: str
    register: bool = True
    take_over: bool = False
    missing_remedy: str = ""

    @property
    def name(self) -> str:
        """Return the name of the schedule."""
        return str(self.definition["name"])


class ScheduleRegistry(Struct, frozen=True):
    """Schedules of a tenant, looked up and registered over the API.

    Attributes:
        client: The tenant's API.
        lookup_policy: Pauses between the lookups of a schedule that is not listed yet.
        tenant_info: Tenant info of the family; it keeps the schedules that the tap made.
        log: Logger for registered and changed schedules.
        audit_context: Audit fields of the stream.
    """

    client: Client
    lookup_policy: RetryPolicy
    tenant_info: dict[str, Any]
    log: logging.Logger
    audit_context: AuditContext
    _ids: dict[str, str] = field(default_factory=dict)
    _sent: set[str] = field(default_factory=set)

    def ensure(self, request: ScheduleRequest) -> str:
        """Return the ID of the requested schedule; register or update it if needed.

        The submit of a job calls it first. So a retry of that submit repeats a failed registration.

        Raises:
            Unavailable: It is not known whether the schedule is registered.
            ApiError: The schedule cannot be registered or changed.
            ConfigError: Two schedules have its name, it may not be changed, or it is missing and
                may not be registered.
        """
        if request.name not in self._ids:
            self._ids[request.name] = self._find_or_register(request)
        return self._ids[request.name]

    def forget(self, request: ScheduleRequest) -> None:
        """Forget the ID of a schedule that was deleted meanwhile, so that it is made again."""
        self._ids.pop(request.name, None)

    # Schedules that the tap made

    @property
    def _made(self) -> dict[str, str]:
        """Return the name and ID of each schedule that the tap made; an unknown ID is empty."""
        return _made_schedules(self.tenant_info)

    def _remember(self, name: str, schedule_id: str) -> str:
        """Store that the tap made a schedule; return its ID."""
        if self._made.get(name) != schedule_id:
            version = self.tenant_info.get(_INFO_KEY, {}).get("version", 0)
            ids = {**self._made, name: schedule_id}
            self.tenant_info[_INFO_KEY] = {"version": version + 1, "ids": ids}
        return schedule_id

    # Lookup

    def _find_or_register(self, request: ScheduleRequest) -> str:
        name = request.name
        entry = self._find(name)
        if entry is None and self._made.get(name) == "":
            entry = self._find_later(name)
        if entry is not None:
            if name in self._sent or self._made.get(name) == "":
                self._remember(name, schedule_id_of(entry))
            return self._update_if_different(entry, request)
        if not request.register:
            msg = (
                f"{request.setting}: no schedule has the name '{name}'; {request.missing_remedy}, "
                "or set register to true"
            )
            raise ConfigError([msg])
        return self._register(request)

    def _find(self, name: str) -> dict[str, Any] | None:
        matches = list_schedules(self.client, name)
        own_id = self._made.get(name)
        if own := [entry for entry in matches if own_id and schedule_id_of(entry) == own_id]:
            return own[0]
        if len(matches) > 1:
            ids = ", ".join(map(schedule_id_of, matches))
            msg = f"several schedules have the name '{name}' ({ids}); delete all but one in CXone"
            raise ConfigError([msg])
        return matches[0] if matches else None

    def _find_later(self, name: str) -> dict[str, Any]:
        """Return a schedule that was registered and is not listed yet; look with growing pauses.

        Raises:
            ApiError: It is not listed. It is never registered again, because it may exist.
        """
        for delay in islice(self.lookup_policy.delays(), _MAX_LOOKUPS):
            sleep(self.client.transport.clock, delay, f"looking up the schedule '{name}'")
            if entry := self._find(name):
                return entry
        msg = (
            f"the schedule '{name}' was registered, but the API does not list it; run again later, "
            "or set another schedule_name if CXone does not show it"
        )
        raise ApiError(msg)

    # Registration and change

    def _register(self, request: ScheduleRequest) -> str:
        """Register a schedule, once; an error that may be retried is `Unavailable`.

        A lost response to the submit of a job counts as spent. Registering spends nothing, and the
        next attempt first looks up whether the schedule exists.
        """
        name, new_id = request.name, ""
        self._sent.add(name)
        try:
            response_json = self.client.submit(SCHEDULES_PATH, request.definition).json
            self._require_accepted(response_json, request)
            new_id = schedule_id_of(json_object(response_json))
        except AmbiguousSubmit as error:
            if error.status not in _ACCEPTED:
                msg = f"the schedule '{name}' may have been registered: {error.message}"
                remedy = "run again: the tap looks it up first, and no run was spent"
                raise Unavailable(msg, status=error.status, remedy=remedy) from error
        self._remember(name, new_id)
        if not new_id:
            new_id = self._remember(name, schedule_id_of(self._find_later(name)))
        self.log.info("Schedule '%s' registered", name)
        self._audit_change(request, new_id, None)
        return new_id

    def _require_accepted(self, response_json: Any, request: ScheduleRequest) -> None:
        """Raise `ConfigError` if a response of success has an error in place of a schedule."""
        if error_text := error_of(response_json):
            msg = (
                f"{request.setting}: the API did not register the schedule '{request.name}': "
                f"{self.client.redact(error_text)}; correct what it names"
            )
            raise ConfigError([msg])

    def _update_if_different(self, entry: dict[str, Any], request: ScheduleRequest) -> str:
        registered_id, name = schedule_id_of(entry), request.name
        differences = find_differences(entry, request.definition)
        if differences and not request.register:
            text = "%s: the schedule '%s' differs from the settings in %s; it runs as it is"
            self.log.warning(text, request.setting, name, ", ".join(differences))
        elif differences:
            self._require_permission(registered_id, request, differences)
            try:
                response = self.client.put(schedule_path(registered_id), request.definition)
            except NotFound:  # deleted after the lookup
                return self._register(request)
            if response.headers.get("Content-Type", "").startswith("text/html"):
                msg = (
                    f"the schedule '{name}' could not be changed, because a page came in place of "
                    "the API's response; run again, and check base_url"
                )
                raise ApiError(msg)
            self._remember(name, registered_id)
            self._audit_change(request, registered_id, shown_parts(entry, request.definition))
            self._check_change(request)
        return registered_id

    def _require_permission(
        self, registered_id: str, request: ScheduleRequest, differences: Iterable[str]
    ) -> None:
        """Raise `ConfigError` if the tap may not change a schedule."""
        if request.take_over or self._made.get(request.name) == registered_id:
            return
        msg = (
            f"{request.setting}: the schedule '{request.name}' was not made by this tap and "
            f"differs in {', '.join(differences)}; set take_over to overwrite it, register to "
            "false to run it as it is, or another schedule_name"
        )
        raise ConfigError([msg])

    def _check_change(self, request: ScheduleRequest) -> None:
        """Log whether the API shows the change that it has accepted."""
        name, current = request.name, self._find(request.name)
        if differences := find_differences(current or {}, request.definition):
            text = (
                "The API accepted the change of the schedule '%s' and still shows another %s; "
                "compare it in CXone"
            )
            self.log.warning(text, name, ", ".join(differences))
        else:
            self.log.info("Schedule '%s' changed to its definition in the settings", name)

    def _audit_change(self, request: ScheduleRequest, schedule_id: str, old: Any) -> None:
        self.audit_context.write(
            "schedule_changed", schedule_id=schedule_id, old=old, new=request.definition
        )

"""Schedules: looked up by name, made when missing, changed when different, else left alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tap_cxone.errors import AmbiguousSubmit, ApiError, ConfigError, Unavailable, naming
from tap_cxone.families.scheduled_reports.definitions import holds
from tap_cxone.jobs.job import job_name
from tap_cxone.progress.activity import rest

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from tap_cxone.clock import Clock
    from tap_cxone.http.client import Client
    from tap_cxone.jobs.polling import Patience

SCHEDULES = "/api/v2/analytics/reports/schedules"

_LISTS = ("entities", "schedules", "data")
PERMISSIONS = (
    "give the application the scopes analytics:reports:read and analytics:reports:write, and its "
    "user Analytics > Reports > Manage and View"
)


@dataclass(frozen=True, slots=True)
class Schedules:
    """The schedules of a tenant.

    Attributes:
        client: The tenant's API.
        clock: The time.
        patience: How often to try again.
        log: Where to say what was changed.
    """

    client: Client
    clock: Clock
    patience: Patience
    log: logging.Logger
    _ids: dict[str, str] = field(default_factory=dict)

    def registered(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the schedules, those of one name only if it is given.

        Raises:
            ApiError: The answer is no list.
        """
        found: list[dict[str, Any]] = []
        asked = {"name": name} if name else {}
        tokens: set[str] = set()
        while True:
            path = f"{SCHEDULES}?{urlencode(asked)}" if asked else SCHEDULES
            with naming(PERMISSIONS):
                answer = self.client.get(path).json
            found += _entries(answer)
            token = answer.get("nextPageToken") if isinstance(answer, dict) else None
            following = job_name(token)
            if not following or following in tokens:
                break
            tokens.add(following)
            asked["pageToken"] = following
        # The filter's spelling is not documented: an API that ignores it returns all of them.
        return [entry for entry in found if name is None or entry.get("name") == name]

    def ensure(self, wanted: Mapping[str, Any]) -> str:
        """Return the ID of the schedule with this definition, registering it if need be.

        Raises:
            ConfigError: Two schedules have its name.
            ApiError: It cannot be registered.
        """
        name = str(wanted["name"])
        if name not in self._ids:
            self._ids[name] = self._registered(name, wanted)
        return self._ids[name]

    def _registered(self, name: str, wanted: Mapping[str, Any]) -> str:
        for tries in range(self.patience.retries + 1):
            found = self.registered(name)
            if len(found) > 1:
                ids = ", ".join(schedule_id(entry) for entry in found)
                msg = f"two schedules are called '{name}' ({ids}); delete all but one in CXone"
                raise ConfigError([msg])
            if found:
                return self._changed(found[0], wanted)
            try:
                if made := self._made(name, wanted):
                    return made
            except Unavailable as error:
                if tries == self.patience.retries:
                    tried = f"tried {tries + 1} times (max_retries)"
                    raise error.given_up(tried) from error
                # Then look whether it is there.
                rest(self.clock, self.patience.poll, "an answer about a schedule was lost")
        msg = f"the schedule '{name}' was registered, but cannot be found; run again"
        raise ApiError(msg)

    def _made(self, name: str, wanted: Mapping[str, Any]) -> str:
        try:
            with naming(PERMISSIONS):
                answer = self.client.submit(SCHEDULES, wanted).json
        except AmbiguousSubmit as error:
            # A lost answer about the run of a report counts as one; this one spent nothing.
            msg = f"the schedule '{name}' may have been registered: {error.said}"
            remedy = "run again: it is looked for first, and no report was spent"
            raise Unavailable(msg, status=error.status, remedy=remedy) from error
        self.log.info("Schedule '%s' registered", name)
        return schedule_id(answer) if isinstance(answer, dict) else ""

    def _changed(self, entry: dict[str, Any], wanted: Mapping[str, Any]) -> str:
        own = schedule_id(entry)
        if not holds(entry, dict(wanted)):
            path = f"{SCHEDULES}/{quote(own, safe='')}"
            with naming(PERMISSIONS):
                self.client.put(path, wanted)
            name = str(entry["name"])
            if not any(holds(now, dict(wanted)) for now in self.registered(name)):
                msg = f"the schedule '{name}' could not be changed; delete it in CXone, run again"
                raise ApiError(msg)
            self.log.info("Schedule '%s' changed to its definition in the settings", name)
        return own


def schedule_id(entry: Mapping[str, Any]) -> str:
    """Return the ID of a schedule, whatever it is called; empty if it has none."""
    return job_name(entry.get("scheduleId")) or job_name(entry.get("id")) or ""


def _entries(answer: Any) -> list[dict[str, Any]]:
    found = answer
    if isinstance(answer, dict):
        found = next((answer[key] for key in _LISTS if isinstance(answer.get(key), list)), None)
    if not isinstance(found, list):
        msg = "the answer to the schedules is no list of them; is base_url the right host?"
        raise ApiError(msg)
    return [entry for entry in found if isinstance(entry, dict) and schedule_id(entry)]

"""List of the tenant's jobs, which only serves to find the job of a lost submit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tap_cxone.errors import ApiError, AuthError
from tap_cxone.http.json_body import json_id, json_list, json_object, json_objects
from tap_cxone.jobs.api import ListedJobs

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping

    from tap_cxone.http.client import Client
    from tap_cxone.http.messages import ApiResponse

JOBS_PATH = "/data-extraction/v1/jobs"
_RUNNING = "RUNNING"


class JobList(Struct):
    """Jobs of the tenant that are known, for all streams of the family.

    The list is requested before the first submit of a run, and after a lost one. A tenant may count
    every request for the interval between two submits, so other submits do without. The list shows
    only ID and status of a job.

    Attributes:
        log: Logger for a list that is not available.
    """

    log: logging.Logger
    _known_ids: frozenset[str] | None = None
    _was_requested: bool = False
    _has_unnamed_jobs: bool = False  # a response named no ID of a job since then

    def before_submit(self, client: Client) -> ListedJobs | None:
        """Return the known jobs; None if the list was not available."""
        if not self._was_requested:
            self._was_requested = True
            client.token_provider.token()  # a failed login is no missing list
            if (statuses := self._request(client.get_once)) is not None:
                self._known_ids = frozenset(statuses)
        return None if self._known_ids is None else ListedJobs(candidate_ids=self._known_ids)

    def after_lost_submit(self, client: Client) -> ListedJobs | None:
        """Return the new jobs that the lost submit may have made; None if there is no list.

        If responses since the list named no job, only a running job counts: those jobs have ended.
        """
        statuses = self._request(client.get)
        if statuses is None or self._known_ids is None:
            return None
        new_ids = statuses.keys() - self._known_ids
        if self._has_unnamed_jobs:
            new_ids = {job_id for job_id in new_ids if statuses[job_id] == _RUNNING}
        self._known_ids |= statuses.keys()
        self._has_unnamed_jobs = False
        return ListedJobs(frozenset(new_ids))

    def add(self, job_id: str | None) -> None:
        """Add the job of an accepted submit; None if the response names none."""
        if job_id is None:
            self._has_unnamed_jobs = True
        elif self._known_ids is not None:
            self._known_ids |= {job_id}

    def _request(self, get: Callable[[str], ApiResponse]) -> Mapping[str, str] | None:
        """Return the status of each job by its ID; None if the list is not available."""
        try:
            response_json = get(JOBS_PATH).json
        except (ApiError, AuthError) as error:
            text = "The list of jobs is not available: %s. Submits go on without it; the job of a "
            text += "lost submit cannot be found"
            self.log.info(text, error)
            return None
        jobs = json_list(json_object(response_json), ["jobs"])
        return None if jobs is None else _statuses(json_objects(jobs))


def _statuses(jobs: list[dict[str, Any]]) -> dict[str, str]:
    ids = {json_id(job.get("id")): str(job.get("status", "")).upper() for job in jobs}
    return {job_id: status for job_id, status in ids.items() if job_id is not None}

"""Client of the trial API: its requests, and what its responses mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cxone.clock import iso_z
from tap_cxone.http.json_body import json_list, json_objects
from tap_cxone.jobs.api import ActiveJobs, JobApi, SubmitResult

if TYPE_CHECKING:
    from tap_cxone.jobs.job import Job
    from tap_cxone.windows import Window

JOBS_PATH = "/trial/v1/jobs"


@dataclass
class TrialApi(JobApi):
    """Jobs of the only stream."""

    STATUS_KEYS: ClassVar[tuple[str, ...]] = ("state",)
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("url",)

    detail: str

    @property
    @override
    def name(self) -> str:
        return "visits"

    @override
    def body(self, window: Window) -> dict[str, Any]:
        return {"from": iso_z(window.start), "to": iso_z(window.end), "detail": self.detail}

    @override
    def submit(self, window: Window) -> SubmitResult:
        return self.read_submit(self.client.submit(JOBS_PATH, self.body(window)))

    @override
    def status_path(self, job: Job) -> str:
        return f"{JOBS_PATH}/{job.id}"

    @override
    def list_active_jobs(self, window: Window) -> ActiveJobs | None:
        jobs = json_list(self.client.get(JOBS_PATH).json, ["jobs"])
        if jobs is None:
            return None
        same = [job for job in json_objects(jobs) if job.get("body") == self.body(window)]
        ids = frozenset(str(job["id"]) for job in same)
        return ActiveJobs(candidate_ids=ids, matching_ids=ids)

    @override
    def cancel(self, job: Job) -> bool:
        self.client.delete(self.status_path(job))
        return True

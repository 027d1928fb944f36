"""Response bodies of the Data Extraction API, in every observed variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.jobs import Status

if TYPE_CHECKING:
    from tap_cxone.simulator.data_extraction.jobs import Job
    from tap_cxone.simulator.data_extraction.options import DataExtractionOptions
    from tap_cxone.simulator.options import StatusCase


def spell_status(status: Status, case: StatusCase | None) -> str:
    """Return a status in the tenant's case."""
    match case:
        case "upper" | None:
            return status.upper()
        case "lower":
            return status.lower()
        case "title":
            return status.title()


def job_status(
    job: Job, status: Status, url: str | None, options: DataExtractionOptions
) -> dict[str, Any]:
    """Return the status object of a job; `url` is the link to its file."""
    body = {"id": job.id, "status": spell_status(status, options.status_case)}
    return {"jobStatus": {**body, **_result(job, status, url, options)}}


def _result(
    job: Job, status: Status, url: str | None, options: DataExtractionOptions
) -> dict[str, Any]:
    """Return an object with the field `result`, or an empty one."""
    if url is not None:
        return {"result": {"url": url}}
    if status is Status.FAILED:
        return {"result": {options.error_field: job.reason}}
    match options.running_result:
        case "null":
            return {"result": None}
        case "absent":
            return {}
        case "empty":
            return {"result": {}}


def sync_response(job: Job, status: Status, url: str | None, options: DataExtractionOptions) -> Any:
    """Return the body of `POST …/jobs/sync`; without a file it is the status object."""
    if url is None:
        return job_status(job, status, None, options)
    match options.sync_response:
        case "url":
            return {"url": url}
        case "download-url":
            return {"downloadUrl": url}
        case "result":
            return {"result": {"url": url}}
        case "string-url":
            return url
        case _:
            return job_status(job, status, url, options)

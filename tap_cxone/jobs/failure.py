"""Errors of jobs that ended without a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.errors import JobFailed, JobTimeout, WindowTooLarge
from tap_cxone.http.error_table import is_too_large
from tap_cxone.jobs.job import JobStatus

if TYPE_CHECKING:
    from tap_cxone.errors import CXoneError
    from tap_cxone.jobs.job import StatusResponse
    from tap_cxone.windows import Window


def failure_reason(response: StatusResponse) -> str:
    """Return why a job gave no file: the reason of the API, or the keys of its answer."""
    succeeded = response.status is JobStatus.SUCCEEDED
    reason = "no download link" if succeeded else response.reason or "no reason given"
    if response.answer and not response.reason:
        reason += f" in {response.answer}"
    return reason


def failure_text(description: str, response: StatusResponse) -> str:
    """Return a sentence that says of a described job how and why it ended."""
    reason = failure_reason(response)
    return f"{description} produced no file: {response.status.name}, {reason}"


def failure_error(description: str, response: StatusResponse, window: Window) -> CXoneError:
    """Return the error of a failed job: its class says whether a smaller window may help.

    Args:
        description: Name of the window and its job.
        response: Last status of the job.
        window: Window of the job, which needs a new one.
    """
    msg = f"{failure_text(description, response)}. Run again; a smaller window may help"
    if response.is_time_limit:
        return JobTimeout(msg, window=window)
    too_large = is_too_large(failure_reason(response))
    return WindowTooLarge(msg) if too_large else JobFailed(msg)

"""The scenes of data extraction: with a submit that waits for the file, and with jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.config.validation import ACCESS_KEY
from tests.support.data_extraction import ASYNC, STREAM, SYNC
from tests.support.scene import Ability, RequestPatterns, Scene

if TYPE_CHECKING:
    from tap_cxone.simulator.faults import FaultPoint

_COMMON: dict[str, Any] = {
    "family": "data_extraction",
    "stream": STREAM,
    "key": ("Workflow ID",),
    "entity": "qm-workflows",
    "credentials": ACCESS_KEY,
    "permission": ("grant the access key's user a permission",),
    "other_request": {"entities": [{"name": STREAM, "version": "3"}]},
    "dispensable": ("list",),
    "text_title": "Team Name",
    "one_job_a_tenant": True,
    "unknown_status": {"jobStatus": {"id": "any", "status": "hibernating"}},
}
_PERMISSION = ("QM Workflow API",)
_NO_CANCEL = "the documents name no request that ends a job"


def _patterns(submit: str) -> RequestPatterns:
    login = "POST /authentication/v1/token/access-key"
    return RequestPatterns.of_jobs(ASYNC, login=login, submit=f"POST {submit}")


def _reads(*more: FaultPoint) -> tuple[FaultPoint, ...]:
    return ("token", "list", *more, "download")


SCENES = (
    Scene(
        name="sync",
        own={"mode": "sync", "window_days": 1},
        patterns=_patterns(SYNC),
        reads=_reads(),
        submits=("sync",),
        permissions={"sync": _PERMISSION},
        refusals={("sync", n): ((str(n),), ("set data_extraction.mode",)) for n in (404, 405, 410)},
        cannot={
            Ability.CANCEL: _NO_CANCEL,
            Ability.PENDING_JOBS: "the response to the submit has the link already",
        },
        **_COMMON,
    ),
    Scene(
        name="async",
        own={"mode": "async", "window_days": 1},
        patterns=_patterns(ASYNC),
        reads=_reads("poll"),
        submits=("async",),
        permissions={"async": _PERMISSION},
        cannot={Ability.CANCEL: _NO_CANCEL},
        **_COMMON,
    ),
)

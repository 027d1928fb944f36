"""The scene of the trial family."""

from __future__ import annotations

from tap_cxone.config.validation import ACCESS_KEY
from tests.contract.trial.family import TrialApi
from tests.support.scene import RequestPatterns, Scene

_JOBS = TrialApi.JOBS_PATH

SCENES = (
    Scene(
        name="trial",
        family="trial",
        stream="visits",
        entity="visits",
        key=("Visit ID",),
        credentials=ACCESS_KEY,
        patterns=RequestPatterns.of_jobs(_JOBS, login="POST /trial/token"),
        reads=("token", "list", "poll", "download"),
        submits=("submit",),
        other_request={"detail": "long"},
        unknown_status={"status": "hibernating"},
    ),
)

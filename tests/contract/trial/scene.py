"""The trial family as a whole: its entry of the registry, its simulator and its scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_cxone.config.validation import ACCESS_KEY
from tap_cxone.families.registry import FAMILIES, Family, settings_schema
from tap_cxone.simulator.registry import FAMILIES as SIMULATED_FAMILIES
from tap_cxone.tap import TapCXone
from tests.contract.trial import streams
from tests.contract.trial.api import JOBS_PATH
from tests.contract.trial.settings import TrialSettings
from tests.contract.trial.simulated import VISITS, TrialApiServer
from tests.support.scene import RequestPatterns, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapWithTrial(TapCXone):
    """The tap with one more family."""

    families: ClassVar[Sequence[Family]] = (*FAMILIES, Family(TrialSettings, streams))
    config_jsonschema = settings_schema(families)


SIMULATED_WITH_TRIAL = (*SIMULATED_FAMILIES, TrialApiServer)

SCENES = (
    Scene(
        name="trial",
        family=TrialSettings.NAME,
        stream=VISITS,
        key=("Visit ID",),
        own={},
        entity=VISITS,
        credentials=ACCESS_KEY,
        patterns=RequestPatterns(
            login="POST /trial/token",
            submit=f"POST {JOBS_PATH}",
            poll=f"GET {JOBS_PATH}/.+",
            listing=f"GET {JOBS_PATH}",
            cancel=f"DELETE {JOBS_PATH}/.+",
            file="GET /files/.+",
        ),
        reads=("token", "list", "poll", "download"),
        submits=("submit",),
        other_request={"detail": "long"},
        unknown_status={"state": "hibernating"},
        tap_class=TapWithTrial,
    ),
)

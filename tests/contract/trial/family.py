"""The trial family: settings, requests and the only stream of an invented API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta
from typing_extensions import override

from tap_cxone.clock import iso_z
from tap_cxone.config.evidence import Evidence
from tap_cxone.config.model import Section
from tap_cxone.config.validation import ACCESS_KEY
from tap_cxone.context import ApiFamily
from tap_cxone.jobs.api import JobApi
from tap_cxone.rows.columns import Column
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration

if TYPE_CHECKING:
    from singer_sdk import Tap

    from tap_cxone.context import RunContext
    from tap_cxone.windows import Window

BUILT_IN_STREAMS = ("visits",)
_VISITS = Declaration(name="visits", columns=(Column("page"),), primary_keys=("visit_id",))


class TrialSettings(Section, frozen=True, kw_only=True):
    """The settings of the trial family."""

    NAME: ClassVar[str] = "trial"
    TITLE: ClassVar[str] = "Trial"
    DESCRIPTION: ClassVar[str] = "An invented API."
    EVIDENCE: ClassVar[Evidence] = Evidence.TUTORIAL_ONLY

    detail: Annotated[str, Meta(description="How much a row says.")] = "short"


@dataclass
class TrialApi(JobApi):
    """Jobs of the only stream."""

    JOBS_PATH: ClassVar[str] = "/trial/v1/jobs"
    LIST_PATH: ClassVar[str] = JOBS_PATH
    LIST_KEYS: ClassVar[tuple[str, ...]] = ("jobs",)
    LINK_KEYS: ClassVar[tuple[str, ...]] = ("url",)
    CAN_CANCEL: ClassVar[bool] = True

    name = "visits"
    detail: str

    @override
    def body(self, window: Window) -> dict[str, Any]:
        return {"from": iso_z(window.start), "to": iso_z(window.end), "detail": self.detail}


class TrialFamily(ApiFamily):
    """The trial API."""

    settings_class = TrialSettings
    credentials = ACCESS_KEY
    host = "https://trial.example"
    token_path = "/trial/token"
    probe_path = TrialApi.JOBS_PATH
    max_window_days = 1


class VisitsStream(JobStream):
    """Visits, read day by day."""

    @cached_property
    @override
    def api(self) -> TrialApi:
        detail = self.settings.section(TrialSettings).detail
        return TrialApi(self.family.client, self.family.tenant, detail)


def streams(tap: Tap, context: RunContext) -> list[VisitsStream]:
    """Return the only stream."""
    return [VisitsStream(tap, TrialFamily.from_settings(context), _VISITS)]

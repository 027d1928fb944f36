"""The stream of the trial family."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from typing_extensions import override

from tap_cxone.config.validation import ACCESS_KEY
from tap_cxone.context import ApiFamily
from tap_cxone.http.auth import AccessKeyGrant
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.rows.columns import Column
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import daily_windows
from tests.contract.trial.api import JOBS_PATH, TrialApi
from tests.contract.trial.settings import TrialSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.context import RunContext
    from tap_cxone.windows import Window

BUILT_IN_STREAMS = ("visits",)
_VISITS = Declaration(
    name="visits",
    columns=(Column("visit_id", description="Identity."), Column("page", description="Page.")),
    primary_keys=("visit_id",),
    description="Visits.",
    keys_setting=TrialSettings.NAME,
    columns_setting=TrialSettings.NAME,
)


class TrialFamily(ApiFamily):
    """The trial API."""

    name = TrialSettings.NAME
    evidence = TrialSettings.EVIDENCE
    credentials = ACCESS_KEY
    host = "https://trial.example"
    token_path = "/trial/token"
    probe_path = JOBS_PATH

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        key = context.settings.access_key
        grant = AccessKeyGrant(cls.token_url_of(context.settings), key) if key else None
        return cls(context=context, grant=grant, limits=RateLimits(), window_days=1)


class VisitsStream(JobStream):
    """Visits, read day by day."""

    @cached_property
    @override
    def api(self) -> TrialApi:
        detail = self.settings.section(TrialSettings).detail
        return TrialApi(self.family.client, self.family.tenant, detail)

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        return daily_windows(start, end, max_days=1, pending=pending)


def streams(tap: Tap, context: RunContext) -> list[VisitsStream]:
    """Return the only stream."""
    return [VisitsStream(tap, TrialFamily.from_settings(context), _VISITS)]

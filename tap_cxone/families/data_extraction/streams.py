"""Streams of the Data Extraction API: one per entity."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import override

from tap_cxone.config.validation import ACCESS_KEY
from tap_cxone.context import ApiFamily
from tap_cxone.families.data_extraction.api import (
    DataExtractionApi,
    EntityRequest,
    classify_error,
    describe_running_job,
)
from tap_cxone.families.data_extraction.job_list import JOBS_PATH, JobList
from tap_cxone.families.data_extraction.schemas import (
    ANY_PERMISSION,
    ENTITIES,
    EntityDefinition,
    permission_of,
)
from tap_cxone.families.data_extraction.settings import (
    MAX_WINDOW_DAYS,
    DataExtractionSettings,
    EntitySettings,
)
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.streams.definition import declare, declare_all
from tap_cxone.streams.job_stream import JobStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.errors import ApiError

NAME = DataExtractionSettings.NAME
BUILT_IN_STREAMS = tuple(entity.name for entity in ENTITIES)


class DataExtraction(ApiFamily):
    """The Data Extraction API."""

    settings_class = DataExtractionSettings
    credentials = ACCESS_KEY
    host = "https://api-{region}.niceincontact.com"
    # The vendor's login takes the area's own host, the API its gateway.
    login_host = "https://{region}.nice-incontact.com"
    token_path = "/authentication/v1/token/access-key"  # noqa: S105 (a path, not a token)
    probe_path = JOBS_PATH
    permission_hint = f"grant the access key's user a permission {ANY_PERMISSION}"
    remaining_source = "whether a job is running"
    submits_cost_exports = False
    max_window_days = MAX_WINDOW_DAYS

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        section = context.settings.section(DataExtractionSettings)
        return cls(
            context=context,
            grant=cls.grant_of(context.settings),
            limits=RateLimits(
                min_submit_interval=section.min_submit_interval, max_concurrent=1, tenant_wide=True
            ),
            availability_delay=section.availability_delay,
            complete_days_only=section.complete_days_only,
            overlap=section.overlap,
            window_days=section.window_days,
        )

    @override
    def classify_error(self, status: int, error_text: str) -> type[ApiError] | None:
        return classify_error(status, error_text)

    @override
    def describe_remaining(self, response_json: Any) -> str:
        return describe_running_job(response_json)


def streams(tap: Tap, context: RunContext) -> list[EntityStream]:
    """Return one stream per built-in entity and per configured entity."""
    api_family = DataExtraction.from_settings(context)
    job_list = JobList(tap.logger)
    return [
        EntityStream(tap, api_family, job_list, entity)
        for entity in entity_definitions(context.settings)
    ]


def entity_definitions(settings: Settings) -> Iterator[EntityDefinition]:
    """Return the built-in entities with the user's overrides, then the custom entities."""
    section = settings.section(DataExtractionSettings)
    return declare_all(
        ENTITIES,
        section.entities,
        entry_class=EntitySettings,
        new=lambda entry: EntityDefinition(name=entry.name, entity_name="", version=""),
        declared=lambda entity, entry: declare(
            entity,
            entry,
            setting=f"{NAME}.entities, entry '{entry.name}'",
            csv=section.csv,
            entity_name=entry.entity_name or None,
            version=entry.version or None,
            order_by=entry.order_by,
        ),
    )


class EntityStream(JobStream):
    """Stream of one entity, read in windows of whole UTC days."""

    def __init__(
        self, tap: Tap, family: ApiFamily, job_list: JobList, entity: EntityDefinition
    ) -> None:
        """Store the entity, which is the declaration of the stream."""
        self.job_list = job_list
        self.entity = entity
        super().__init__(tap, family, entity)

    @cached_property
    @override
    def api(self) -> DataExtractionApi:
        name = self.entity.entity_name
        return DataExtractionApi(
            client=self.family.client,
            tenant=self.family.tenant,
            request=EntityRequest(name, self.entity.version, permission_of(name)),
            mode=self.settings.section(DataExtractionSettings).mode,
            tenant_info=self.family.tenant_info,
            sync_timeout=self.settings.job_timeout,
            job_list=self.job_list,
        )

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
from tap_cxone.http.auth import AccessKeyGrant
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.rows.columns import with_types
from tap_cxone.streams.definition import (
    entry_text_format,
    find_entry,
    merge_definition,
    merge_definitions,
)
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import Overlap, daily_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.errors import ApiError
    from tap_cxone.rows.text_format import TextFormat
    from tap_cxone.windows import Window

NAME = DataExtractionSettings.NAME
BUILT_IN_STREAMS = tuple(entity.name for entity in ENTITIES)


class DataExtraction(ApiFamily):
    """The Data Extraction API."""

    name = NAME
    evidence = DataExtractionSettings.EVIDENCE
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
        settings = context.settings
        section, key = settings.section(DataExtractionSettings), settings.access_key
        return cls(
            context=context,
            grant=AccessKeyGrant(cls.token_url_of(settings), key) if key else None,
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
    return merge_definitions(
        ENTITIES,
        settings.section(DataExtractionSettings).entities,
        new=lambda entry: EntityDefinition(entry.name, "", ""),
        merge=_merge_definition,
    )


def _merge_definition(entity: EntityDefinition, entry: EntitySettings) -> EntityDefinition:
    return merge_definition(
        entity,
        entity_name=entry.entity_name or None,
        version=entry.version or None,
        primary_keys=entry.primary_keys,
        columns=with_types(entity.columns, entry.columns),
        order_by=entry.order_by,
    )


def entity_text_format(settings: Settings, name: str) -> TextFormat:
    """Return how the files of an entity write texts."""
    section = settings.section(DataExtractionSettings)
    entry = find_entry(section.entities, name) or EntitySettings(name)
    return entry_text_format(entry, section.csv, f"{NAME}.entities, entry '{name}'")


class EntityStream(JobStream):
    """Stream of one entity, read in windows of whole UTC days."""

    def __init__(
        self, tap: Tap, family: ApiFamily, job_list: JobList, entity: EntityDefinition
    ) -> None:
        """Store the entity and declare its columns and keys."""
        self.job_list = job_list
        self.entity = entity
        setting = f"{NAME}.entities, entry '{entity.name}'"
        declaration = Declaration(
            name=entity.name,
            columns=entity.columns,
            primary_keys=entity.primary_keys,
            description=entity.description,
            keys_setting=f"{setting}, primary_keys",
            columns_setting=f"{setting}, columns",
            order_by=entity.order_by,
            order_by_setting=f"{setting}, order_by",
            text_format=entity_text_format(family.context.settings, entity.name),
        )
        super().__init__(tap, family, declaration)

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

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        section = self.settings.section(DataExtractionSettings)
        return daily_windows(
            start,
            end,
            max_days=self.window_days,
            pending=pending,
            overlap=Overlap(section.overlap.days, self.settings.start_date),
        )

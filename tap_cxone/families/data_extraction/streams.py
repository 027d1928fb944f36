"""Streams of the Data Extraction API: one per entity."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cxone.context import ApiFamily
from tap_cxone.families.data_extraction.api import (
    JOBS_PATH,
    DataExtractionApi,
    EntityRequest,
    classify_error,
    describe_running_job,
)
from tap_cxone.families.data_extraction.schemas import (
    ANY_PERMISSION,
    ENTITIES,
    EntityDefinition,
    permission_of,
)
from tap_cxone.families.data_extraction.settings import MAX_WINDOW_DAYS, DataExtractionSettings
from tap_cxone.http.auth import AccessKeyGrant
from tap_cxone.http.rate_limit import RateLimits
from tap_cxone.rows.columns import snake_case, with_types
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import daily_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config.model import Settings
    from tap_cxone.context import RunContext
    from tap_cxone.families.data_extraction.settings import EntitySettings
    from tap_cxone.windows import Window

NAME = DataExtractionSettings.NAME
TOKEN_PATH = "/authentication/v1/token/access-key"  # noqa: S105 (a path, not a token)


def build_api_family(context: RunContext) -> ApiFamily:
    """Return the Data Extraction API of the tenant in the settings."""
    settings = context.settings
    family_settings = settings.section(DataExtractionSettings)
    key, region = settings.access_key, settings.region
    # The vendor's login takes the area's own host, the API its gateway.
    token_url = settings.token_url(NAME, f"https://{region}.nice-incontact.com", TOKEN_PATH)
    return ApiFamily(
        name=NAME,
        required_settings=("access_key_id", "access_key_secret"),
        grant=AccessKeyGrant(token_url, key) if key else None,
        base_url=settings.base_url_for(NAME, f"https://api-{region}.niceincontact.com"),
        limits=RateLimits(
            min_submit_interval=family_settings.min_submit_interval,
            max_concurrent=1,
            tenant_wide=True,
        ),
        availability_delay=family_settings.availability_delay,
        probe_path=JOBS_PATH,
        permission_hint=f"give the access key's user a permission {ANY_PERMISSION}",
        describe_remaining=describe_running_job,
        window_days=family_settings.window_days,
        max_window_days=MAX_WINDOW_DAYS,
        context=context,
        classify_error=classify_error,
    )


def streams(tap: Tap, context: RunContext) -> list[EntityStream]:
    """Return one stream per built-in entity and per configured entity."""
    api_family = build_api_family(context)
    return [
        EntityStream(tap, api_family, entity) for entity in entity_definitions(context.settings)
    ]


def entity_definitions(settings: Settings) -> Iterator[EntityDefinition]:
    """Yield the built-in entities with the user's overrides, then the custom entities."""
    entries = {entity.name: entity for entity in settings.section(DataExtractionSettings).entities}
    for entity in ENTITIES:
        entry = entries.pop(entity.name, None)
        yield _merge_definition(entity, entry) if entry else entity
    for custom in entries.values():
        yield _merge_definition(
            EntityDefinition(custom.name, custom.entity_name or "", custom.version or ""), custom
        )


def _merge_definition(entity: EntityDefinition, entry: EntitySettings) -> EntityDefinition:
    keys = entry.primary_keys
    return replace(
        entity,
        entity_name=entry.entity_name or entity.entity_name,
        version=entry.version or entity.version,
        primary_keys=entity.primary_keys if keys is None else tuple(map(snake_case, keys)),
        columns=with_types(entity.columns, entry.columns),
    )


class EntityStream(JobStream):
    """Stream of one entity, read in windows of whole UTC days."""

    def __init__(self, tap: Tap, family: ApiFamily, entity: EntityDefinition) -> None:
        """Store the entity and declare its columns and keys."""
        self.entity = entity
        declaration = Declaration(
            name=entity.name,
            columns=entity.columns,
            primary_keys=entity.primary_keys,
            description=entity.description,
            keys_setting=f"{NAME}.entities, entry '{entity.name}', primary_keys",
            columns_setting=f"{NAME}.entities, entry '{entity.name}', columns",
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
        )

    @override
    def windows(
        self, start: datetime, end: datetime, pending: Iterable[Window]
    ) -> Iterator[Window]:
        max_days = self.settings.section(DataExtractionSettings).window_days
        return daily_windows(start, end, max_days=max_days, pending=pending)

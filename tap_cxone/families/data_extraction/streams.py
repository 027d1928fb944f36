"""The streams of the Data Extraction API."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.config import DATA_EXTRACTION_MAX_DAYS
from tap_cxone.context import Family
from tap_cxone.families.data_extraction.api import (
    JOBS,
    DataExtractionApi,
    Request,
    classify,
    running,
)
from tap_cxone.families.data_extraction.schemas import (
    ANY_PERMISSION,
    ENTITIES,
    Entity,
    permission_of,
)
from tap_cxone.http.auth import AccessKeyGrant
from tap_cxone.http.rate_limit import Limits
from tap_cxone.rows.columns import snake_case, with_types
from tap_cxone.streams.job_stream import JobStream
from tap_cxone.streams.schema import Declaration
from tap_cxone.windows import plan_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap

    from tap_cxone.config import EntitySettings, Settings
    from tap_cxone.context import Surroundings
    from tap_cxone.windows import Window

NAME = "data_extraction"
TOKEN_PATH = "/authentication/v1/token/access-key"  # noqa: S105 (a path, not a token)


def family(surroundings: Surroundings) -> Family:
    """Return the Data Extraction API of the tenant in the settings."""
    settings = surroundings.settings
    key, region = settings.access_key, settings.region
    # The vendor's login takes the area's own host, the API its gateway.
    login = settings.token_url(NAME, f"https://{region}.nice-incontact.com", TOKEN_PATH)
    return Family(
        name=NAME,
        needs=("access_key_id", "access_key_secret"),
        grant=AccessKeyGrant(login, key) if key else None,
        host=settings.host(NAME, f"https://api-{region}.niceincontact.com"),
        limits=Limits(spacing=settings.data_extraction.spacing, concurrent=1, exclusive=True),
        settle=settings.data_extraction.settle,
        harmless=JOBS,
        granted=f"give the access key's user a permission {ANY_PERMISSION}",
        left=running,
        window_days=settings.data_extraction.window_days,
        most_days=DATA_EXTRACTION_MAX_DAYS,
        surroundings=surroundings,
        classify=classify,
    )


def streams(tap: Tap, surroundings: Surroundings) -> list[EntityStream]:
    """Return a stream per built-in and per configured entity."""
    shared = family(surroundings)
    return [EntityStream(tap, shared, entity) for entity in entities(surroundings.settings)]


def entities(settings: Settings) -> Iterator[Entity]:
    """Yield the built-in entities as the user changed them, then the user's own."""
    changes = {entity.name: entity for entity in settings.data_extraction.entities}
    for entity in ENTITIES:
        change = changes.pop(entity.name, None)
        yield _changed(entity, change) if change else entity
    for own in changes.values():
        yield _changed(Entity(own.name, own.entity_name or "", own.version or ""), own)


def _changed(entity: Entity, change: EntitySettings) -> Entity:
    keys = change.primary_keys
    return replace(
        entity,
        entity_name=change.entity_name or entity.entity_name,
        version=change.version or entity.version,
        primary_keys=entity.primary_keys if keys is None else tuple(map(snake_case, keys)),
        columns=with_types(entity.columns, dict(change.columns)),
    )


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the family's settings beyond their shape."""
    own = config.get(NAME, {}).get("entities", []) if isinstance(config.get(NAME), dict) else []
    built_in = {entity.name for entity in ENTITIES}
    for entity in own if isinstance(own, list) else []:
        if not isinstance(entity, dict) or entity.get("name") in built_in:
            continue
        for setting in ("entity_name", "version"):
            if not entity.get(setting):
                yield (
                    f"{NAME}.entities: '{entity.get('name')}' has no {setting}; it is not a "
                    f"built-in stream ({', '.join(sorted(built_in))}), so say what the API calls it"
                )


class EntityStream(JobStream):
    """One entity, read in windows of whole UTC days."""

    def __init__(self, tap: Tap, family: Family, entity: Entity) -> None:
        """Declare the entity's columns and keys."""
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
            request=Request(name, self.entity.version, permission_of(name)),
            mode=self.settings.data_extraction.mode,
            traits=self.family.traits,
            longest=self.settings.job_timeout,
        )

    @override
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterator[Window]:
        most = self.settings.data_extraction.window_days
        return plan_days(start, horizon, most=most, asked=asked)

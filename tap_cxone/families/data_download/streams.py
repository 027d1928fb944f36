"""The streams of data download: one per configured download, and the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from typing_extensions import override

from tap_cxone.clock import zone_names
from tap_cxone.config import validation as checks
from tap_cxone.context import Family
from tap_cxone.errors import ConfigError, DriftError, StateError
from tap_cxone.families.data_download.api import ME, PERMISSIONS, DataDownloadApi, Request, left
from tap_cxone.families.data_download.catalogue import (
    EVERY,
    Metric,
    changes,
    resolve,
    with_retired,
)
from tap_cxone.families.data_download.pages import Pages
from tap_cxone.families.data_download.region import plane
from tap_cxone.http.auth import ClientCredentialsGrant
from tap_cxone.http.rate_limit import Limits
from tap_cxone.planning.plan import Left
from tap_cxone.rows.columns import Column, snake_case
from tap_cxone.streams.base import traits_of
from tap_cxone.streams.full_table import FullTableStream
from tap_cxone.streams.prefetch import Facts
from tap_cxone.streams.schema import Declaration
from tap_cxone.streams.windowed import WindowedStream
from tap_cxone.windows import plan_whole

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_cxone.config import DownloadSettings
    from tap_cxone.context import Surroundings
    from tap_cxone.events.audit_log import Trail
    from tap_cxone.families.data_download.api import Quota
    from tap_cxone.streams.base import CXoneStream
    from tap_cxone.streams.prefetch import Fetched
    from tap_cxone.windows import Window

NAME = "data_download"
TOKEN_PATH = "/api/v2/oauth/token"  # noqa: S105 (a path, not a token)
SCOPES = ("api:reporting:read", "api:data-download:read", "api:custom-metrics:read")
SETTLE = timedelta(minutes=30)
_PACE = timedelta(minutes=1)  # its rate limit is one of minutes: at its end, wait for the next
_MANY = 10  # windows; before so many the quota is asked


def family(surroundings: Surroundings) -> Family:
    """Return the data download of the tenant in the settings."""
    settings = surroundings.settings
    own, application = settings.data_download, settings.application
    placed = settings.endpoints.get(NAME) or settings.base_url
    host = placed or (f"https://{settings.tenant}.nicecxone.com" if settings.tenant else "")
    scopes = SCOPES if own.scopes is None else own.scopes
    url = settings.token_url(NAME, host, TOKEN_PATH)
    return Family(
        name=NAME,
        needs=("client_id", "client_secret", *(() if placed else ("tenant",))),
        grant=ClientCredentialsGrant(url, application, scopes) if application and host else None,
        host=host.rstrip("/"),
        limits=Limits(pace=_PACE),
        settle=SETTLE,
        harmless=ME,
        granted=PERMISSIONS,
        left=left,
        surroundings=surroundings,
        # Who names the host decides, not a claim.
        plane=None if placed else plane,
        also="" if own.downloads else f"{NAME}.downloads",
    )


def streams(tap: Tap, surroundings: Surroundings) -> list[CXoneStream]:
    """Return the catalogue and a stream per configured download."""
    shared = family(surroundings)
    shared.traits.update(traits_of(tap, NAME))
    tenant = Tenant(shared, remembered(shared))
    own = surroundings.settings.data_download
    return [CatalogueStream(tap, tenant), *(DownloadStream(tap, tenant, d) for d in own.downloads)]


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the family's settings beyond their shape."""
    own = config.get(NAME)
    if not isinstance(own, dict):
        return
    yield from checks.summed_up(config, NAME)
    for download in own.get("downloads") or ():
        wanted = isinstance(download, dict) and not (
            download.get("metrics") or download.get("custom_metrics")
        )
        if wanted:
            yield (
                f"{NAME}.downloads: '{download.get('name')}' asks for nothing; name metrics or "
                "custom_metrics"
            )


def remembered(family: Family) -> tuple[Metric, ...] | None:
    """Return the metrics that the state remembers, retired ones among them; None at first.

    Raises:
        StateError: They are not what this tap writes.
    """
    catalogue = family.traits.get("catalogue")
    if catalogue is None:
        return None
    try:
        found = tuple(Metric.from_json(raw) for raw in catalogue.get("metrics", ()))
        int(catalogue.get("version", 0))
        for metric in found:
            _ = metric.column
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        msg = (
            f"The custom metrics in the state are not readable ({error!r}); restore an earlier "
            f"state, or remove the traits of {NAME} from it"
        )
        raise StateError(msg) from error
    return found


@dataclass(frozen=True)
class Tenant:
    """What the streams share of their tenant, asked for once a run: zone and catalogue.

    Attributes:
        family: The family; its traits keep the catalogue from run to run.
        before: The metrics that the last run knew; None if there was none.
    """

    family: Family
    before: tuple[Metric, ...] | None
    _told: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @cached_property
    def api(self) -> DataDownloadApi:
        """Return the calls."""
        return DataDownloadApi(self.family.client, self.family.surroundings.settings.region)

    @cached_property
    def known(self) -> tuple[Metric, ...]:
        """Return the metrics that are published now, and those that once were, as retired."""
        return with_retired(self.before or (), self.published)

    @cached_property
    def published(self) -> tuple[Metric, ...]:
        """Return the metrics that are published now."""
        return self.api.catalogue()

    @cached_property
    def theirs(self) -> str | None:
        """Return the tenant's own zone, if the API tells it."""
        return self.api.zone()

    @cached_property
    def zone(self) -> ZoneInfo:
        """Return the zone whose days are read: the settings' own, else the tenant's.

        Raises:
            ConfigError: Neither is known.
        """
        name = self.family.surroundings.settings.timezone or self.theirs
        if name not in zone_names():
            problem = f"the tenant's time zone is not known ({name}); set timezone to it"
            raise ConfigError([problem])
        return ZoneInfo(name)

    @cached_property
    def quota(self) -> Quota | None:
        """Return what was left of the quota at the beginning, if the API tells it."""
        return self.api.quota()

    def mismatch(self) -> str | None:
        """Return the tenant's own zone if the settings name another."""
        return self.theirs if self.theirs not in {None, self.zone.key} else None

    def compare(self, log: logging.Logger, trail: Trail) -> dict[str, list[str]]:
        """Compare the catalogue with the last run's and say what changed, once a run.

        It is remembered if the changes are accepted: what fails a run must fail the next one too.
        """
        if "changes" not in self._told:
            found = {} if self.before is None else changes(self.before, self.published)
            for kind, ids in found.items():
                log.warning("Custom metrics %s: %s", kind, ", ".join(ids))
                trail.write("drift", columns=[f"{kind}: {metric}" for metric in ids])
            self._told["changes"] = found
            drift = self.family.surroundings.settings.schema_drift
            if self.before is None or (found and drift == "evolve"):
                self._remember()
        return self._told["changes"]

    def _remember(self) -> None:
        version = self.family.traits.get("catalogue", {}).get("version", 0)
        metrics = [metric.as_json() for metric in self.known]
        self.family.traits["catalogue"] = {"version": version + 1, "metrics": metrics}


class CatalogueStream(FullTableStream):
    """The custom metrics that are published."""

    def __init__(self, tap: Tap, tenant: Tenant) -> None:
        """Declare its columns."""
        self.tenant = tenant
        declaration = Declaration(
            name="custom_metrics",
            columns=(
                Column("id", description="Identity of the metric, and its column's name."),
                Column("name", description="Display name."),
                Column("type", description="Type of its values."),
                Column("description", description="What it measures."),
                Column("minimum", "number", "Least value."),
                Column("maximum", "number", "Greatest value."),
                Column("allowed_values", description="The only values, as JSON."),
            ),
            primary_keys=("id",),
            description="The custom metrics that are published.",
            keys_setting=NAME,
            columns_setting=NAME,
            windowed=False,
        )
        super().__init__(tap, tenant.family, declaration)

    @override
    def table(self) -> Iterator[Record]:
        self.tenant.compare(self.logger, self.trail)
        for metric in self.tenant.published:
            yield metric.record()


class DownloadStream(WindowedStream):
    """One download, read in windows of whole days of the tenant's zone."""

    def __init__(self, tap: Tap, tenant: Tenant, download: DownloadSettings) -> None:
        """Declare the report's columns, and those of the custom metrics known already."""
        self.tenant = tenant
        self.download = download
        self._metrics = self._named(tenant.before or (), strictly=False)
        declaration = Declaration(
            name=download.name,
            columns=(*self._fixed(), *(metric.column for metric in self._metrics)),
            primary_keys=(*map(snake_case, download.group_by), "_window_start"),
            description=f"{download.report}, by {', '.join(download.group_by) or 'window'}.",
            keys_setting=f"{NAME}.downloads, entry '{download.name}', group_by",
            columns_setting=f"{NAME}.downloads, entry '{download.name}'",
            formats=("json",),
            lifted="customMetrics",
        )
        super().__init__(tap, tenant.family, declaration)

    def _fixed(self) -> tuple[Column, ...]:
        groups = (Column(snake_case(f), description=f"'{f}'.") for f in self.download.group_by)
        metrics = (
            Column(snake_case(name), "number", f"Metric '{name}'.")
            for name in self.download.metrics
        )
        return (*groups, *metrics)

    def _named(self, metrics: tuple[Metric, ...], *, strictly: bool) -> tuple[Metric, ...]:
        setting = f"{NAME}.downloads, entry '{self.download.name}', custom_metrics"
        wanted = self.download.custom_metrics
        if not strictly:  # discovery knows what the last run knew
            known = {text for metric in metrics for text in (metric.id, metric.name)}
            wanted = tuple(name for name in wanted if name in {*known, EVERY})
        return resolve(wanted, metrics, setting)

    @override
    def discover(self) -> None:
        if self.settings.data_download.live_discovery and self.family.configured:
            self._metrics = self._named(self.tenant.known, strictly=True)
            self.show(metric.column for metric in self._metrics)

    @override
    def fetched(self) -> Iterator[Facts | Fetched]:
        yield Facts(self._learn_metrics())
        if zone := self.tenant.mismatch():
            text = "timezone is %s, the tenant's own is %s: days differ from its reports'"
            self.once("zone", text, self.tenant.zone.key, zone)
        yield from super().fetched()

    def _learn_metrics(self) -> tuple[Column, ...]:
        """Compare the catalogue with the last run's; return the columns it makes."""
        found = self.tenant.compare(self.logger, self.trail)
        if found and self.settings.schema_drift == "fail":
            told = "; ".join(f"{kind}: {', '.join(ids)}" for kind, ids in found.items())
            msg = f"custom metrics changed ({told}); set schema_drift to evolve or ignore"
            raise DriftError(msg)
        self._metrics = self._named(self.tenant.known, strictly=True)
        if found and self.settings.schema_drift == "ignore":
            self._metrics = self._as_before(self._metrics)
        fixed = [*self._fixed(), *(c for c in self.known if c not in self.declaration.columns)]
        columns = {column.name: column for column in fixed}
        columns |= {metric.column.name: metric.column for metric in self._metrics}
        return tuple(columns.values())

    def _as_before(self, metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
        """Return the metrics as the last run knew them; new ones only if they are named."""
        old = {metric.id: metric for metric in self.tenant.before or ()}
        named = {name for name in self.download.custom_metrics if name != EVERY}
        kept = (old.get(m.id) or (m if {m.id, m.name} & named else None) for m in metrics)
        return tuple(filter(None, kept))

    @override
    def source(self) -> Pages:

        own = self.settings.data_download
        retries = self.settings.max_retries
        pages = Pages(self.tenant.api, self._request, own.page_size, retries, self.logger)
        if len(due := self.lanes.desk.run(self.due)) >= _MANY:
            pages.ask_quota(len(due))
        return pages

    @override
    def left(self) -> Left | None:

        quota = self.tenant.quota
        return Left(quota.remaining, str(quota)) if quota else None

    def _request(self) -> Request:
        published = {metric.id for metric in self.tenant.published}
        ids = [metric.id for metric in self._metrics if metric.id in published]
        return Request(self.download, ids, self.tenant.zone.key)

    @override
    def windows(
        self, start: datetime, horizon: datetime, asked: Iterable[Window]
    ) -> Iterator[Window]:
        closed = horizon == self.settings.end_date
        most, zone = self.settings.data_download.window_days, self.tenant.zone
        return plan_whole(start, horizon, most=most, zone=zone, asked=asked, closed=closed)

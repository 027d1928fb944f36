"""State of one tenant that the streams of data download share: time zone and catalogue."""

from __future__ import annotations

from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from tap_cxone.clock import is_same_zone, time_zone
from tap_cxone.errors import ConfigError, StateError
from tap_cxone.families.data_download.api import DataDownloadApi
from tap_cxone.families.data_download.metric_catalog import MetricChange, find_changes, with_retired
from tap_cxone.families.data_download.settings import DataDownloadSettings
from tap_cxone.families.data_download.stored_catalog import StoredCatalog
from tap_cxone.rows.title_digests import digest_room, digest_share
from tap_cxone.streams.state_size import DIGEST_SIZE

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Sequence
    from zoneinfo import ZoneInfo

    from tap_cxone.context import ApiFamily
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.families.data_download.api import CallQuota
    from tap_cxone.families.data_download.metric_catalog import CustomMetric
    from tap_cxone.families.data_download.settings import DownloadSettings


def load_catalog(family: ApiFamily) -> StoredCatalog | None:
    """Return the catalogue in STATE, or None in the first run.

    Raises:
        StateError: It does not have the format that this tap writes.
    """
    raw = family.tenant_info.get("catalogue")
    if raw is None:
        return None
    try:
        catalog = StoredCatalog.from_json(raw)
        for metric in catalog.metrics() or ():
            _ = metric.column
    except (ArithmeticError, TypeError, ValueError, msgspec.MsgspecError) as error:
        msg = (
            f"The custom metrics in the state are not readable ({error!r}); restore an earlier "
            f"state, or remove the tenant_info of {family.name} from it"
        )
        raise StateError(msg) from error
    return catalog


class TenantContext(Struct, frozen=True, dict=True):
    """Time zone and catalogue of the tenant, requested once per run.

    Attributes:
        family: The family; its tenant info keeps the catalogue between runs.
        stored: Catalogue that the last run accepted; None in the first run.
        expected_state_size: Returns the characters that all else in STATE will probably need.
    """

    family: ApiFamily
    stored: StoredCatalog | None
    expected_state_size: Callable[[], int]
    _reported: list[bool] = field(default_factory=list)

    @cached_property
    def previous_metrics(self) -> tuple[CustomMetric, ...] | None:
        """Return the metrics of the last run, also retired ones; None if they are unknown.

        Of a catalogue that is too large for STATE they are those that downloads request.
        """
        return self.stored.metrics() if self.stored else None

    @cached_property
    def api(self) -> DataDownloadApi:
        """Return the client of the API."""
        return DataDownloadApi(self.family.client, self.family.context.settings.region)

    @cached_property
    def all_metrics(self) -> tuple[CustomMetric, ...]:
        """Return the published metrics, then formerly published ones as retired."""
        return with_retired(self.previous_metrics or (), self.published_metrics)

    @cached_property
    def published_metrics(self) -> tuple[CustomMetric, ...]:
        """Return the published metrics."""
        return self.api.custom_metrics()

    @cached_property
    def tenant_zone(self) -> str | None:
        """Return the time zone of the tenant, or None if the API does not report it."""
        return self.api.zone()

    @cached_property
    def zone(self) -> ZoneInfo:
        """Return the zone that defines the days: the setting `timezone`, else the tenant's zone.

        Raises:
            ConfigError: No valid zone is known.
        """
        name = self.family.context.settings.timezone or self.tenant_zone
        if (zone := time_zone(name)) is None:
            problem = f"the tenant's time zone is unknown ({name}); set timezone"
            raise ConfigError([problem])
        return zone

    @cached_property
    def quota(self) -> CallQuota | None:
        """Return the quota at the start of the run, or None if the API does not report it."""
        return self.api.quota()

    def mismatched_zone(self) -> str | None:
        """Return the tenant's zone if it differs from the zone in use, else None."""
        name = self.tenant_zone
        is_same = is_same_zone(time_zone(name), self.zone)
        return None if name is None or is_same else name

    @cached_property
    def changes(self) -> list[MetricChange]:
        """Return the changes of the catalogue since the last run; none in the first run."""
        if self.previous_metrics is None:
            return []
        current = self.published_metrics
        if self.stored and self.stored.partial:
            current = tuple(metric for metric in current if metric.id in self._previous_ids)
        return find_changes(self.previous_metrics, current)

    @property
    def next_version(self) -> int:
        """Return the version of the catalogue once the changes of this run are accepted."""
        return self.stored.version + 1 if self.stored else 1

    def refused_changes(self, names: Collection[str]) -> list[MetricChange]:
        """Return the changes of selected metrics that `schema_drift` does not accept.

        Args:
            names: IDs and display names of the selected metrics.
        """
        settings = self.family.context.settings
        accepted_version = settings.section(DataDownloadSettings).accept_drift
        if settings.schema_drift != "fail" or accepted_version == self.next_version:
            return []
        return [change for change in self.changes if change.concerns(names)]

    def report_changes(self, log: logging.Logger, audit_context: AuditContext) -> None:
        """Log the changes of the catalogue since the last run, once per run.

        The catalogue is stored in STATE only if the changes are accepted. A change that fails this
        run must fail the next one too.
        """
        if self._reported:
            return
        self._reported.append(True)
        for kind, changes in groupby(self.changes, key=lambda change: change.kind):
            texts = list(map(str, changes))
            log.warning("Custom metrics %s: %s", kind, ", ".join(texts))
            audit_context.write("schema_changed", columns=[f"{kind}: {text}" for text in texts])
        if self._is_new and self._is_accepted:
            reserved = self.expected_state_size() + self._digests_size
            catalog = StoredCatalog.of(
                self.all_metrics,
                self.next_version,
                requested=self._requested_names,
                reserved=reserved,
            )
            self.family.tenant_info["catalogue"] = catalog.to_json()
            if catalog.partial or not catalog.packed:
                log.warning(
                    "%d custom metrics are too many for the state; changes of %s are not reported "
                    "by metric",
                    len(self.all_metrics),
                    "those that no download requests" if catalog.partial else "them",
                )

    @property
    def accepted_changes(self) -> list[MetricChange]:
        """Return the changes that make the next version; in the first run all metrics are new."""
        if not (self._is_new and self._is_accepted):
            return []
        return find_changes((), self.published_metrics) if self.stored is None else self.changes

    @property
    def _digests_size(self) -> int:
        """Return the size of the digests of custom metrics, which no stream may know so far."""
        users = sum(bool(download.custom_metrics) for download in self._downloads)
        room = digest_room(metric.id for metric in self.all_metrics)
        share = digest_share(len(self._downloads) or 1)
        return DIGEST_SIZE * users * room if room <= share else 0

    @property
    def _downloads(self) -> Sequence[DownloadSettings]:
        return self.family.context.settings.section(DataDownloadSettings).downloads

    @property
    def _is_new(self) -> bool:
        if self.stored is None:
            return True
        if self.previous_metrics is None or self.stored.partial:
            return not self.stored.has(self.all_metrics) or self._requests_further_metrics
        return bool(self.changes)

    @property
    def _requests_further_metrics(self) -> bool:
        """Return True if a requested metric is none of those that STATE has."""
        names, known = self._requested_names, self._previous_ids
        requested = (metric.id for metric in self.published_metrics if metric.has_name(names))
        return bool(known) and not known.issuperset(requested)

    @cached_property
    def _previous_ids(self) -> set[str]:
        """Return the IDs of the metrics of the last run; none if they are unknown."""
        return {metric.id for metric in self.previous_metrics or ()}

    @cached_property
    def _requested_names(self) -> set[str]:
        """Return the IDs and display names of the custom metrics that downloads request."""
        return {name for download in self._downloads for name in download.custom_metrics}

    @property
    def _is_accepted(self) -> bool:
        settings = self.family.context.settings
        is_ignored = settings.schema_drift == "ignore" and self.stored is not None
        return not is_ignored and not self.refused_changes(self._requested_names)

"""State of one tenant that the streams of data download share: time zone and catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tap_cxone.clock import is_same_zone, time_zone
from tap_cxone.errors import ConfigError, StateError
from tap_cxone.families.data_download.api import DataDownloadApi
from tap_cxone.families.data_download.metric_catalog import CustomMetric, find_changes, with_retired

if TYPE_CHECKING:
    import logging
    from zoneinfo import ZoneInfo

    from tap_cxone.context import ApiFamily
    from tap_cxone.events.audit_log import AuditContext
    from tap_cxone.families.data_download.api import CallQuota


def load_metrics(family: ApiFamily) -> tuple[CustomMetric, ...] | None:
    """Return the metrics in STATE, including retired ones, or None in the first run.

    Raises:
        StateError: They do not have the format that this tap writes.
    """
    catalog = family.tenant_info.get("catalogue")
    if catalog is None:
        return None
    try:
        metrics = tuple(CustomMetric.from_json(raw) for raw in catalog.get("metrics", ()))
        int(catalog.get("version", 0))
        for metric in metrics:
            _ = metric.column
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        msg = (
            f"The custom metrics in the state are not readable ({error!r}); restore an earlier "
            f"state, or remove the tenant_info of {family.name} from it"
        )
        raise StateError(msg) from error
    return metrics


@dataclass(frozen=True)
class TenantContext:
    """Time zone and catalogue of the tenant, requested once per run.

    Attributes:
        family: The family; its tenant info keeps the catalogue between runs.
        previous_metrics: Metrics of the last run; None in the first run.
    """

    family: ApiFamily
    previous_metrics: tuple[CustomMetric, ...] | None
    _reported: dict[str, dict[str, list[str]]] = field(default_factory=dict)

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

    def report_changes(
        self, log: logging.Logger, audit_context: AuditContext
    ) -> dict[str, list[str]]:
        """Return the changes of the catalogue since the last run; log them once per run.

        The catalogue is stored in STATE only if the changes are accepted. A change that fails this
        run must fail the next one too.
        """
        if "changes" not in self._reported:
            changed_ids = (
                {}
                if self.previous_metrics is None
                else find_changes(self.previous_metrics, self.published_metrics)
            )
            for kind, ids in changed_ids.items():
                log.warning("Custom metrics %s: %s", kind, ", ".join(ids))
                audit_context.write(
                    "schema_changed", columns=[f"{kind}: {metric}" for metric in ids]
                )
            self._reported["changes"] = changed_ids
            drift_policy = self.family.context.settings.schema_drift
            if self.previous_metrics is None or (changed_ids and drift_policy == "evolve"):
                self._save_catalog()
        return self._reported["changes"]

    def _save_catalog(self) -> None:
        version = self.family.tenant_info.get("catalogue", {}).get("version", 0)
        metrics = [metric.as_json() for metric in self.all_metrics]
        self.family.tenant_info["catalogue"] = {"version": version + 1, "metrics": metrics}

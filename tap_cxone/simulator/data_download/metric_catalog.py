"""Catalog of the published custom metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cxone.simulator.list_pages import list_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_cxone.simulator.data_download.options import DataDownloadOptions
    from tap_cxone.simulator.metrics import CustomMetric


class MetricCatalog:
    """The published custom metrics.

    Attributes:
        metrics: The metrics. Assigning another tuple publishes others and is thread-safe.
    """

    def __init__(self, metrics: Iterable[CustomMetric]) -> None:
        """Create a catalog of these metrics."""
        self.metrics = tuple(metrics)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the metrics."""
        return tuple(metric.id for metric in self.metrics)


def metric_list(
    metrics: Iterable[CustomMetric], query: Mapping[str, str], options: DataDownloadOptions
) -> Any:
    """Return a page of the list of the metrics in the tenant's layout."""
    entries = [_entry(metric, options) for metric in metrics]
    if options.catalogue_shape == "list":
        return entries
    return list_page(entries, options.catalogue_shape, query, options)


def _entry(metric: CustomMetric, options: DataDownloadOptions) -> dict[str, Any]:
    """Return the list entry of a metric without unknown fields."""
    entry = {
        "id": metric.id,
        options.catalogue_names: metric.name,
        options.catalogue_types: metric.type,
        "description": metric.description,
        "minimum": metric.minimum,
        "maximum": metric.maximum,
        options.catalogue_enum: list(metric.enum) or None,
    }
    return {name: value for name, value in entry.items() if value is not None}

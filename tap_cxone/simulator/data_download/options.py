"""Options of the data download API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tap_cxone.simulator.metrics import PUBLISHED, CustomMetric
from tap_cxone.simulator.options import CommonOptions

ZoneShape = Literal["timeZone", "timezone", "tenant", "absent"]
CatalogueShape = Literal["list", "customMetrics", "entities", "data"]
PageQuirk = Literal["none", "short", "repeat", "wrong-returned", "no-total"]


@dataclass(frozen=True, kw_only=True)
class DataDownloadOptions(CommonOptions):
    """Behaviour of the data download API.

    Attributes:
        reporting_scopes: Scopes that a token for data downloads may have.
        tenant_zone: The tenant's time zone.
        zone_shape: Field of `users/me` with the time zone.
        catalogue: The initially published custom metrics.
        catalogue_shape: Field that contains the list of custom metrics, or `list` for an array.
        catalogue_names: Field with the name of a custom metric.
        catalogue_types: Field with the type of a custom metric.
        catalogue_enum: Field with the allowed strings of a custom metric.
        download_quota: Data downloads per clock hour.
        rate_limit: Requests of the data download API per clock minute; None for no limit.
        data_region: The region that this host serves. Data downloads for another region return
            nothing. None serves all regions.
        wrong_region: Response to a data download for another region: 404, or no rows.
        undefined_metric: A custom metric in every row that is neither published nor requested.
        bad_values: Interactions per 24 hours with a custom value that violates its rule.
        late_rows: Last rows of a data download that appear only after its first page was served.
        vanishing_rows: Rows before the first row of a data download that vanish after its first
            page was served.
        page_quirk: Defect of pages: half the requested length, always the first page, a number of
            returned records that is one too high, or no total.
    """

    reporting_scopes: tuple[str, ...] = (
        "api:reporting:read",
        "api:data-download:read",
        "api:custom-metrics:read",
    )
    tenant_zone: str = "America/New_York"
    zone_shape: ZoneShape = "timeZone"
    catalogue: tuple[CustomMetric, ...] = PUBLISHED
    catalogue_shape: CatalogueShape = "list"
    catalogue_names: Literal["name", "displayName"] = "name"
    catalogue_types: Literal["type", "dataType"] = "type"
    catalogue_enum: Literal["enum", "allowedValues"] = "enum"
    download_quota: int = 1000
    rate_limit: int | None = None
    data_region: str | None = None
    wrong_region: Literal["404", "empty"] = "404"
    undefined_metric: str | None = None
    bad_values: int = 0
    late_rows: int = 0
    vanishing_rows: int = 0
    page_quirk: PageQuirk = "none"

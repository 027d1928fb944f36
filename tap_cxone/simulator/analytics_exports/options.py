"""Options of the analytics exports API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tap_cxone.simulator.options import CommonOptions, Compression

AnalyticsJson = Literal["array", "lines", "pretty"]


@dataclass(frozen=True, kw_only=True)
class AnalyticsExportsOptions(CommonOptions):
    """Behaviour of the analytics exports API.

    Attributes:
        max_analytics_exports: Maximum number of active analytics exports.
        foreign_exports: Number of active exports of another client that never end.
        list_queries: True if the list of analytics exports has more fields than id and status.
        list_ignores_status: True if this list has exports of every status, whatever is requested.
        unlisted_fields: Fields of the request that this list omits, such as `format` or
            `query.filter`.
        analytics_json: Layout of a JSON file: an array, one object per line, or an indented array.
        analytics_gzip: Compression of an analytics export that requests it, and the headers that
            announce it. `compression` does not apply to it.
        duplicates: Number of duplicated rows in the file of an analytics export. Every second
            duplicate has another duration.
        invalid_elements: Number of invalid elements inserted into such a file.
    """

    max_analytics_exports: int = 3
    foreign_exports: int = 0
    list_queries: bool = True
    list_ignores_status: bool = False
    unlisted_fields: tuple[str, ...] = ()
    analytics_json: AnalyticsJson = "array"
    analytics_gzip: Compression = "gzip-type"
    duplicates: int = 0
    invalid_elements: int = 0

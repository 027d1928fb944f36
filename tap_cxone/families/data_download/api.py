"""Client of the data download API: send its requests and parse its responses."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.errors import (
    ApiError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    Throttled,
)
from tap_cxone.families.data_download import metric_catalog
from tap_cxone.families.data_download.token_region import named_region, token_region
from tap_cxone.http.date_range import other_range, shown_range
from tap_cxone.http.json_body import first_value, json_count, json_list, json_object
from tap_cxone.http.json_numbers import encode_json
from tap_cxone.http.messages import parse_json_exact, parse_json_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_cxone.families.data_download.metric_catalog import CustomMetric
    from tap_cxone.families.data_download.settings import DownloadSettings
    from tap_cxone.http.client import Client
    from tap_cxone.windows import Window

CURRENT_USER_PATH = "/api/v2/users/me"
CUSTOM_METRICS_PATH = "/api/v2/reporting/custom-metrics"
QUOTA_PATH = "/api/v2/reporting/quota"
DOWNLOAD_PATH = "/api/v2/reporting/data-download"

_SECOND = timedelta(seconds=1)
PERMISSION_HINT = (
    "grant the application the scopes api:reporting:read, api:data-download:read and "
    "api:custom-metrics:read, and its user Reporting > Data Download > View and Reporting > Custom "
    "Metrics > View"
)


class DownloadRequest(Struct, frozen=True):
    """Parameters of one download, except its dates.

    Attributes:
        download: The download as configured.
        custom_metrics: IDs of its custom metrics.
        zone: IANA zone that defines the days.
    """

    download: DownloadSettings
    custom_metrics: Sequence[str]
    zone: str

    def body(self, window: Window, offset: int, limit: int) -> dict[str, Any]:
        """Return the JSON body of one page request: UTC instants, the last second inclusive."""
        download = self.download
        dates = {"from": iso_z(window.start), "to": iso_z(window.end - _SECOND)}
        filters: dict[str, Any] = {"date": dates, "timeZone": self.zone}
        if download.group:
            filters["group"] = {"type": download.group.type, "id": download.group.id}
        return {
            "report": download.report,
            "metrics": list(download.metrics),
            "customMetrics": list(self.custom_metrics),
            "filter": filters,
            "groupBy": list(download.group_by),
            "limit": limit,
            "offset": offset,
        }


class Page(Struct, frozen=True):
    """One page of rows.

    Attributes:
        rows: The rows, each as the JSON text of the response.
        total: Number of rows in the whole result; None if the API does not report it.
        message: The API's words about a page without rows; empty if there are none.
    """

    rows: list[bytes]
    total: int | None
    message: str


class CallQuota(Struct, frozen=True):
    """Quota of calls of the reporting API.

    Attributes:
        limit: Number of calls in one quota period; None if unknown.
        remaining: Number of calls that the quota still allows.
        reset_at: When the quota is renewed, in UTC; None if unknown.
    """

    limit: int | None
    remaining: int
    reset_at: datetime | None

    def quota_error(self) -> QuotaExhausted:
        """Return the error to raise if no calls remain."""
        msg = f"the reporting API allows no more calls: {self}"
        return QuotaExhausted(msg, until=self.reset_at)

    def __str__(self) -> str:
        """Return the remaining calls as text."""
        limit_text = f" of {self.limit}" if self.limit is not None else ""
        reset_text = f", more at {self.reset_at:%Y-%m-%d %H:%M} UTC" if self.reset_at else ""
        return f"{self.remaining}{limit_text} calls left in the reporting quota{reset_text}"


def describe_quota(client: Client) -> str:
    """Return the remaining quota as text."""
    quota = DataDownloadApi(client, "").quota()
    return str(quota) if quota else "not reported by the API"


class DataDownloadApi(Struct, frozen=True):
    """Requests to the data download API of one tenant.

    Attributes:
        client: The tenant's API.
        region: Region in the settings.
    """

    client: Client
    region: str

    def zone(self) -> str | None:
        """Return the tenant's time zone, or None if the API does not report it."""
        try:
            user = self.client.get(CURRENT_USER_PATH).json
        except (NotFound, PermissionDenied):
            return None
        user = json_object(user)
        containers = (user, json_object(user.get("tenant")))
        zones = (first_value(container, ("timeZone", "timezone")) for container in containers)
        return next((str(zone) for zone in zones if zone), None)

    def custom_metrics(self) -> tuple[CustomMetric, ...]:
        """Return the published custom metrics, of all pages of the list.

        Raises:
            ApiError: A response has no list of custom metrics, or some of them are missing.
            DownloadError: A page is repeated.
            NotFound: The region is probably wrong; the error names it.
            PermissionDenied: A permission is missing; the error names it.
            QuotaExhausted: The API throttles the call because no calls remain.
        """
        paginator = metric_catalog.metric_paginator()
        entries: list[dict[str, Any]] = []

        def fetch(query: str | None) -> Any:
            params = paginator.params(query)
            return self._with_hints(lambda: self.client.get(CUSTOM_METRICS_PATH, params).json)

        for page in paginator.pages(fetch):
            if (found := paginator.entries(page)) is None:
                msg = "the response with the custom metrics has no list; check base_url"
                raise ApiError(msg)
            entries += found
        paginator.require_all()
        return metric_catalog.parse_metrics(entries)

    def quota(self) -> CallQuota | None:
        """Return the API's quota, or None if the API does not report it."""
        try:
            body = json_object(self.client.get(QUOTA_PATH).json)
        except (NotFound, PermissionDenied):
            return None
        if (remaining := _parse_remaining(body.get("remaining"))) is None:
            return None
        reset_text = body.get("resetAt")
        return CallQuota(
            json_count(body.get("limit")),
            remaining,
            _parse_reset_time(reset_text) if isinstance(reset_text, str) else None,
        )

    def page(self, request: DownloadRequest, window: Window, offset: int, limit: int) -> Page:
        """Return one page of a window.

        Raises:
            ApiError: The response is not a page, is one of other dates, or its row count is
                inconsistent.
            NotFound: The region or the report is probably wrong; the error names the region.
            PermissionDenied: A permission is missing; the error names it.
            QuotaExhausted: The API throttles the call because no calls remain.
        """
        body = request.body(window, offset, limit)
        page = json_object(
            self._with_hints(
                lambda: self.client.post_idempotent(DOWNLOAD_PATH, body, _parse_page).json
            )
        )
        rows = json_list(page, ["data"])
        if rows is None:
            msg = "the response to a data download has no list 'data'; check base_url"
            raise ApiError(msg)
        requested = json_object(json_object(page.get("filter")).get("date"))
        if difference := other_range(requested or shown_range(page, "dateRange"), window):
            msg = f"a page shows other dates: {difference}; run again"
            raise ApiError(msg)
        if (returned := json_count(page.get("returnedRecords"))) not in {None, len(rows)}:
            msg = f"a page announces {returned} rows and has {len(rows)}; run again"
            raise ApiError(msg)
        words, total = page.get("message"), json_count(page.get("totalRecords"))
        shown = words if isinstance(words, str) and not rows else ""
        return Page(list(map(bytes, rows)), total, shown)

    def mismatched_region(self) -> str | None:
        """Return the region in the token if it differs from the settings, else None."""
        region = token_region(self.client.token_provider.token())
        return region if region and region != self.region else None

    def unused_region(self) -> str | None:
        """Return a region that the login names in a form that names no host, else None."""
        token = self.client.token_provider.token()
        return None if token_region(token) else named_region(token)

    def _with_hints(self, send: Callable[[], Any]) -> Any:
        try:
            return send()
        except NotFound as error:
            region = self.mismatched_region()
            mismatch_text = (
                f"likely the wrong region: the token names {region}, the setting {self.region}"
            )
            reason = mismatch_text if region else "no such report, or the wrong region"
            remedy = f"{reason}. Correct region, tenant, endpoints.data_download or the report"
            raise NotFound(error.message, status=error.status, remedy=remedy) from error
        except Throttled as error:
            quota = self.quota()
            if quota is None or quota.remaining > 0:
                raise
            raise quota.quota_error() from error


class _RawPage(msgspec.Struct):
    """A page with undecoded rows; the row reader decodes them later."""

    data: list[msgspec.Raw]
    returned: Any = msgspec.field(name="returnedRecords", default=None)
    total: Any = msgspec.field(name="totalRecords", default=None)
    filter: Any = None
    date_range: Any = msgspec.field(name="dateRange", default=None)
    start_date: Any = msgspec.field(name="startDate", default=None)
    end_date: Any = msgspec.field(name="endDate", default=None)
    error: Any = None
    errors: Any = None
    message: Any = None


_RAW_PAGE_DECODER = msgspec.json.Decoder(_RawPage)


def _parse_page(content: bytes) -> Any:
    """Return a page as an object with undecoded rows, or any other content as parsed JSON.

    Raises:
        InvalidOperation: A number is outside the range of Decimal.
        RecursionError: The JSON is nested too deeply.
        ValueError: The content is not JSON.
    """
    try:
        _ = content.isascii() or content.decode()  # msgspec does not check the UTF-8 of raw rows
        page = _RAW_PAGE_DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        page_json = json_object(parse_json_rows(content))
        if (rows := json_list(page_json, ["data"])) is None:
            return parse_json_exact(content)
        return {**page_json, "data": list(map(encode_json, rows))}
    if not page.data and (page.error or page.errors):  # whatever it repeats of the request
        return {"error": page.error, "errors": page.errors}
    values: dict[str, Any] = msgspec.structs.asdict(page)
    names = {field.name: field.encode_name for field in msgspec.structs.fields(page)}
    return {names[name]: value for name, value in values.items() if value is not None}


def _parse_remaining(value: Any) -> int | None:
    """Return the number of remaining calls; none remain if it is negative."""
    text = str(value).strip()
    is_overdrawn = text.startswith("-") and json_count(text[1:]) is not None
    return 0 if is_overdrawn else json_count(value)


def _parse_reset_time(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None

"""The calls of the data download API, and how its answers are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tap_cxone.clock import iso_z, parse_instant
from tap_cxone.errors import (
    ApiError,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    Throttled,
    with_permission_hint,
)
from tap_cxone.families.data_download import catalogue
from tap_cxone.families.data_download.region import region_claim
from tap_cxone.http.transport import parse_json_exact
from tap_cxone.spool import encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_cxone.families.data_download.catalogue import CustomMetric
    from tap_cxone.families.data_download.settings import DownloadSettings
    from tap_cxone.http.client import Client
    from tap_cxone.windows import Window

CURRENT_USER_PATH = "/api/v2/users/me"
CUSTOM_METRICS_PATH = "/api/v2/reporting/custom-metrics"
QUOTA_PATH = "/api/v2/reporting/quota"
DOWNLOAD_PATH = "/api/v2/reporting/data-download"

_SECOND = timedelta(seconds=1)
PERMISSION_HINT = (
    "give the application the scopes api:reporting:read, api:data-download:read and "
    "api:custom-metrics:read, and its user Reporting > Data Download > View and Reporting > Custom "
    "Metrics > View"
)


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """One download: what to ask for.

    Attributes:
        download: As the user names it.
        custom_metrics: The IDs of its custom metrics.
        zone: The IANA zone whose days are meant.
    """

    download: DownloadSettings
    custom_metrics: Sequence[str]
    zone: str

    def body(self, window: Window, offset: int, limit: int) -> dict[str, Any]:
        """Return what to post for one page: instants in UTC, the last second included."""
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


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows.

    Attributes:
        rows: They, each a text of JSON as it came.
        total: How many rows there are in all, as far as the API says.
    """

    rows: list[bytes]
    total: int | None


@dataclass(frozen=True, slots=True)
class CallQuota:
    """How many calls are left, and when there are more."""

    limit: int | None
    remaining: int
    reset_at: datetime | None

    def quota_error(self) -> QuotaExhausted:
        """Return the error for a call too many."""
        msg = f"the reporting API allows no more calls: {self}"
        return QuotaExhausted(msg, until=self.reset_at)

    def __str__(self) -> str:
        """Say how many calls are left."""
        limit_text = f" of {self.limit}" if self.limit is not None else ""
        reset_text = f", more at {self.reset_at:%Y-%m-%d %H:%M} UTC" if self.reset_at else ""
        return f"{self.remaining}{limit_text} left of the reporting quota{reset_text}"


def describe_quota(client: Client, _: Any) -> str:
    """Say what is left of the quota."""
    quota = DataDownloadApi(client, "").quota()
    return str(quota) if quota else "the API does not tell"


@dataclass(frozen=True, slots=True)
class DataDownloadApi:
    """The calls.

    Attributes:
        client: The tenant's API.
        region: The region in the settings.
    """

    client: Client
    region: str

    def zone(self) -> str | None:
        """Return the tenant's time zone; None if the API does not tell."""
        try:
            user = self.client.get(CURRENT_USER_PATH).json
        except (NotFound, PermissionDenied):
            return None
        user = user if isinstance(user, dict) else {}
        tenant = user.get("tenant")
        containers = (user, tenant if isinstance(tenant, dict) else {})
        zones = (container.get(key) for container in containers for key in ("timeZone", "timezone"))
        return next((str(zone) for zone in zones if zone), None)

    def custom_metrics(self) -> tuple[CustomMetric, ...]:
        """Return the custom metrics that are published."""
        return catalogue.parse_metrics(
            self._with_hints(lambda: self.client.get(CUSTOM_METRICS_PATH).json)
        )

    def quota(self) -> CallQuota | None:
        """Return what is left of the API's quota; None where it does not tell."""
        try:
            body = self.client.get(QUOTA_PATH).json
        except (NotFound, PermissionDenied):
            return None
        if not isinstance(body, dict) or not isinstance(body.get("remaining"), int):
            return None
        limit, reset_text = body.get("limit"), body.get("resetAt")
        return CallQuota(
            limit if isinstance(limit, int) else None,
            body["remaining"],
            _parse_reset_time(reset_text) if isinstance(reset_text, str) else None,
        )

    def page(self, request: DownloadRequest, window: Window, offset: int, limit: int) -> Page:
        """Return one page of a window.

        Raises:
            ApiError: The answer is no page, or contradicts itself.
            NotFound: Naming the region as the likely reason.
        """
        body = request.body(window, offset, limit)
        page = self._with_hints(
            lambda: self.client.post_idempotent(DOWNLOAD_PATH, body, _parse_page).json
        )
        rows = page.get("data") if isinstance(page, dict) else None
        if not isinstance(rows, list):
            msg = "the answer to a data download has no list 'data'; is base_url the right host?"
            raise ApiError(msg)
        returned, total = page.get("returnedRecords"), page.get("totalRecords")
        if isinstance(returned, int) and returned != len(rows):
            msg = f"a page says that it has {returned} rows and has {len(rows)}; run again"
            raise ApiError(msg)
        return Page(list(map(bytes, rows)), total if isinstance(total, int) else None)

    def mismatched_region(self) -> str | None:
        """Return the region that the token names, if it is not the one in the settings."""
        token_region = region_claim(self.client.token_provider.token().value)
        return token_region if token_region and token_region != self.region else None

    def _with_hints(self, send: Callable[[], Any]) -> Any:
        try:
            with with_permission_hint(PERMISSION_HINT):
                return send()
        except NotFound as error:
            token_region = self.mismatched_region()
            mismatch_text = f"likely the wrong region: the token names {token_region}, the setting {self.region}"
            reason = mismatch_text if token_region else "no such report, or the wrong region"
            remedy = f"{reason}. Correct region, tenant, endpoints.data_download or the report"
            raise NotFound(error.message, status=error.status, remedy=remedy) from error
        except Throttled as error:
            quota = self.quota()
            if quota is None or quota.remaining > 0:
                raise
            raise quota.quota_error() from error


class _RawPage(msgspec.Struct):
    """A page of which the rows are left as they are: the file's reader reads them."""

    data: list[msgspec.Raw]
    returned: Any = msgspec.field(name="returnedRecords", default=None)
    total: Any = msgspec.field(name="totalRecords", default=None)


_RAW_PAGE_DECODER = msgspec.json.Decoder(_RawPage)


def _parse_page(content: bytes) -> Any:
    """Return the object that a page is, its rows unread; whatever else came, as JSON.

    Raises:
        ValueError: It is no JSON; RecursionError or InvalidOperation, it is JSON only in form.
    """
    try:
        _ = content.isascii() or content.decode()  # nobody looks inside of the rows
        page = _RAW_PAGE_DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        parsed = parse_json_exact(content)
        if isinstance(parsed, dict) and isinstance(parsed.get("data"), list):
            parsed["data"] = list(map(encode_json, parsed["data"]))
        return parsed
    return {"data": page.data, "returnedRecords": page.returned, "totalRecords": page.total}


def _parse_reset_time(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None

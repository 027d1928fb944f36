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
    naming,
)
from tap_cxone.families.data_download import catalogue
from tap_cxone.families.data_download.region import region_of
from tap_cxone.http.transport import exactly
from tap_cxone.spool import written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_cxone.config import DownloadSettings
    from tap_cxone.families.data_download.catalogue import Metric
    from tap_cxone.http.client import Client
    from tap_cxone.windows import Window

ME = "/api/v2/users/me"
METRICS = "/api/v2/reporting/custom-metrics"
QUOTA = "/api/v2/reporting/quota"
DOWNLOAD = "/api/v2/reporting/data-download"

_SECOND = timedelta(seconds=1)
PERMISSIONS = (
    "give the application the scopes api:reporting:read, api:data-download:read and "
    "api:custom-metrics:read, and its user Reporting > Data Download > View and Reporting > Custom "
    "Metrics > View"
)


@dataclass(frozen=True, slots=True)
class Request:
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
        wanted = self.download
        dates = {"from": iso_z(window.start), "to": iso_z(window.end - _SECOND)}
        filters: dict[str, Any] = {"date": dates, "timeZone": self.zone}
        if wanted.group:
            filters["group"] = dict(zip(("type", "id"), wanted.group, strict=True))
        return {
            "report": wanted.report,
            "metrics": list(wanted.metrics),
            "customMetrics": list(self.custom_metrics),
            "filter": filters,
            "groupBy": list(wanted.group_by),
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
class Quota:
    """How many calls are left, and when there are more."""

    limit: int | None
    remaining: int
    reset_at: datetime | None

    def used_up(self) -> QuotaExhausted:
        """Return the error for a call too many."""
        msg = f"the reporting API allows no more calls: {self}"
        return QuotaExhausted(msg, until=self.reset_at)

    def __str__(self) -> str:
        """Say how many calls are left."""
        of = f" of {self.limit}" if self.limit is not None else ""
        when = f", more at {self.reset_at:%Y-%m-%d %H:%M} UTC" if self.reset_at else ""
        return f"{self.remaining}{of} left of the reporting quota{when}"


def left(client: Client, _: Any) -> str:
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
            found = self.client.get(ME).json
        except (NotFound, PermissionDenied):
            return None
        found = found if isinstance(found, dict) else {}
        tenant = found.get("tenant")
        places = (found, tenant if isinstance(tenant, dict) else {})
        zones = (place.get(key) for place in places for key in ("timeZone", "timezone"))
        return next((str(zone) for zone in zones if zone), None)

    def catalogue(self) -> tuple[Metric, ...]:
        """Return the custom metrics that are published."""
        return catalogue.read(self._explained(lambda: self.client.get(METRICS).json))

    def quota(self) -> Quota | None:
        """Return what is left of the API's quota; None where it does not tell."""
        try:
            found = self.client.get(QUOTA).json
        except (NotFound, PermissionDenied):
            return None
        if not isinstance(found, dict) or not isinstance(found.get("remaining"), int):
            return None
        limit, reset = found.get("limit"), found.get("resetAt")
        return Quota(
            limit if isinstance(limit, int) else None,
            found["remaining"],
            _moment(reset) if isinstance(reset, str) else None,
        )

    def page(self, request: Request, window: Window, offset: int, limit: int) -> Page:
        """Return one page of a window.

        Raises:
            ApiError: The answer is no page, or contradicts itself.
            NotFound: Naming the region as the likely reason.
        """
        body = request.body(window, offset, limit)
        found = self._explained(lambda: self.client.read(DOWNLOAD, body, _parts).json)
        rows = found.get("data") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            msg = "the answer to a data download has no list 'data'; is base_url the right host?"
            raise ApiError(msg)
        returned, total = found.get("returnedRecords"), found.get("totalRecords")
        if isinstance(returned, int) and returned != len(rows):
            msg = f"a page says that it has {returned} rows and has {len(rows)}; run again"
            raise ApiError(msg)
        return Page(list(map(bytes, rows)), total if isinstance(total, int) else None)

    def elsewhere(self) -> str | None:
        """Return the region that the token names, if it is not the one in the settings."""
        named = region_of(self.client.login.token().value)
        return named if named and named != self.region else None

    def _explained(self, ask: Callable[[], Any]) -> Any:
        try:
            with naming(PERMISSIONS):
                return ask()
        except NotFound as error:
            other = self.elsewhere()
            where = f"likely the wrong region: the token names {other}, the setting {self.region}"
            why = where if other else "no such report, or the wrong region"
            remedy = f"{why}. Correct region, tenant, endpoints.data_download or the report"
            raise NotFound(error.said, status=error.status, remedy=remedy) from error
        except Throttled as error:
            quota = self.quota()
            if quota is None or quota.remaining > 0:
                raise
            raise quota.used_up() from error


class _Sent(msgspec.Struct):
    """A page of which the rows are left as they are: the file's reader reads them."""

    data: list[msgspec.Raw]
    returned: Any = msgspec.field(name="returnedRecords", default=None)
    total: Any = msgspec.field(name="totalRecords", default=None)


_SENT = msgspec.json.Decoder(_Sent)


def _parts(content: bytes) -> Any:
    """Return the object that a page is, its rows unread; whatever else came, as JSON.

    Raises:
        ValueError: It is no JSON; RecursionError or InvalidOperation, it is JSON only in form.
    """
    try:
        _ = content.isascii() or content.decode()  # nobody looks inside of the rows
        sent = _SENT.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = exactly(content)
        if isinstance(found, dict) and isinstance(found.get("data"), list):
            found["data"] = list(map(written, found["data"]))
        return found
    return {"data": sent.data, "returnedRecords": sent.returned, "totalRecords": sent.total}


def _moment(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None

"""The simulated data download API: its state and its endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cxone.simulator.credentials import client_credentials_handler
from tap_cxone.simulator.data_download.downloads import Downloads
from tap_cxone.simulator.data_download.routes import NAME, routes
from tap_cxone.simulator.data_download.validation import REPORTS
from tap_cxone.simulator.family import SimulatedFamily

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute

    from tap_cxone.simulator.context import ServerContext
    from tap_cxone.simulator.data_download.options import DataDownloadOptions
    from tap_cxone.simulator.endpoint import Handler
    from tap_cxone.simulator.family import RowQuery
    from tap_cxone.simulator.metrics import CustomMetric
    from tap_cxone.simulator.rows import Row

DOWNLOAD = {
    "name": "custom_metrics_by_interaction",
    "report": "Interaction/Call",
    "metrics": ["duration", "talkTime"],
    "custom_metrics": ["*"],
    "group_by": ["interactionId", "agentId"],
}


class DataDownload(SimulatedFamily):
    """The simulated data download API.

    Attributes:
        downloads: State of the API, with its quota.
    """

    name = NAME
    _options: DataDownloadOptions
    token_path = "/api/v2/oauth/token"  # noqa: S105 (a path, not a token)

    def __init__(self, context: ServerContext) -> None:
        """Create the family without downloads."""
        super().__init__(context)
        self.downloads = Downloads(self._options, context.clock)

    def publish_metrics(self, metrics: Iterable[CustomMetric]) -> None:
        """Replace the published custom metrics; thread-safe."""
        self.downloads.metric_catalog.metrics = tuple(metrics)

    @override
    def login_handler(self) -> Handler:
        options = self._options
        return client_credentials_handler(
            self._context.regional_tokens, options.reporting_scopes, options.client_auth
        )

    @override
    def routes(self) -> list[BaseRoute]:
        return routes(self._context, self.downloads)

    @override
    def serves(self, entity: str) -> bool:
        return entity in REPORTS

    @override
    def expected_rows(self, query: RowQuery) -> Iterable[Row]:
        """Return a row for each interaction of a report, such as `Interaction/Call`.

        It has `at` and `customMetrics`; `_bad` is set if a metric violates its rule.
        """
        return self.downloads.expected_rows(query.start, query.end, query.seen_at)

    @override
    def state(self) -> dict[str, Any]:
        return {
            "custom_metrics": self.downloads.metric_catalog.ids(),
            "download_refusals": self.limit_violations,
            "download_quota_remaining": self.downloads.quota.remaining,
        }

    @property
    @override
    def limit_violations(self) -> int:
        return self.downloads.limit_violations

    @classmethod
    @override
    def tap_settings(cls, speed: float) -> dict[str, Any]:
        return {"downloads": [DOWNLOAD]}

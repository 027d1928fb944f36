"""The family of data downloads: login, limits, and what `--test` asks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import override

from tap_cxone.config.validation import CLIENT_CREDENTIALS
from tap_cxone.context import ApiFamily
from tap_cxone.families.data_download.api import (
    CURRENT_USER_PATH,
    PERMISSION_HINT,
    describe_quota,
)
from tap_cxone.families.data_download.settings import DataDownloadSettings
from tap_cxone.families.data_download.token_region import base_url_from_token
from tap_cxone.http.rate_limit import RateLimits

if TYPE_CHECKING:
    from tap_cxone.context import RunContext

NAME = DataDownloadSettings.NAME
# The API counts calls per minute, so the next minute allows more.
_MAX_REQUEST_DELAY = timedelta(minutes=1)


class DataDownload(ApiFamily):
    """The data download."""

    settings_class = DataDownloadSettings
    credentials = CLIENT_CREDENTIALS
    host = "https://{tenant}.nicecxone.com"
    token_path = "/api/v2/oauth/token"  # noqa: S105 (a path, not a token)
    probe_path = CURRENT_USER_PATH
    remaining_source = "the quota that the API reports"
    permission_hint = PERMISSION_HINT

    @classmethod
    @override
    def from_settings(cls, context: RunContext) -> Self:
        settings = context.settings
        section = settings.section(DataDownloadSettings)
        is_url_configured = bool(settings.endpoints.get(NAME) or settings.base_url)
        return cls(
            context=context,
            grant=cls.application_grant(settings, section.scopes),
            limits=RateLimits(max_request_delay=_MAX_REQUEST_DELAY),
            # A host in the settings takes precedence over the region in the token.
            base_url_from_token=None if is_url_configured else base_url_from_token,
        )

    @override
    def describe_remaining(self, response_json: Any) -> str:
        return describe_quota(self.client)

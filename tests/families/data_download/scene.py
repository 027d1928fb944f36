"""The scene of data download, whose API has pages in place of jobs."""

from __future__ import annotations

from tap_cxone.config.validation import CLIENT_CREDENTIALS
from tests.support.data_download import DOWNLOAD, FAMILY, FIRST, STREAM, TOKEN, TRUTH, local
from tests.support.scene import RequestPatterns, Scene, without_jobs

ZONELESS = ("time zone is unknown",), ("set timezone",)
_NO_SUCH_REPORT = ("region", "endpoints.data_download")
_NO_JOBS = "a page is read at once, and a request for it makes no job"

SCENES = (
    Scene(
        name="download",
        family=FAMILY,
        stream=STREAM,
        key=("interactionId",),
        own={"window_days": 1, "page_size": 3},
        entity=TRUTH,
        credentials=CLIENT_CREDENTIALS,
        first=local(FIRST),
        fields=("interactionId", "agentId", "duration", "talkTime"),
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"POST {DOWNLOAD}"),
        reads=("token", "me", "catalogue", "page"),
        first_request="catalogue",
        permission=("api:reporting:read, api:data-download:read",),
        permissions={
            "catalogue": ("api:custom-metrics:read",),
            "page": ("api:data-download:read",),
        },
        refusals={
            **{("me", status): ZONELESS for status in (401, 403, 404, 410)},
            **{
                (place, status): ((str(status),), _NO_SUCH_REPORT)
                for place in ("page", "catalogue")
                for status in (404, 410)
            },
        },
        cannot=without_jobs(_NO_JOBS, links="the API itself serves the pages, and wants the token"),
        file_point="page",
    ),
)

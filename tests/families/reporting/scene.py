"""The scenes of the reporting API: contacts in pages, and a data download as base64."""

from __future__ import annotations

from tap_cxone.config.validation import ACCESS_KEY
from tests.support.reporting import (
    CALLS,
    CALLS_TRUTH,
    CONTACTS,
    CONTACTS_PATH,
    DOWNLOAD_PATH,
    FAMILY,
    TOKEN,
    call_records,
    contact_records,
)
from tests.support.scene import RequestPatterns, Scene, without_jobs

_NO_JOBS = "the response to a request has the rows, and no job is made"

SCENES = (
    Scene(
        name="contacts",
        family=FAMILY[0],
        stream=CONTACTS,
        key=("contactId",),
        own={"page_size": 5},
        entity=CONTACTS,
        credentials=ACCESS_KEY,
        typed=contact_records,
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"GET {CONTACTS_PATH}"),
        reads=("token", "page"),
        first_request="page",
        permissions={"page": ("permission to view this data",)},
        cannot=without_jobs(_NO_JOBS, links="the API itself serves the pages, and wants the token"),
        file_point="page",
    ),
    Scene(
        name="call_detail",
        family=FAMILY[0],
        stream=CALLS,
        key=("contact_id",),
        own={"data_downloads": [{"name": CALLS}]},
        entity=CALLS_TRUTH,
        options={"download_zone_hours": 0},
        credentials=ACCESS_KEY,
        typed=call_records,
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"POST {DOWNLOAD_PATH}/524"),
        reads=("token", "download"),
        first_request="download",
        permissions={"download": ("Data Download > View",)},
        cannot=without_jobs(_NO_JOBS, links="the response to the request contains the file"),
    ),
)

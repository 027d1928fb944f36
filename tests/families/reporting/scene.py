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
from tests.support.scene import Ability, RequestPatterns, Scene

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
        cannot={
            Ability.JOBS: _NO_JOBS,
            Ability.PENDING_JOBS: _NO_JOBS,
            Ability.JOB_LIST: _NO_JOBS,
            Ability.CANCEL: _NO_JOBS,
            Ability.PRESIGNED_LINKS: "the API itself serves the pages, and wants the token",
        },
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
        cannot={
            Ability.JOBS: _NO_JOBS,
            Ability.PENDING_JOBS: _NO_JOBS,
            Ability.JOB_LIST: _NO_JOBS,
            Ability.CANCEL: _NO_JOBS,
            Ability.PRESIGNED_LINKS: "the response to the request contains the file",
        },
        file_in_json=True,
    ),
)

"""The scene of the reporting API: completed contacts in pages."""

from __future__ import annotations

from tap_cxone.config.validation import ACCESS_KEY
from tests.support.reporting import CONTACTS, CONTACTS_PATH, FAMILY, TOKEN, contact_records
from tests.support.scene import Ability, RequestPatterns, Scene

_NO_JOBS = "a page is read at once, and a request for it makes no job"

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
)

"""The scenes of the reporting API: lists with and without dates, a data download and jobs."""

from __future__ import annotations

from typing import Any

from tap_cxone.config.validation import ACCESS_KEY
from tap_cxone.simulator.reporting.report_jobs import REPORT as REPORT_TRUTH
from tests.support.reporting import (
    BASE,
    CALLS,
    CALLS_TRUTH,
    CONTACTS,
    CONTACTS_PATH,
    DOWNLOAD_PATH,
    FAMILY,
    FIGURES,
    FIGURES_PATH,
    FIGURES_TRUTH,
    REPORT,
    SUBMIT_PATH,
    TOKEN,
    agent_records,
    call_records,
    contact_records,
    report_entry,
    report_records,
)
from tests.support.scene import DAY, Ability, RequestPatterns, Scene, without_jobs

_PERMISSION = ("permission to view this data",)
_NO_JOBS = "the response to a request has the rows, and no job is made"
_PAGES_CANNOT = without_jobs(_NO_JOBS, links="the API itself serves the pages, and wants the token")
_PAGES: dict[str, Any] = {
    "reads": ("token", "page"),
    "first_request": "page",
    "permission": _PERMISSION,
    "cannot": _PAGES_CANNOT,
    "file_point": "page",
    "refusals": {
        ("page", status): ((str(status),), ("reporting.api_version", "endpoints.reporting"))
        for status in (404, 410)
    },
}
_DATED = report_entry(send_dates=True, date_column="Start Date")
_REPORT_CANNOT = {
    Ability.CANCEL: "the documents have no request that ends a job",
    Ability.PRESIGNED_LINKS: "the API itself serves the file, and wants the token",
}
_REPORT: dict[str, Any] = {
    "family": FAMILY,
    "stream": REPORT,
    "key": ("Contact ID",),
    "entity": REPORT_TRUTH,
    "credentials": ACCESS_KEY,
    "patterns": RequestPatterns(
        login=f"POST {TOKEN}",
        submit=f"POST {SUBMIT_PATH}",
        poll=f"GET {BASE}/report-jobs/[0-9]+",
        listing=f"GET {BASE}/report-jobs",
        file=f"GET {BASE}/files".replace("v34", "V35"),
    ),
    "reads": ("token", "list", "poll", "download"),
    "submits": ("submit",),
    "first_request": "list",
    "permissions": dict.fromkeys(
        ("list", "submit", "poll", "download"),
        ("Custom Reports > Edit, and access to files",),
    ),
    "refusals": {
        ("submit", status): ((str(status),), ("correct report_id", "reporting.api_version"))
        for status in (404, 410)
    },
    "unknown_status": {"jobResult": {"jobId": "9001", "state": "hibernating"}},
    "result_life": 7 * DAY,
    "file_in_json": True,
}

SCENES = (
    Scene(
        name="contacts",
        family=FAMILY,
        stream=CONTACTS,
        key=("contactId",),
        own={"page_size": 5},
        entity=CONTACTS,
        credentials=ACCESS_KEY,
        typed=contact_records,
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"GET {CONTACTS_PATH}"),
        **_PAGES,
    ),
    Scene(
        name="agents_performance",
        family=FAMILY,
        stream=FIGURES,
        key=("agentId",),
        own={"lookback_minutes": 0},
        entity=FIGURES_TRUTH,
        credentials=ACCESS_KEY,
        fields=("agentOffered", "inboundTalkTime", "acwTime", "totalTalkTime", "loginTime"),
        windowed=True,
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"GET {FIGURES_PATH}"),
        **_PAGES,
    ),
    Scene(
        name="contact_state_history",
        family=FAMILY,
        stream="contact_state_history",
        key=("contactId", "stateIndex"),
        own={"page_size": 5, "lookback_minutes": 0},
        entity="contacts/state-history",
        credentials=ACCESS_KEY,
        typed=contact_records,
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"GET {BASE}/contacts/state-history"),
        **_PAGES,
    ),
    Scene(
        name="wfm_skills_agent_performance",
        family=FAMILY,
        stream="wfm_skills_agent_performance",
        key=("skillId", "agentId", "halfHour"),
        own={"lookback_minutes": 0},
        entity="wfm-data/skills/agent-performance",
        credentials=ACCESS_KEY,
        fields=("totalHandled", "totalHandledTime"),
        windowed=True,
        patterns=RequestPatterns(
            login=f"POST {TOKEN}", file=f"GET {BASE}/wfm-data/skills/agent-performance"
        ),
        **_PAGES,
    ),
    Scene(
        name="call_detail",
        family=FAMILY,
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
        permission=_PERMISSION,
        permissions={"download": ("Data Download > View",)},
        cannot=without_jobs(_NO_JOBS, links="the response to the request contains the file"),
        file_in_json=True,
    ),
    Scene(
        name="report_job",
        own={"report_jobs": [_DATED]},
        typed=report_records,
        cannot=_REPORT_CANNOT,
        other_request={"report_jobs": [{**_DATED, "delete_after_days": 8}]},
        **_REPORT,
    ),
    Scene(
        name="report_snapshot",
        own={"report_jobs": [report_entry(mode="run")]},
        typed=contact_records,
        cannot={
            **_REPORT_CANNOT,
            Ability.WINDOWS: "the template of the report decides on the dates of its rows",
        },
        other_request={"report_jobs": [report_entry(mode="run", delete_after_days=8)]},
        **_REPORT,
    ),
    Scene(
        name="agents",
        family=FAMILY,
        stream="agents",
        key=("agentId",),
        own={"page_size": 3},
        entity="agents",
        empty={"rows_of": {"agents": 0}},
        credentials=ACCESS_KEY,
        typed=agent_records,
        patterns=RequestPatterns(login=f"POST {TOKEN}", file=f"GET {BASE}/agents"),
        **_PAGES
        | {"cannot": {**_PAGES_CANNOT, Ability.WINDOWS: "a list of agents accepts no dates"}},
    ),
)

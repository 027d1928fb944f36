"""Data downloads: standard reports as CSV, in the user's time without daylight saving."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tap_cxone.simulator.csvfile import csv_text
from tap_cxone.simulator.fake_values import american

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.faults import Fault
    from tap_cxone.simulator.reporting.contacts import Contacts
    from tap_cxone.simulator.reporting.options import ReportingOptions
    from tap_cxone.simulator.rows import Row

    Build = Callable[[Sequence[Row], timezone], list[Row]]

ENTITY: Final = "data-download/"
_HISTORY = timedelta(days=2 * 365)
_LONGEST = timedelta(days=30)
_STATES = {False: "0", True: "3"}


def _local(text: str, zone: timezone) -> datetime:
    return datetime.fromisoformat(text).astimezone(zone)


def _call_details(contacts: Sequence[Row], zone: timezone) -> list[Row]:
    return [
        _call_detail(contact, _local(contact["contactStartDate"], zone)) for contact in contacts
    ]


def _call_detail(contact: Row, started: datetime) -> Row:
    return {
        "contact_id": str(contact["contactId"]),
        "master_contact_id": str(contact["masterContactId"]),
        "Contact_Code": "8001",
        "media_name": contact["mediaTypeName"],
        "contact_name": contact["skillName"],
        "ANI_DIALNUM": contact["fromAddress"],
        "skill_no": str(contact["skillId"]),
        "skill_name": contact["skillName"],
        "campaign_no": str(contact["campaignId"]),
        "campaign_name": contact["campaignName"],
        "agent_no": str(contact["agentId"]),
        "agent_name": f"{contact['lastName']}, {contact['firstName']}",
        "team_no": str(contact["teamId"]),
        "team_name": contact["teamName"],
        "disposition_code": str(contact["primaryDispositionId"]),
        "SLA": str(contact["serviceLevelFlag"]),
        "start_date": f"{started.month}/{started.day}/{started.year}",
        "start_time": f"{started:%H:%M:%S}",
        "PreQueue": "0",
        "InQueue": str(contact["inQueueSeconds"]),
        "Agent_Working_Time": f"{contact['agentSeconds']:,}",
        "PostQueue": "0",
        "Total_Time": f"{contact['totalDurationSeconds']:,}",
        "Abandon_Time": "0",
        "Routing_Time": "0",
        "abandon": "Y" if contact["abandoned"] else "N",
        "callback_time": "",
        "Logged": "N",
    }


def _agent_states(contacts: Sequence[Row], zone: timezone) -> list[Row]:
    rows = []
    for contact in contacts:
        started = _local(contact["contactStartDate"], zone)
        ended = started + timedelta(seconds=contact["totalDurationSeconds"])
        rows.append(
            {
                "Agent_Session_ID": str(contact["contactId"]),
                "Agent_No": str(contact["agentId"]),
                "Agent_Name": f"{contact['lastName']}, {contact['firstName']}",
                "Team_No": str(contact["teamId"]),
                "Bus_No": "4597",
                "StateIndex": "1",
                "Start_Date": american(started),
                "Working": "3",
                "Available": "0",
                "Outstate_Code": "",
                "Outstate": "",
                "Log_State": "1",
                "Skill_No": str(contact["skillId"]),
                "Skill_Name": contact["skillName"],
                "Duration": f"{contact['totalDurationSeconds']:,}",
                "End_Date": american(ended),
            }
        )
    return rows


def _agent_days(contacts: Sequence[Row], zone: timezone) -> list[Row]:
    seconds: Counter[tuple[str, str, str]] = Counter()
    for contact in contacts:
        day = _local(contact["contactStartDate"], zone).replace(hour=0, minute=0, second=0)
        key = (str(contact["agentId"]), american(day), _STATES[not contact["abandoned"]])
        seconds[key] += contact["totalDurationSeconds"]
    return [
        {"Agent_No": agent, "Start_Date": day, "Agent_State_Code": state, "Duration": f"{total:,}"}
        for (agent, day, state), total in sorted(seconds.items())
    ]


REPORTS: Final[Mapping[int, Build]] = {
    500: _agent_days,
    524: _call_details,
    544: _agent_states,
    350047: _call_details,
}
"""Report ID → rows of the contacts of a window; the last one is a report of this tenant."""


class DataDownloads:
    """The data downloads of the tenant."""

    def __init__(self, options: ReportingOptions, clock: Clock, contacts: Contacts) -> None:
        """Create the data downloads of these contacts."""
        self._options = options
        self._clock = clock
        self._contacts = contacts
        self._zone = timezone(timedelta(hours=options.download_zone_hours))

    def rows(self, report_id: int, start: datetime, end: datetime) -> list[Row]:
        """Return the rows of a report for contacts that started in `[start, end)`."""
        return REPORTS[report_id](self._contacts.started(start, end), self._zone)

    def respond(self, report_id: str, query: Mapping[str, str], fault: Fault | None) -> Response:
        """Return the response to a request.

        Raises:
            HTTPException: The API would refuse the request.
        """
        if not report_id.isdecimal() or int(report_id) not in REPORTS:
            raise HTTPException(400, "Invalid reportId")
        start, end = self._window(query)
        if query.get("saveAsFile", "true") != "false":
            raise HTTPException(400, "Missing parameter fileName")
        rows = self.rows(int(report_id), start, end)
        if self._options.download_error:
            return JSONResponse(_body("", self._options.download_error))
        if not rows and self._options.empty == "204":
            return Response(status_code=204)
        if not rows and self._options.empty == "zero-bytes":
            return JSONResponse(_body(""))
        return JSONResponse(_body(self._file(int(report_id), rows, query, fault)))

    def _file(
        self, report_id: int, rows: Sequence[Row], query: Mapping[str, str], fault: Fault | None
    ) -> str:
        """Return the CSV file as base64."""
        if fault and fault.kind == "bytes":
            return base64.b64encode(fault.payload).decode()
        columns = list(self._columns(report_id))
        lines = [[row[column] for column in columns] for row in rows]
        header = [columns] if query.get("includeHeaders") == "true" else []
        text = csv_text([*header, *lines], columns, self._options, fault)
        return base64.b64encode(text.encode()).decode()

    def _columns(self, report_id: int) -> Sequence[str]:
        example = self._contacts.example()
        return list(REPORTS[report_id]([example], self._zone)[0])

    def _window(self, query: Mapping[str, str]) -> tuple[datetime, datetime]:
        """Return the requested window; dates without an offset are in the user's zone."""
        start, end = (self._instant(query.get(name, "")) for name in ("startDate", "endDate"))
        if start >= end:
            raise HTTPException(400, "Invalid date range")
        if end - start > _LONGEST:
            raise HTTPException(400, "The date range cannot be greater than 30 days")
        if start < self._clock.now() - _HISTORY:
            raise HTTPException(400, "The period must be within the last two years")
        return start, end

    def _instant(self, text: str) -> datetime:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise HTTPException(400, "Missing or invalid date") from None
        return (instant if instant.tzinfo else instant.replace(tzinfo=self._zone)).astimezone(UTC)


def _body(file: str, error: str = "") -> dict[str, Any]:
    """Return the JSON body of a download."""
    return {
        "errorMessage": error,
        "fileName": "download.csv",
        "file": file,
        "fileType": "csv",
        "URI": "",
    }

"""Data downloads whose columns are publicly known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cxone.families.reporting.fields import columns
from tap_cxone.streams.schema import Declaration

if TYPE_CHECKING:
    from tap_cxone.rows.decode import Format


class DownloadDefinition(Declaration, frozen=True, kw_only=True):
    """Declaration of the stream of one data download.

    Attributes:
        report_id: ID of the report.
    """

    report_id: int
    description: str = "A row of a data download."
    formats: tuple[Format, ...] = ("csv", "json")


PRESETS = (
    DownloadDefinition(
        name="agent_by_day",
        report_id=500,
        columns=columns(
            integer="Agent_No", text="Agent_State_Code", instant="Start_Date", number="Duration"
        ),
        primary_keys=("agent_no", "start_date", "agent_state_code"),
        description="The seconds of an agent in one state on one day.",
        grouped=True,
    ),
    DownloadDefinition(
        name="call_detail",
        report_id=524,
        columns=columns(
            integer="contact_id,master_contact_id,skill_no,campaign_no,agent_no,team_no,SLA",
            text="Contact_Code,media_name,contact_name,ANI_DIALNUM,skill_name,campaign_name,"
            "agent_name,team_name,disposition_code,start_time,callback_time",
            date="start_date",
            number="PreQueue,InQueue,Agent_Working_Time,PostQueue,Total_Time,Abandon_Time,"
            "Routing_Time",
            flag="abandon,Logged",
        ),
        primary_keys=("contact_id",),
        description="A contact with its times.",
    ),
    DownloadDefinition(
        name="agent_state_log",
        report_id=544,
        columns=columns(
            integer="Agent_Session_ID,Agent_No,Team_No,Bus_No,StateIndex,Working,Log_State,"
            "Skill_No",
            text="Agent_Name,Outstate_Code,Outstate,Skill_Name",
            flag="Available",
            instant="Start_Date,End_Date",
            number="Duration",
        ),
        primary_keys=("agent_session_id", "state_index"),
        description="A state of an agent, with its begin and end.",
    ),
)
PRESET_NAMES = ", ".join(f"{preset.name} ({preset.report_id})" for preset in PRESETS)


def preset_of(name: str, report_id: int | None = None) -> DownloadDefinition | None:
    """Return the preset of a report ID or, without an ID, of a name; None if there is none."""
    return next(
        (
            preset
            for preset in PRESETS
            if (preset.report_id == report_id if report_id else preset.name == name)
        ),
        None,
    )

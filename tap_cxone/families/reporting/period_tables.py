"""The lists of a date range: aggregates, state histories, and WFM data."""

from __future__ import annotations

from datetime import timedelta

from tap_cxone.config.evidence import Evidence
from tap_cxone.families.reporting.fields import columns
from tap_cxone.families.reporting.tables import Table

DAY = timedelta(days=1)
_HALF_HOUR = timedelta(minutes=30)
_SECOND = timedelta(seconds=1)
_WINDOW_START = "_window_start"
_MEDIA_TYPE_REMEDY = (
    "the API may ignore the media type of a request, so set reporting.wfm_media_types to [], which "
    "reads all with one call"
)
_PERFORMANCE_COUNTS = (
    "agentOffered,inboundHandled,outboundHandled,totalHandled,refused"  # as of agents, of teams
)
_PERFORMANCE_RATES = "percentRefused,workingRate,occupancy"
_PERFORMANCE_SECONDS = (
    "inboundTime,inboundTalkTime,inboundAvgTalkTime,outboundTime,outboundTalkTime,"
    "outboundAvgTalkTime,totalTalkTime,totalAvgTalkTime,totalAvgHandleTime,consultTime,"
    "availableTime,unavailableTime,acwTime,loginTime"
)
_STATE_COLUMNS = columns(
    integer="businessUnitId,agentId,agentSessionId,stateIndex,agentStateId,outStateId,skillId",
    text="businessUnitName,outStateDescription",
    instant="startDate",
    seconds="duration",
)


class PeriodTable(Table, frozen=True, kw_only=True):
    """A list of the rows of a date range.

    Attributes:
        longest: Maximum length of a window; that of aggregates is a setting.
        step: The last window of a run may end at a multiple of this.
        sums_window: Whether a row sums up its window, which then is a part of the key.
        by_media_type: Whether each request names a media type.
        selected: Whether a new catalog selects the stream.
        evidence: How well the API of the list is documented.
    """

    longest: timedelta = DAY
    step: timedelta = DAY
    sums_window: bool = False
    by_media_type: bool = False
    selected: bool = False
    evidence: Evidence = Evidence.NICE_AND_CLIENTS


AGGREGATES = (
    PeriodTable(
        name="agents_performance",
        path="/agents/performance",
        data_keys=("agentPerformance",),
        columns=columns(
            integer=f"agentId,teamId,{_PERFORMANCE_COUNTS}",
            number=_PERFORMANCE_RATES,
            seconds=_PERFORMANCE_SECONDS,
        ),
        primary_keys=("agent_id", _WINDOW_START),
        description="The figures of an agent in a window.",
        null_keys=True,
        sums_window=True,
        selected=True,
    ),
    PeriodTable(
        name="teams_performance",
        path="/teams/performance-total",
        data_keys=("teamPerformanceTotal",),
        columns=columns(
            integer=f"teamId,{_PERFORMANCE_COUNTS}",
            number=f"totalAvgHandled,{_PERFORMANCE_RATES}",
            seconds=f"{_PERFORMANCE_SECONDS},avgAvailableTime,avgUnavailableTime",
        ),
        primary_keys=("team_id", _WINDOW_START),
        description="The figures of a team in a window.",
        null_keys=True,
        sums_window=True,
        selected=True,
    ),
    PeriodTable(
        name="skills_summary",
        path="/skills/summary",
        data_keys=("skillSummaries",),
        columns=columns(
            integer="businessUnitId,skillId,campaignId,mediaTypeId,abandonCount,agentsAcw,"
            "agentsAvailable,agentsIdle,agentsLoggedIn,agentsUnavailable,agentsWorking,"
            "contactsActive,contactsHandled,contactsOffered,contactsQueued,contactsOutOfSLA,"
            "contactsWithinSLA,queueCount,serviceLevelGoal,serviceLevelThreshold,dials,connects,"
            "rightPartyConnects",
            number="abandonRate,serviceLevel",
            text="businessUnitName,skillName,campaignName,mediaTypeName",
            flag="isOutbound",
            seconds="averageHandleTime,averageInqueueTime,averageSpeedToAnswer,averageTalkTime,"
            "averageWrapTime,holdTime,longestQueueDur,totalContactTime,connectsAHT,"
            "rightPartyConnectsAHT",
        ),
        primary_keys=("skill_id", _WINDOW_START),
        description="The figures of a skill in a window, and some of the moment of the request.",
        null_keys=True,
        sums_window=True,
        selected=True,
    ),
    PeriodTable(
        name="skills_sla_summary",
        path="/skills/sla-summary",
        data_keys=("serviceLevelSummaries",),
        columns=columns(
            integer="businessUnitId,skillId,contactsWithinSLA,contactsOutOfSLA,totalContacts",
            number="serviceLevel",
            text="skillName",
        ),
        primary_keys=("skill_id", _WINDOW_START),
        description="The service level of a skill in a window.",
        null_keys=True,
        paged=True,
        sums_window=True,
        selected=True,
    ),
)

HISTORIES = (
    PeriodTable(
        name="contact_state_history",
        path="/contacts/state-history",
        data_keys=("contactStateHistory",),
        columns=columns(
            integer="contactId,stateIndex,contactStateId,agentId,skillId",
            text="contactStateName,digitalContactStateId,digitalContactStateName,skillName",
            flag="isWarehoused",
            instant="startDate",
            seconds="duration",
        ),
        primary_keys=("contact_id", "state_index"),
        description="A state of a contact.",
        paged=True,
        params={"orderBy": "startDate asc"},
        step=_SECOND,
        evidence=Evidence.NICE_ONLY,
    ),
    PeriodTable(
        name="agent_state_history",
        path="/agents/state-history",
        data_keys=("agentStateHistory",),
        columns=columns(
            integer="agentId,agentSessionId,stateIndex,agentStateId,contactId,skillId,mediaTypeId,"
            "outStateId,stationId,teamId",
            text="agentStateName,skillName,mediaTypeName,fromAddress,toAddress,"
            "outStateDescription,stationName",
            flag="isOutbound,isNaturalCalling",
            instant="startDate",
            seconds="duration",
        ),
        primary_keys=("agent_id", "agent_session_id", "state_index"),
        description="A state of an agent.",
        paged=True,
        params={"orderBy": "startDate asc"},
        step=_SECOND,
        evidence=Evidence.NICE_ONLY,
    ),
)

WFM = (
    PeriodTable(
        name="wfm_agents",
        path="/wfm-data/agents",
        data_keys=("wfoAgentSpecificStats", "wfM_Data_Agents"),
        columns=columns(
            integer="businessUnitId,agentId,teamId,productId",
            text="businessUnitName,firstName,middleName,lastName,ntLoginName,status,teamName",
            instant="createDate,modDateTime",
        ),
        primary_keys=("agent_id", "mod_date_time"),
        description="An agent as of a change.",
        aliases={"agentNo": "agent_id", "teamNo": "team_id"},
        longest=14 * DAY,
        step=_SECOND,
    ),
    PeriodTable(
        name="wfm_skills_contacts",
        path="/wfm-data/skills/contacts",
        data_keys=("contactStats",),
        columns=columns(
            integer="businessUnitId,skillId,mediaTypeId,totalContacts,totalHandled,abandonCount",
            number="serviceLevel",
            text="businessUnitName,skillName,mediaTypeName",
            flag="isOutbound",
            instant="intervalStartDate",
            seconds="totalContactTime,averageHandleTime,averageSpeedOfAnswer",
        ),
        primary_keys=("skill_id", "interval_start_date", "media_type_id"),
        description="The contacts of a skill in an interval.",
        null_keys=True,
        aliases={"mediaType": "media_type_id"},
        row_field="intervalStartDate",
        longest=timedelta(hours=6),
        step=_HALF_HOUR,
        by_media_type=True,
        repeated_key_remedy=_MEDIA_TYPE_REMEDY,
    ),
    PeriodTable(
        name="wfm_skills_dialer_contacts",
        path="/wfm-data/skills/dialer-contacts",
        data_keys=("outboundStats", "wfM_OB_StatsV9"),
        columns=columns(
            integer="businessUnitId,skillId,mediaTypeId,dials,connects,rightPartyConnects,abandons",
            text="businessUnitName,skillName,mediaTypeName",
            instant="intervalStartDate",
            seconds="connectsAHT,rightPartyConnectsAHT",
        ),
        primary_keys=("skill_id", "interval_start_date", "media_type_id"),
        description="The calls of the dialer for a skill in an interval.",
        null_keys=True,
        aliases={"mediaType": "media_type_id"},
        # The documents name no limit; a public client requests hours.
        longest=timedelta(hours=1),
        step=_HALF_HOUR,
        by_media_type=True,
        repeated_key_remedy=_MEDIA_TYPE_REMEDY,
    ),
    PeriodTable(
        name="wfm_skills_agent_performance",
        path="/wfm-data/skills/agent-performance",
        data_keys=("skillsPerformance",),
        columns=columns(
            integer="businessUnitId,skillId,agentId,totalHandled",
            # A number in the documents, so that it may be that of the half hour within a day.
            text="businessUnitName,skillName,firstName,lastName,halfHour",
            seconds="totalHandledTime,totalACWTime",
        ),
        primary_keys=("skill_id", "agent_id", "half_hour", _WINDOW_START),
        description="The contacts of an agent with a skill in half an hour.",
        null_keys=True,
        row_field="halfHour",
        step=_HALF_HOUR,
    ),
    PeriodTable(
        name="wfm_agents_schedule_adherence",
        path="/wfm-data/agents/schedule-adherence",
        data_keys=("agentStateHistory",),
        columns=_STATE_COLUMNS,
        primary_keys=("agent_id", "state_index", "start_date"),
        description="A state of an agent, for schedule adherence.",
        longest=timedelta(minutes=5),
        step=timedelta(minutes=5),
    ),
    PeriodTable(
        name="wfm_agents_scorecards",
        path="/wfm-data/agents/scorecards",
        data_keys=("wfmScorecardStats", "agentStateHistory"),
        columns=_STATE_COLUMNS,
        primary_keys=("agent_id", "start_date"),
        description="A scorecard entry of an agent.",
        # The documents name a limit in days without its number.
        longest=DAY,
        step=DAY,
    ),
)
PERIOD_TABLES = (*AGGREGATES, *HISTORIES, *WFM)
EVIDENCE_OF_STREAMS = {table.name: table.evidence for table in PERIOD_TABLES}

"""The dimension tables: path, keys of the response, columns, key and paging of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from tap_cxone.families.reporting.fields import columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cxone.rows.columns import Column


class Table(Struct, frozen=True, kw_only=True):
    """One list of the API.

    Attributes:
        name: Name of the stream.
        path: Path below the version.
        data_keys: Keys of the list in a response, in order.
        columns: Known columns.
        primary_keys: Columns that identify a row.
        description: Meaning of one row.
        paged: Whether the API accepts `top` and `skip`.
        params: Query parameters of each request.
        aliases: Field of an older version → column.
        null_keys: Whether a part of the key may be missing.
        repeated_key_remedy: What to do about two rows with one key, where one is documented.
        row_field: Field that shows that a response itself is a row; empty if none is.
    """

    name: str
    path: str
    data_keys: tuple[str, ...]
    columns: tuple[Column, ...]
    primary_keys: tuple[str, ...]
    description: str
    paged: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    null_keys: bool = False
    repeated_key_remedy: str = (
        "the API's documents name one row per key, so set reporting.api_version to a version that "
        "sends one, or deselect the stream"
    )
    row_field: str = ""


DIMENSIONS = (
    Table(
        name="agents",
        path="/agents",
        data_keys=("agents",),
        columns=columns(
            integer="agentId,teamId,reportToId,profileId,hiringSource,employmentType,"
            "agentTotalContactCount,maxConcurrentChats,voiceThreshold,chatThreshold,"
            "emailThreshold,smsThreshold,digitalThreshold,workItemThreshold,rowNumber",
            number="hourlyCost",
            text="userName,firstName,middleName,lastName,userId,emailAddress,teamName,teamUuId,"
            "reportToName,profileName,internalId,federatedId,location,timeZone,timeZoneOffset,"
            "country,countryName,state,city,address1,address2,zipCode,telephone1,telephone2,"
            "custom1,custom2,custom3,custom4,custom5,employmentTypeName,referral,notes,"
            "deliveryMode,defaultDialingPatternName,issuer,systemDomain,systemUser,userType,"
            "userNameDomain",
            flag="isActive,isSupervisor,isBillable,isWhatIfAgent,locked,atHome,rehireStatus,"
            "useAgentTimeZone,DigitalEngagementEnabled",
            instant="lastLogin,lastUpdated,createDate,inactiveDate,hireDate,terminationDate",
            json="recordingNumbers",
        ),
        primary_keys=("agent_id",),
        description="An agent, active or not.",
        paged=True,
    ),
    Table(
        name="teams",
        path="/teams",
        data_keys=("teams",),
        columns=columns(
            integer="teamId,agentCount,divisionNo,maxConcurrentChats,totalContactCount,"
            "voiceThreshold,chatThreshold,emailThreshold,smsThreshold,socialThreshold,"
            "digitalThreshold,workItemThreshold",
            text="teamName,teamUuid,teamLeadId,notes,deliveryMode",
            flag="isActive,contactAutoFocus,requestContact,channelLock,analyticsEnabled,wfoEnabled,"
            "wfm2Enabled,qm2Enabled,inViewEnabled",
            instant="lastUpdateTime",
            json="unavailableCodes",
        ),
        primary_keys=("team_id",),
        description="A team.",
        paged=True,
    ),
    Table(
        name="skills",
        path="/skills",
        data_keys=("skills",),
        columns=columns(
            integer="skillId,mediaTypeId,campaignId,acwTypeId,maxSecondsACW,scriptId,"
            "serviceLevelThreshold,serviceLevelGoal,initialPriority,acceleration,maxPriority,"
            "shortAbandonThreshold",
            text="skillName,mediaTypeName,campaignName,notes,outboundStrategy,scriptName,"
            "emailFromAddress",
            flag="isActive,isOutbound,isRunning,requireDisposition",
            json="dispositions",
        ),
        primary_keys=("skill_id",),
        description="A skill.",
        paged=True,
    ),
    Table(
        name="campaigns",
        path="/campaigns",
        data_keys=("campaigns",),
        columns=columns(integer="id", text="name,notes", flag="isActive", instant="lastUpdateTime"),
        primary_keys=("id",),
        description="A campaign.",
        paged=True,
        aliases={"campaignId": "id", "campaignName": "name"},
    ),
    Table(
        name="dispositions",
        path="/dispositions",
        data_keys=("dispositions",),
        columns=columns(
            integer="dispositionId,classificationId",
            text="dispositionName,notes,systemOutcome",
            flag="isActive,isPreviewDisposition",
            instant="lastUpdated",
        ),
        primary_keys=("disposition_id",),
        description="A disposition.",
        paged=True,
    ),
    Table(
        name="unavailable_codes",
        path="/unavailable-codes",
        data_keys=("unavailableCodes",),
        columns=columns(integer="id,agentTimeout", text="name", flag="isActive,isACW"),
        primary_keys=("id",),
        description="A reason why an agent is unavailable.",
        paged=True,
    ),
    Table(
        name="points_of_contact",
        path="/points-of-contact",
        data_keys=("pointsOfContact",),
        columns=columns(
            integer="contactCode,businessUnitId,defaultSkillId,mediaTypeId",
            text="contactAddress,contactDescription,mediaTypeName,notes,scriptName,subType",
            flag="isActive,outboundSkill",
        ),
        primary_keys=("contact_code", "contact_address"),
        description="A number or address at which contacts arrive.",
        null_keys=True,
        paged=True,
    ),
    Table(
        name="agent_skills",
        path="/agents/skills",
        data_keys=("agentSkillAssignments",),
        columns=columns(
            integer="agentId,skillId,teamId,campaignId,mediaType,agentProficiencyValue,"
            "isNaturalCallingRunning",
            text="agentName,skillName,campaignName,mediaTypeName,agentProficiencyName,"
            "emailFromAddress,internalId,notes,outboundStrategy,screenPopTriggerEvent,"
            # The documents give no format for these two instants.
            "lastUpdateTime,lastPollTime",
            flag="isActive,isAgentActive,isSkillActive,isDialer,isNaturalCalling,isOutbound,"
            "priorityBlending,requireDisposition,scriptDisposition,useACW,useDisposition,"
            "useSecondaryDispositions",
        ),
        primary_keys=("agent_id", "skill_id"),
        description="An active assignment of a skill to an active agent.",
        paged=True,
        params={"isAgentActive": "true", "isActive": "true"},
    ),
    Table(
        name="hiring_sources",
        path="/hiring-sources",
        data_keys=("sources",),
        columns=columns(integer="sourceId", text="sourceName"),
        primary_keys=("source_id",),
        description="A source of applicants.",
    ),
    Table(
        name="tags",
        path="/tags",
        data_keys=("tags",),
        columns=columns(integer="tagId", text="tagName,notes", flag="isActive"),
        primary_keys=("tag_id",),
        description="A tag of contacts.",
    ),
    Table(
        name="media_types",
        path="/media-types",
        data_keys=("mediaTypes",),
        columns=columns(integer="mediaTypeId", text="mediaTypeName", json="subTypes"),
        primary_keys=("media_type_id",),
        description="A kind of contact, such as a call or a chat.",
    ),
    Table(
        name="contact_state_descriptions",
        path="/contact-state-descriptions",
        data_keys=("contactStateDescriptions",),
        columns=columns(
            integer="contactStateId", text="contactStateDescription,contactStateCategory"
        ),
        primary_keys=("contact_state_id",),
        description="A state of contacts.",
    ),
    Table(
        name="reports",
        path="/reports",
        data_keys=("reports",),
        columns=columns(
            integer="reportId,businessUnitId",
            text="reportName,reportType,reportSubType,reportDescription,url",
        ),
        primary_keys=("report_id",),
        description="A template of a custom report.",
    ),
)

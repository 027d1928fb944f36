"""The list of completed contacts: its fields under the names of both generations."""

from __future__ import annotations

from tap_cxone.families.reporting.fields import columns
from tap_cxone.families.reporting.tables import Table

CONTACTS = Table(
    name="contacts_completed",
    path="/contacts/completed",
    data_keys=("completedContacts",),
    columns=columns(
        integer="contactId,masterContactId,agentId,teamId,skillId,campaignId,mediaTypeId,"
        "pointOfContactId,primaryDispositionId,secondaryDispositionId,transferIndicatorId,"
        "serviceLevelFlag,holdCount,routingTime,routingAttribute,callbackTime,highProficiency,"
        "lowProficiency",
        number="abandonSeconds,acwSeconds,agentSeconds,conferenceSeconds,holdSeconds,"
        "inQueueSeconds,postQueueSeconds,preQueueSeconds,releaseSeconds,totalDurationSeconds,"
        "divisionNo",
        # mediaSubTypeId is not always a number.
        text="teamName,skillName,campaignName,mediaTypeName,mediaSubTypeId,mediaSubTypeName,"
        "pointOfContactName,firstName,lastName,fromAddress,toAddress,dispositionNotes,endReason,"
        "refuseReason,transferIndicatorName",
        flag="abandoned,isLogged,isOutbound,isRefused,isShortAbandon,isTakeover,"
        "isAnalyticsProcessed",
        instant="contactStartDate,lastUpdateTime,refuseTime,dateACWWarehoused,"
        "dateContactWarehoused,analyticsProcessedDate",
        json="tags",
    ),
    primary_keys=("contact_id",),
    description="A completed contact.",
    paged=True,
    params={"orderBy": "lastUpdateTime asc"},
    aliases={
        "confSeconds": "conference_seconds",
        "contactStart": "contact_start_date",
        "mediaType": "media_type_id",
        "fromAddr": "from_address",
        "toAddr": "to_address",
    },
)

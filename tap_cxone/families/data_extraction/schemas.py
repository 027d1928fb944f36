"""Built-in entities and their columns.

The columns are not published; these are the ones that public clients of the API read. Their titles
are derived from the names that those clients give them. Further columns of a file are added as
nullable strings. Columns that a file lacks are null.
"""

from __future__ import annotations

from tap_cxone.rows.columns import vendor_column
from tap_cxone.streams.schema import Declaration

ANY_PERMISSION = "of the entity (CXone: Admin > Security > Roles, under Data Extraction APIs)"
# Part of an entity name → permission; the last match counts. Some entity names are not published.
_PERMISSIONS = {
    "qm": "QM Tools > Data Extraction APIs > QM Workflow API",
    "recording": "Search & Playback > APIs > Extract Interaction Metadata",
    "payroll": "WFM > Data Extraction APIs > WFM Payroll API",
    "evaluator": "QM Tools > Data Extraction APIs > QM Evaluator Notes API",
}


def permission_of(entity_name: str) -> str:
    """Return the CXone permission that the entity needs."""
    matches = [
        permission
        for name_part, permission in _PERMISSIONS.items()
        if name_part in entity_name.casefold()
    ]
    return matches[-1] if matches else ANY_PERMISSION


class EntityDefinition(Declaration, frozen=True, kw_only=True):
    """Declaration of one entity stream.

    Attributes:
        entity_name: The API's `entityName`.
        version: The API's `version`, as text.
    """

    entity_name: str
    version: str


QM_WORKFLOWS = EntityDefinition(
    name="qm_workflows",
    entity_name="qm-workflows",
    version="4",
    primary_keys=("workflow_id",),
    description="One row per evaluation, self-assessment or calibration, by submit date.",
    order_by="last_updated",
    columns=(
        vendor_column("Workflow ID", "string", "ID of the workflow."),
        vendor_column("Tenant Name", "string", "Name of the tenant."),
        vendor_column("Agent ID", "string", "The evaluated agent."),
        vendor_column("Type", "string", "Kind of workflow, such as evaluation or calibration."),
        vendor_column("Evaluation Flow Trigger", "string", "Trigger of the evaluation."),
        vendor_column("Workflow Status", "string", "Status of the workflow."),
        vendor_column(
            "Auto Acknowledged", "string", "Whether it was acknowledged without the agent."
        ),
        vendor_column("Workflow State", "string", "State within the status."),
        vendor_column("Plan Name", "string", "Quality plan of the evaluation."),
        vendor_column("Form Name", "string", "Evaluation form."),
        vendor_column("Form Version", "string", "Version of the form."),
        vendor_column("Start Date", "date-time", "When the workflow began."),
        vendor_column("Submission Date", "date-time", "When it was submitted; null before."),
        vendor_column("Last Updated", "date-time", "Last change."),
        vendor_column("Score (Percentage)", "number", "Score, in percent."),
        vendor_column("Score", "number", "Score, in points."),
        vendor_column("Maximum Possible Score", "number", "Highest possible score, in points."),
        vendor_column("Rank", "string", "Rank of the score."),
        vendor_column(
            "Failed Critical Question", "string", "Whether a critical question was failed."
        ),
        vendor_column("User Review Comments", "string", "Comments of the agent's review."),
        vendor_column("Dispute Resolver Comments", "string", "Comments of the dispute resolver."),
        vendor_column("Segment ID", "string", "Segment of the evaluated interaction."),
        vendor_column("ACD ID", "string", "ACD identifier of the interaction."),
        vendor_column("Interaction Type", "string", "Channel of the interaction."),
        vendor_column("Interaction Start Date", "date-time", "Start of the interaction."),
        vendor_column("Interaction End Date", "date-time", "End of the interaction."),
        vendor_column("Interaction Direction", "string", "Incoming or outgoing."),
        vendor_column("Team ID", "string", "Team of the agent."),
        vendor_column("Team Name", "string", "Name of that team."),
        vendor_column("Phone Number", "string", "The customer's number."),
        vendor_column("Firstname (Eva)", "string", "First name of the evaluator."),
        vendor_column("Lastname (Eva)", "string", "Last name of the evaluator."),
        vendor_column("Firstname (Agent)", "string", "First name of the agent."),
        vendor_column("Lastname (Agent)", "string", "Last name of the agent."),
        vendor_column("Firstname (Disp)", "string", "First name of the dispute resolver."),
        vendor_column("Lastname (Disp)", "string", "Last name of the dispute resolver."),
        vendor_column("Firstname (Assigner)", "string", "First name of the assigner."),
        vendor_column("Lastname (Assigner)", "string", "Last name of the assigner."),
    ),
)

QM_QUESTIONS = EntityDefinition(
    name="qm_questions",
    entity_name="qm-questions",
    version="1",
    primary_keys=("workflow_instance_id", "question_id"),
    description="One row per question of an evaluation, by the evaluation's submission date.",
    columns=(
        vendor_column("WorkflowInstance ID", "string", "Workflow of the answer."),
        vendor_column("Question ID", "string", "ID of the question."),
        vendor_column("Actual Score", "number", "Points given."),
        vendor_column("Answer", "string", "Answer of the evaluator."),
        vendor_column("Question Title", "string", "Text of the question."),
        vendor_column("Question Number", "string", "Number of the question on the form."),
        vendor_column("Options", "string", "Possible answers, as text."),
        vendor_column("Form ID", "string", "Evaluation form."),
        vendor_column("Form Name", "string", "Name of the form."),
        vendor_column("Form Version", "string", "Version of the form."),
        vendor_column("Evaluation Score%", "number", "Score of the whole evaluation, in percent."),
        vendor_column("Evaluation Start Date", "date-time", "When the evaluation began."),
        vendor_column("Evaluation Submission Date", "date-time", "When it was submitted."),
        vendor_column("Workflow Type", "string", "Kind of workflow."),
        vendor_column("Section ID", "string", "Section of the form."),
        vendor_column("Section Title", "string", "Title of the section."),
        vendor_column("Section Score%", "number", "Score of the section, in percent."),
        vendor_column("Max Score", "number", "Highest possible points of the question."),
        vendor_column("Agent ID", "string", "The evaluated agent."),
        vendor_column("Firstname (Agent)", "string", "First name of the agent."),
        vendor_column("Lastname (Agent)", "string", "Last name of the agent."),
        vendor_column("Team ID", "string", "Team of the agent."),
        vendor_column("Team Name", "string", "Name of that team."),
        vendor_column("Firstname (Eva)", "string", "First name of the evaluator."),
        vendor_column("Lastname (Eva)", "string", "Last name of the evaluator."),
        vendor_column("Critical", "boolean", "Whether the question is critical."),
        vendor_column("Failed Critical Question", "boolean", "Whether it was critical and failed."),
        vendor_column("Mandatory", "boolean", "Whether an answer was required."),
        vendor_column("Scorable", "boolean", "Whether it counts for the score."),
        vendor_column("Question Type", "string", "Kind of question."),
        vendor_column("Segment ID", "string", "Segment of the evaluated interaction."),
        vendor_column("Interaction Start Date", "date-time", "Start of the interaction."),
        vendor_column("Interaction End Date", "date-time", "End of the interaction."),
        vendor_column("Bank ID", "string", "Question bank of the question."),
    ),
)

# Column titles of this entity carry suffixes that change with the version, and each tenant adds
# columns (further agents, business data). Only columns that public clients agree on are listed.
RECORDING_INTERACTION_METADATA = EntityDefinition(
    name="recording_interaction_metadata",
    entity_name="recording-interaction-metadata",
    version="10",
    primary_keys=("segment_id",),
    description="One row per recorded segment; a call may have several.",
    columns=(
        vendor_column("Segment ID", "string", "ID of the segment."),
        vendor_column("ACD Call ID", "string", "Master contact id of the call.", "beginning"),
        vendor_column("Agent 1 Contact Number", "string", "ACD contact id of agent 1.", "inside"),
        vendor_column("Start Date", "date-time", "Start of the segment."),
        vendor_column("Voice Recording Status", "string", "Whether the voice was recorded."),
        vendor_column("Agent 1 Name", "string", "Name of the first agent."),
        vendor_column("Agent 1 Team", "string", "Team of the first agent."),
        vendor_column("Agent 1 ACD ID", "string", "ACD id of the first agent."),
        vendor_column("Agent 1 Skills", "string", "Skills of the first agent."),
        vendor_column("ANI", "string", "Number of the caller."),
        vendor_column("DNIS", "string", "Number of the callee."),
        vendor_column("Disposition", "string", "Disposition of the contact."),
    ),
)

ENTITIES = (QM_WORKFLOWS, QM_QUESTIONS, RECORDING_INTERACTION_METADATA)

"""Built-in entities and their columns.

The columns are not published; these are the ones that public clients of the API read. Further
columns of a file are added as nullable strings. Columns that a file lacks are null.
"""

from __future__ import annotations

from tap_cxone.rows.columns import Column
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
        Column("workflow_id", "string", "ID of the workflow."),
        Column("tenant_name", "string", "Name of the tenant."),
        Column("agent_id", "string", "The evaluated agent."),
        Column("type", "string", "Kind of workflow, such as evaluation or calibration."),
        Column("evaluation_flow_trigger", "string", "Trigger of the evaluation."),
        Column("workflow_status", "string", "Status of the workflow."),
        Column("auto_acknowledged", "string", "Whether it was acknowledged without the agent."),
        Column("workflow_state", "string", "State within the status."),
        Column("plan_name", "string", "Quality plan of the evaluation."),
        Column("form_name", "string", "Evaluation form."),
        Column("form_version", "string", "Version of the form."),
        Column("start_date", "date-time", "When the workflow began."),
        Column("submission_date", "date-time", "When it was submitted; null before."),
        Column("last_updated", "date-time", "Last change."),
        Column("score_percentage", "number", "Score, in percent."),
        Column("score", "number", "Score, in points."),
        Column("maximum_possible_score", "number", "Highest possible score, in points."),
        Column("rank", "string", "Rank of the score."),
        Column("failed_critical_question", "string", "Whether a critical question was failed."),
        Column("user_review_comments", "string", "Comments of the agent's review."),
        Column("dispute_resolver_comments", "string", "Comments of the dispute resolver."),
        Column("segment_id", "string", "Segment of the evaluated interaction."),
        Column("acd_id", "string", "ACD identifier of the interaction."),
        Column("interaction_type", "string", "Channel of the interaction."),
        Column("interaction_start_date", "date-time", "Start of the interaction."),
        Column("interaction_end_date", "date-time", "End of the interaction."),
        Column("interaction_direction", "string", "Incoming or outgoing."),
        Column("team_id", "string", "Team of the agent."),
        Column("team_name", "string", "Name of that team."),
        Column("phone_number", "string", "The customer's number."),
        Column("firstname_eva", "string", "First name of the evaluator."),
        Column("lastname_eva", "string", "Last name of the evaluator."),
        Column("firstname_agent", "string", "First name of the agent."),
        Column("lastname_agent", "string", "Last name of the agent."),
        Column("firstname_disp", "string", "First name of the dispute resolver."),
        Column("lastname_disp", "string", "Last name of the dispute resolver."),
        Column("firstname_assigner", "string", "First name of the assigner."),
        Column("lastname_assigner", "string", "Last name of the assigner."),
    ),
)

QM_QUESTIONS = EntityDefinition(
    name="qm_questions",
    entity_name="qm-questions",
    version="1",
    primary_keys=("workflow_instance_id", "question_id"),
    description="One row per question of an evaluation, by the evaluation's submission date.",
    columns=(
        Column("workflow_instance_id", "string", "Workflow of the answer."),
        Column("question_id", "string", "ID of the question."),
        Column("actual_score", "number", "Points given."),
        Column("answer", "string", "Answer of the evaluator."),
        Column("question_title", "string", "Text of the question."),
        Column("question_number", "string", "Number of the question on the form."),
        Column("options", "string", "Possible answers, as text."),
        Column("form_id", "string", "Evaluation form."),
        Column("form_name", "string", "Name of the form."),
        Column("form_version", "string", "Version of the form."),
        Column("evaluation_score", "number", "Score of the whole evaluation, in percent."),
        Column("evaluation_start_date", "date-time", "When the evaluation began."),
        Column("evaluation_submission_date", "date-time", "When it was submitted."),
        Column("workflow_type", "string", "Kind of workflow."),
        Column("section_id", "string", "Section of the form."),
        Column("section_title", "string", "Title of the section."),
        Column("section_score", "number", "Score of the section, in percent."),
        Column("max_score", "number", "Highest possible points of the question."),
        Column("agent_id", "string", "The evaluated agent."),
        Column("firstname_agent", "string", "First name of the agent."),
        Column("lastname_agent", "string", "Last name of the agent."),
        Column("team_id", "string", "Team of the agent."),
        Column("team_name", "string", "Name of that team."),
        Column("firstname_eva", "string", "First name of the evaluator."),
        Column("lastname_eva", "string", "Last name of the evaluator."),
        Column("critical", "boolean", "Whether the question is critical."),
        Column("failed_critical_question", "boolean", "Whether it was critical and failed."),
        Column("mandatory", "boolean", "Whether an answer was required."),
        Column("scorable", "boolean", "Whether it counts for the score."),
        Column("question_type", "string", "Kind of question."),
        Column("segment_id", "string", "Segment of the evaluated interaction."),
        Column("interaction_start_date", "date-time", "Start of the interaction."),
        Column("interaction_end_date", "date-time", "End of the interaction."),
        Column("bank_id", "string", "Question bank of the question."),
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
        Column("segment_id", "string", "ID of the segment."),
        Column("acd_call_id", "string", "Master contact id of the call.", "beginning"),
        Column("agent_1_contact_number", "string", "ACD contact id of agent 1.", "inside"),
        Column("start_date", "date-time", "Start of the segment."),
        Column("voice_recording_status", "string", "Whether the voice was recorded."),
        Column("agent_1_name", "string", "Name of the first agent."),
        Column("agent_1_team", "string", "Team of the first agent."),
        Column("agent_1_acd_id", "string", "ACD id of the first agent."),
        Column("agent_1_skills", "string", "Skills of the first agent."),
        Column("ani", "string", "Number of the caller."),
        Column("dnis", "string", "Number of the callee."),
        Column("disposition", "string", "Disposition of the contact."),
    ),
)

ENTITIES = (QM_WORKFLOWS, QM_QUESTIONS, RECORDING_INTERACTION_METADATA)

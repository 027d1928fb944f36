-- NICE does not document the columns of this table. These are the simulator's: compare them with
-- the header of your tenant's file.
select distinct on (suggestions.suggestion_id)
    suggestions.suggestion_id,
    cast(suggestions."date" as timestamp) as suggested_at,
    date_trunc('hour', cast(suggestions."date" as timestamp)) as suggested_hour,
    suggestions.interaction_id,
    suggestions.agent_name,
    suggestions.team as team_name,
    suggestions.status,
    suggestions.status in ('Used', 'Modified') as is_accepted
from {{ source('cxone', 'copilot_knowledge_suggestions') }} as suggestions
order by suggestions.suggestion_id, suggestions._window_end desc nulls last

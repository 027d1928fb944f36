select distinct on (agents.agent_id)
    agents.agent_id,
    concat_ws(' ', agents.first_name, agents.last_name) as agent_name,
    agents.team_id,
    agents.is_active
from {{ source('cxone', 'agents') }} as agents
order by agents.agent_id, agents.last_updated desc nulls last

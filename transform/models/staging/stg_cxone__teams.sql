select distinct on (teams.team_id)
    teams.team_id,
    teams.team_name,
    teams.is_active
from {{ source('cxone', 'teams') }} as teams
order by teams.team_id, teams.last_update_time desc nulls last

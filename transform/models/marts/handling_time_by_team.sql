select
    teams.team_name,
    count(*) as contacts,
    round(avg(contacts.handle_seconds), 1) as average_handle_seconds
from {{ ref('stg_cxone__contacts') }} as contacts
inner join {{ ref('stg_cxone__teams') }} as teams
    on teams.team_id = contacts.team_id
where not contacts.is_abandoned
group by teams.team_id, teams.team_name

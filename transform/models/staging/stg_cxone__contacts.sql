select distinct on (contacts.contact_id)
    contacts.contact_id,
    contacts.contact_start_date as started_at,
    date_trunc('hour', contacts.contact_start_date) as started_hour,
    contacts.agent_id,
    agents.agent_name,
    contacts.team_id,
    contacts.skill_name,
    contacts.is_outbound,
    contacts.abandoned as is_abandoned,
    cast(contacts.in_queue_seconds as decimal(18, 3)) as queue_seconds,
    cast(contacts.agent_seconds as decimal(18, 3)) as talk_seconds,
    cast(coalesce(contacts.acw_seconds, 0) as decimal(18, 3)) as after_call_seconds,
    cast(contacts.agent_seconds + coalesce(contacts.acw_seconds, 0) as decimal(18, 3))
        as handle_seconds
from {{ source('cxone', 'contacts_completed') }} as contacts
left join {{ ref('stg_cxone__agents') }} as agents
    on agents.agent_id = contacts.agent_id
order by contacts.contact_id, contacts.last_update_time desc nulls last

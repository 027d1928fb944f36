select distinct on (conversations.id)
    conversations.id as conversation_id,
    conversations.bot_id,
    conversations.date_from as started_at,
    date_trunc('hour', conversations.date_from) as started_hour,
    cast(conversations.duration as decimal(18, 3)) as duration,
    conversations.agent_id,
    conversations.agent_id is null as is_contained
from {{ source('cxone', 'bot_conversations') }} as conversations
where conversations.bot_id is not null
order by conversations.id, conversations._window_end desc nulls last
